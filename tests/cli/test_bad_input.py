"""What a person gets wrong: one clear sentence, exit code 2, nothing half-written."""

from __future__ import annotations

import hashlib
import json
import re
import resource
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.project.small import COMMAND, HANDBOOK, KEY, environment, foretune, write_questions

from foretune.models import CATALOGUE, installed
from foretune.plan.config import Config
from foretune.project import Project
from foretune.vault import Vault


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with three documents in it; no stage has run."""
    monkeypatch.setenv("FORETUNE_KEY", KEY)
    project = tmp_path / "project"
    pages = project / "documents"
    pages.mkdir(parents=True)
    for name in ("fmla.md", "advanced-sick-leave.md", "july-13-travel-guidance.md"):
        shutil.copy(HANDBOOK / "documents" / "travel-and-leave" / name, pages)
    write_questions(project / "questions.csv")
    with Project.create(project, Config()) as opened:
        assert sum(one.outcome == "added" for one in opened.add([pages])) == 3
    return project


def files(folder: Path) -> dict[str, str]:
    """Every file and its content, without the lock and the database."""
    passing = ("vault.db", "vault.db-wal", "vault.db-shm", "working.lock")
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in passing
    }


def sentence(result: subprocess.CompletedProcess[str]) -> str:
    """The one sentence of a command that refused; what it did before is reported above it."""
    assert result.returncode == 2, (result.returncode, result.stderr)
    assert result.stdout == ""
    said = [line for line in result.stderr.splitlines() if not re.match(r"[a-z() ]+: [\d,]+ [a-z]+ in ", line)]
    assert len(said) == 1, result.stderr
    assert said[0].startswith("foretune: ")
    assert said[0].endswith((".", ")", "?"))
    return said[0].removeprefix("foretune: ")


def refused(folder: Path, *arguments: str, env: dict[str, str] | None = None) -> str:
    """Run the command, which has to refuse and leave every file as it was; returns its sentence."""
    before = files(folder)
    said = sentence(foretune(*arguments, folder=folder, env=env))
    assert files(folder) == before
    return said


@pytest.mark.parametrize("verb", ["run", "status", "bench"])
def test_without_a_plan(tmp_path: Path, verb: str) -> None:
    assert refused(tmp_path, verb) == f"There is no foretune.toml in {tmp_path} or above it: `foretune new` makes one."


def edit(folder: Path, old: str, new: str) -> int:
    """Put ``new`` in place of a whole line's beginning; returns the number of the line."""
    path = folder / "foretune.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    number = next(n for n, line in enumerate(lines) if re.sub(r"\s*=\s*", " = ", line, count=1).startswith(old))
    lines[number] = new
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return number + 1


def test_a_plan_that_is_no_toml_names_the_line(folder: Path) -> None:
    line = edit(folder, "[purpose]", "[purpose")
    said = refused(folder, "run")
    assert f"line {line}" in said
    assert "foretune.toml" in said


def test_a_plan_with_an_unknown_key_names_line_and_key(folder: Path) -> None:
    line = edit(folder, "limit = ", "limmit = 3")
    said = refused(folder, "run")
    assert f"line {line}" in said
    assert "limmit" in said


def test_a_plan_with_a_wrong_value_names_line_and_key(folder: Path) -> None:
    line = edit(folder, 'run = "pilot"', 'run = "sometimes"')
    said = refused(folder, "status")
    assert f"line {line}" in said
    assert "tuning.run" in said


def test_a_wrong_key(folder: Path) -> None:
    said = refused(folder, "run", env=environment(FORETUNE_KEY="cd" * 32))
    assert "key" in said
    assert "cd" * 32 not in said


def test_no_key(folder: Path) -> None:
    env = environment()
    del env["FORETUNE_KEY"]
    assert refused(folder, "run", env=env).startswith("There is no key for this vault: set FORETUNE_KEY")


def test_no_vault(folder: Path) -> None:
    shutil.rmtree(folder / "vault")
    assert refused(folder, "run") == f"There is no vault in {folder / 'vault'}: `foretune new` makes one."


def test_a_vault_of_a_newer_format(folder: Path) -> None:
    marker = folder / "vault" / "vault.json"
    marker.write_text(json.dumps({**json.loads(marker.read_text()), "format": 99}))
    assert "newer version" in refused(folder, "run")


def test_a_vault_of_a_newer_schema(folder: Path) -> None:
    with Vault.open(folder / "vault") as vault, vault.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert "newer version" in refused(folder, "run")


def test_questions_with_missing_columns(folder: Path) -> None:
    (folder / "questions.csv").write_text("id,question\n1,What?\n", encoding="utf-8")
    assert refused(folder, "bench") == (
        f"{folder / 'questions.csv'} lacks the columns answer, kind: a questions file needs id, question, answer, kind."
    )


def test_no_questions(folder: Path) -> None:
    (folder / "questions.csv").unlink()
    assert refused(folder, "bench").startswith(f"There are no bench questions at {folder / 'questions.csv'}: write")


@pytest.mark.parametrize("verb", [("search", "leave"), ("ask", "How much leave?"), ("bench",)])
def test_no_index(folder: Path, verb: tuple[str, ...]) -> None:
    assert refused(folder, *verb).startswith(f"There is no index in {folder} yet: run `foretune index`")


def other_models(tmp_path: Path, *, weights: bool) -> dict[str, str]:
    """A models folder whose chat model is absent, or of the right size and the wrong content."""
    models = tmp_path / "models"
    models.mkdir()
    if weights:
        from foretune.models import locate

        model = CATALOGUE["smollm2-135m"]
        real = locate(model)
        (models / model.id).mkdir()
        for name, path in real.files.items():
            if path == real.weights:
                with (models / model.id / name).open("wb") as sparse:
                    sparse.truncate(path.stat().st_size)
            else:
                shutil.copy(path, models / model.id / name)
    return environment(FORETUNE_MODELS=str(models))


def test_a_model_that_is_not_on_this_machine(folder: Path, tmp_path: Path) -> None:
    said = refused(folder, "pairs", env=other_models(tmp_path, weights=False))
    assert "'smollm2-135m' is not on this machine" in said
    assert "foretune models get smollm2-135m" in said


def test_a_model_file_with_the_wrong_hash(folder: Path, tmp_path: Path) -> None:
    if not installed(CATALOGUE["smollm2-135m"]):
        pytest.skip("the model smollm2-135m is not on this machine: foretune models get smollm2-135m")
    said = refused(folder, "pairs", env=other_models(tmp_path, weights=True))
    assert "SHA-256 differs" in said
    assert "foretune models get smollm2-135m" in said


def test_a_model_nobody_knows(folder: Path) -> None:
    edit(folder, 'model = "smollm2-135m"', 'model = "smollm3"')
    assert refused(folder, "pairs").startswith("There is no model 'smollm3': choose ")


def test_an_engine_whose_address_is_down(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        edit(folder, 'kind = "llama"', 'kind = "openai"')
        edit(folder, 'url = ""', f'url = "{url}"')
        said = refused(folder, "pairs", env=environment(OPENAI_API_KEY="unused"))
    assert url.removesuffix("/v1") in said
    with Vault.open(folder / "vault") as vault, vault.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM pair")).scalar_one() == 0
        assert vault.stage("pairs") is None


@pytest.mark.parametrize("verb", ["index", "pairs", "run"])
def test_an_empty_corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    monkeypatch.setenv("FORETUNE_KEY", KEY)
    Project.create(tmp_path / "empty", Config()).close()
    said = refused(tmp_path / "empty", verb)
    assert said == f"There are no documents in {tmp_path / 'empty'} yet: `foretune add PATH` reads some."


def test_fewer_than_ten_pairs(folder: Path) -> None:
    assert refused(folder, "tune", "--pilot") == (
        "There are 0 pairs to learn from and tuning needs at least 10: add documents, or include more of them, "
        "and run `foretune pairs`."
    )


# -- no room ----------------------------------------------------------------------------------------


def no_larger_than(size: int) -> Callable[[], None]:
    """The system refuses to let any file of the command grow beyond ``size`` bytes."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def starved(folder: Path, size: int, *arguments: str) -> str:
    result = subprocess.run(
        [COMMAND, *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        preexec_fn=no_larger_than(size),
    )
    return sentence(result)


def test_no_room_for_the_vault(folder: Path) -> None:
    assert "is full: free some space" in starved(folder, 40_000, "add", "documents", str(HANDBOOK / "documents"))
    with Vault.open(folder / "vault") as vault, vault.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM document")).scalar_one() == 3
    added = foretune("add", "documents", folder=folder)
    assert added.returncode == 0, added.stderr


def test_no_room_for_the_report_leaves_the_old_one(folder: Path) -> None:
    report = folder / "reports" / "report.html"
    # Larger than the database's own log, so that it is the report that finds no room.
    for number in range(200):
        (folder / "documents" / f"{number}-{'long' * 40}.md").write_bytes(b"")
    for verb in (["add", "documents"], ["report"]):
        first = foretune(*verb, folder=folder)
        assert first.returncode == 0, first.stderr
    before = report.read_bytes()
    assert len(before) > 33_000
    assert "is full: free some space" in starved(folder, 33_000, "report")
    assert report.read_bytes() == before
    assert [path.name for path in report.parent.iterdir()] == ["report.html"]


# -- the command itself -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments", [["--what"], ["dance"], ["add"], ["run", "--harder"], ["bench", "--arms", "leg"], ["ask", " "]]
)
def test_what_the_command_does_not_know(folder: Path, arguments: list[str]) -> None:
    result = foretune(*arguments, folder=folder)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    assert "foretune: " in result.stderr


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    heavy = ("torch", "daft", "onnxruntime", "xllamacpp", "transformers", "scipy", "sqlalchemy", "numpy", "openai")
    code = (
        "import sys; sys.argv = ['foretune', '--help']\n"
        "from foretune.cli import main\n"
        "try: main()\n"
        f"except SystemExit as stop: assert not stop.code; print([m for m in {heavy!r} if m in sys.modules])"
    )
    python = Path(COMMAND).with_name("python")
    result = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert result.stdout.splitlines()[-1] == "[]"
    assert "Usage: foretune" in result.stdout
