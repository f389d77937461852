"""What the native engine must never do: talk, leave text lying about, listen to others, or take the process down."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from tests.tuning.tiny import tiny_model

from foretune.engines.llama import LlamaEngine
from foretune.engines.llama_server import LlamaServer
from foretune.errors import EngineError
from foretune.models import ModelFiles

MARK = "zanzibar-0815-quokka"
ASK = f"""
import sys
from foretune.engines import open_engine
from foretune.types import Message
engine = open_engine("llama", model=sys.argv[1], context=2048)
messages = [Message("system", "Keep this: {MARK}. " * 12), Message("user", "What is kept? {MARK}")]
"""


def script(code: str, model: Path, folder: Path) -> subprocess.Popen[str]:
    """Run Python of its own, with every folder a program may write to inside ``folder``."""
    for name in ("home", "tmp", "run"):
        (folder / name).mkdir(exist_ok=True)
    places = {"HOME": "home", "TMPDIR": "tmp", "XDG_RUNTIME_DIR": "run", "XDG_CACHE_HOME": "home"}
    environment = {**os.environ, **{name: str(folder / place) for name, place in places.items()}}
    return subprocess.Popen(
        [sys.executable, "-c", ASK + code, str(model)],
        env=environment,
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_a_run_prints_nothing_and_leaves_no_text_on_disk(smollm2_files: ModelFiles, tmp_path: Path) -> None:
    code = f"""
engine.complete(messages, max_tokens=4)
engine.complete(messages, max_tokens=4, grammar='root ::= "yes" | "no"')
try:
    engine.complete(messages, max_tokens=4, grammar='root ::= "{MARK}" (')
except Exception as error:
    assert "{MARK}" not in str(error)
assert engine.complete(messages, max_tokens=4, schema={{"type": "string", "maxLength": 5}}).text
"""
    run = script(code, smollm2_files.weights, tmp_path)
    output, errors = run.communicate()
    assert run.returncode == 0
    assert output == ""
    assert errors == ""
    left = [path for path in tmp_path.rglob("*") if path.is_file() and MARK.encode() in path.read_bytes()]
    assert left == []
    assert list((tmp_path / "run").iterdir()) == []


def test_only_this_user_can_reach_the_model_and_not_over_the_network(smollm2: LlamaEngine) -> None:
    with smollm2._turn(None) as (session, _):
        socket = Path(session._server._running.socket)
        me = psutil.Process()
        assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
        assert [c for c in me.net_connections(kind="inet") if c.status == psutil.CONN_LISTEN] == []
    smollm2.close()
    assert not socket.parent.exists()


def test_without_its_key_the_socket_answers_nothing(smollm2: LlamaEngine) -> None:
    with smollm2._turn(None) as (session, _):
        right, session._server._running.key = session._server._running.key, "wrong"
        try:
            with pytest.raises(Exception, match=r"(?i)key"):
                session.writer.text_tokens("Hello")
        finally:
            session._server._running.key = right


@pytest.mark.parametrize(
    ("name", "damage", "message"),
    [
        ("missing", lambda path: path.unlink(), "cannot be read"),
        ("half", lambda path: os.truncate(path, path.stat().st_size // 2), "cut short or damaged"),
        ("empty", lambda path: os.truncate(path, 0), "not a GGUF model file"),
    ],
)
def test_a_damaged_model_is_one_sentence(
    smollm2_files: ModelFiles, tmp_path: Path, name: str, damage: object, message: str
) -> None:
    model = tmp_path / f"{name}.gguf"
    shutil.copyfile(smollm2_files.weights, model)
    damage(model)  # type: ignore[operator]
    run = script("engine.complete(messages, max_tokens=4)", model, tmp_path)
    _, errors = run.communicate()
    assert run.returncode == 1
    assert errors.strip().splitlines()[-1].startswith("foretune.errors.ModelError: ")
    assert message in errors


def test_a_model_whose_tensors_are_nonsense_does_not_take_the_process_down(
    smollm2_files: ModelFiles, tmp_path: Path
) -> None:
    model = tmp_path / "nonsense.gguf"
    data = bytearray(smollm2_files.weights.read_bytes())
    place = data.index(b"blk.7.attn_q.weight")
    data[place : place + 5] = b"xxx.7"
    model.write_bytes(data)
    run = script("engine.complete(messages, max_tokens=4)", model, tmp_path)
    _, errors = run.communicate()
    assert run.returncode == 1
    assert "could not load" in errors.splitlines()[-1]


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        ("reading", "print('begun', flush=True)\nengine.complete([Message('user', 'leave ' * 1800)], max_tokens=9)"),
        ("writing", "for piece in engine.stream(messages, max_tokens=1900): print('begun', flush=True)"),
        (
            "many",
            "from foretune.engines import Request\n"
            "engine.parallel = 3\n"
            "requests = [Request((Message('user', f'Story {n}'),), 400 if n else 1) for n in range(8)]\n"
            "for _ in engine.complete_many(requests): print('begun', flush=True)",
        ),
    ],
    ids=["reading", "writing", "many"],
)
def test_ctrl_c_ends_a_call_at_once_and_cleanly(
    smollm2_files: ModelFiles, tmp_path: Path, moment: str, code: str
) -> None:
    loaded = "engine.count_tokens('x')\n"
    run = script(loaded + code, smollm2_files.weights, tmp_path)
    assert run.stdout is not None
    assert run.stdout.readline() == "begun\n"
    os.kill(run.pid, signal.SIGINT)
    asked = time.monotonic()
    _, errors = run.communicate(timeout=60)
    assert time.monotonic() - asked < 30, moment
    assert run.returncode in (-signal.SIGINT, 128 + signal.SIGINT)
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert list((tmp_path / "run").iterdir()) == []


def test_a_program_may_end_without_closing_the_model(smollm2_files: ModelFiles, tmp_path: Path) -> None:
    code = "stream = engine.stream(messages, max_tokens=900)\nnext(stream)\nsys.exit(7)"
    run = script(code, smollm2_files.weights, tmp_path)
    _, errors = run.communicate(timeout=60)
    assert run.returncode == 7
    assert errors == ""
    assert list((tmp_path / "run").iterdir()) == []


def test_a_model_stopped_as_soon_as_it_is_there_ends(tmp_path: Path) -> None:
    """llama.cpp's loop forgets that it was told to end where it begins only afterwards, as on a busy machine."""
    model = tiny_model(tmp_path).weights
    code = """
import sys
from pathlib import Path
from foretune.engines.llama_server import LlamaServer
for _ in range(40):
    LlamaServer(Path(sys.argv[1]), context=64, slots=1, threads=1, batch_threads=1).close()
"""
    several = [subprocess.Popen([sys.executable, "-c", code, str(model)]) for _ in range(6)]
    try:
        assert [each.wait(timeout=90) for each in several] == [0] * 6
    finally:
        for each in several:
            each.kill()


def test_while_a_model_is_stopped_it_takes_nothing_new(tmp_path: Path) -> None:
    """A request that no one cancels any more is what the native side would wait for, for ever."""
    server = LlamaServer(tiny_model(tmp_path).weights, context=64, slots=1, threads=1, batch_threads=1)
    refused = []

    class Stopping:
        """In the place of the model: asks something at the moment the model is let go."""

        def __init__(self, native: object) -> None:
            self.native = native

        def __del__(self) -> None:
            with pytest.raises(EngineError, match="was stopped"):
                server.post("/tokenize", {"content": "late"})
            refused.append(True)

    server._running.native = Stopping(server._running.native)
    server.close()
    assert refused == [True]
