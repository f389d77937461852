"""Which model: read from its own files, held against the plan, and refused where it has to be."""

from __future__ import annotations

import json
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from foretune.cli.models import app
from foretune.errors import ModelError
from foretune.models import locate
from foretune.plan import Config, settle
from foretune.plan.config import FurtherStory, Story
from foretune.plan.sizing import Hardware
from foretune.plan.suitability import Grade, ModelFacts, Remark, Suitability, read_model, suitability
from foretune.plan.suitability.lineage import domain_of_plan, foundation_of
from foretune.plan.suitability.template import template_remark
from foretune.project.suitability import check_model

TODAY = date(2026, 11, 1)
LAPTOP = Hardware("a laptop", 16e9, 100e9, 10e12)
CHATML = "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "num_hidden_layers": 2,
    "hidden_size": 8,
    "intermediate_size": 16,
    "num_attention_heads": 2,
    "vocab_size": 10,
    "max_position_embeddings": 8192,
}


def safetensors(path: Path, shape: tuple[int, ...] = (10, 8), *, data: bytes | None = None) -> None:
    size = 2 * shape[0] * shape[1]
    header = json.dumps({"w": {"dtype": "BF16", "shape": shape, "data_offsets": [0, size]}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + (bytes(size) if data is None else data))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A whole model of eighty parameters."""
    path = tmp_path / "my-model"
    path.mkdir()
    safetensors(path / "model.safetensors")
    (path / "config.json").write_text(json.dumps(CONFIG))
    (path / "tokenizer.json").write_text("{}")
    (path / "tokenizer_config.json").write_text(json.dumps({"eos_token": "<|im_end|>", "chat_template": CHATML}))
    card(path, license="apache-2.0", base_model="HuggingFaceTB/SmolLM2-135M", language=["en"])
    return path


def card(path: Path, **values: Any) -> None:
    (path / "README.md").write_text(f"---\n{json.dumps(values)}\n---\n# A model\n")


def check(folder: Path, config: Config | None = None) -> Suitability:
    return suitability(read_model(str(folder)), config or Config(), LAPTOP, today=TODAY)


def remark(found: Suitability, about: str) -> Remark:
    return next(each for each in found.remarks if each.about == about)


def test_a_folder_is_read_without_its_weights(folder: Path) -> None:
    found = read_model(str(folder))
    assert (found.parameters, found.context, found.quantisation, found.bits) == (80, 8192, "BF16", 16.0)
    assert (found.licence, found.languages, found.base_models) == (
        "apache-2.0",
        ("en",),
        ("HuggingFaceTB/SmolLM2-135M",),
    )
    assert remark(check(folder), "chat template").grade is Grade.GOOD
    assert "SmolLM2" in remark(check(folder), "licence").sentence


def test_a_packaged_model_is_checked_in_under_two_seconds() -> None:
    try:
        locate("qwen2.5-coder-1.5b")
    except ModelError:
        pytest.skip("the larger model is not on this machine: foretune models get qwen2.5-coder-1.5b")
    started = time.process_time()
    found = suitability(read_model("qwen2.5-coder-1.5b"), Config(), LAPTOP, today=TODAY)
    assert time.process_time() - started < 2
    assert (found.domain, found.root, found.model.licence) == ("code", "Qwen2.5-Coder", "apache-2.0")
    assert remark(found, "domain").sentence == "This is a code model; your documents are about HR."


def test_apache_over_a_llama_root_is_flagged_with_its_terms(folder: Path) -> None:
    card(folder, license="apache-2.0", base_model="meta-llama/Meta-Llama-3-8B")
    found = remark(check(folder), "licence")
    assert found.grade is Grade.WARNING
    assert "It says apache-2.0, but goes back to Llama 3" in found.sentence
    assert "Built with Meta Llama 3" in found.sentence


@pytest.mark.parametrize(
    ("licence", "grade", "words"),
    [
        ("acme-secret-licence-7", Grade.UNKNOWN, "not one known here"),
        ("", Grade.UNKNOWN, "names no licence"),
        ("cc-by-nc-4.0", Grade.REFUSED, "no commercial use"),
        ("mit", Grade.GOOD, "mit"),
    ],
)
def test_a_licence_is_known_or_said_to_be_unknown(folder: Path, licence: str, grade: Grade, words: str) -> None:
    card(folder, license=licence, base_model="HuggingFaceTB/SmolLM2-135M")
    found = remark(check(folder), "licence")
    assert found.grade is grade
    assert words in found.sentence


@pytest.mark.parametrize(
    ("name", "root"),
    [
        ("meta-llama/Llama-3.1-8B-Instruct", "Llama 3.1"),
        ("NousResearch/Meta-Llama-3-8B", "Llama 3"),
        ("TinyLlama/TinyLlama-1.1B-Chat-v1.0", "TinyLlama 1.1B"),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen2.5-7B", "Qwen2.5"),
        ("Qwen/Qwen2.5-Coder-1.5B", "Qwen2.5-Coder"),
        ("google/gemma-2b", "Gemma"),
        ("google/gemma-2-9b-it", "Gemma 2"),
        ("somebody/nothing-known", None),
    ],
)
def test_the_root_is_told_by_the_furthest_name_that_is_known(name: str, root: str | None) -> None:
    found, _ = foundation_of(ModelFacts("child", "hub", base_models=("somebody/unheard-of", name)))
    assert (found.name if found else None) == root


def test_the_age_is_that_of_the_foundation(folder: Path) -> None:
    card(folder, license="llama2", base_model="meta-llama/Llama-2-7b-hf")
    found = remark(check(folder), "age")
    assert found.grade is Grade.WARNING
    assert "published on 2023-07-18" in found.sentence
    assert "3.3 years ago" in found.sentence


def test_each_story_that_a_model_was_not_made_for_is_named(folder: Path) -> None:
    card(folder, license="apache-2.0", base_model="codellama/CodeLlama-7b-hf", language=["en"])
    further = FurtherStory(persona="a developer", want="software explained", so_that="code is understood")
    found = remark(check(folder, Config(story=Story(more=[further]))), "domain").sentence
    assert found == "This is a code model; the story of an HR manager is about HR."


def test_without_a_plan_no_story_is_made_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card(folder, license="apache-2.0", base_model="Qwen/Qwen2.5-Coder-7B")
    monkeypatch.chdir(folder)
    found = remark(check_model(str(folder)), "domain")
    assert (found.grade, found.sentence[:21]) == (Grade.UNKNOWN, "This is a code model;")
    assert "your documents" not in found.sentence


def test_hardware_of_ones_own_is_taken_from_a_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (folder / "mine.toml").write_text("[[hardware]]\nname = 'the box'\nmemory_gb = 0.1\n")
    command = ["check", str(folder), "--hardware", "the box"]
    assert "there are this machine, A100" in str(CliRunner().invoke(app, command).exception)
    assert "does not fit the box" in CliRunner().invoke(app, [*command, "--hardware-file", "mine.toml"]).output


def test_an_address_is_shown_whole(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card(folder, license="llama3.2", base_model="meta-llama/Llama-3.2-1B")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(folder)
    shown = "".join(line.strip() for line in CliRunner().invoke(app, ["check", str(folder)]).output.splitlines())
    assert remark(check(folder), "age").source in shown


def test_a_date_that_nobody_has_read_is_shown_as_unverified(folder: Path) -> None:
    card(folder, license="apache-2.0", base_model="EleutherAI/pythia-1b")
    assert "(unverified: look it up at the source)" in remark(check(folder), "age").sentence
    card(folder, license="llama3.2", base_model="meta-llama/Llama-3.2-1B", language=["en"])
    assert "unverified" not in remark(check(folder), "age").sentence


def test_part_of_the_weights_says_nothing_about_the_size_of_the_whole(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    found = check(folder)
    assert "1 of 2 weight files" in remark(found, "files").sentence
    assert remark(found, "running").grade is Grade.UNKNOWN
    assert not [each for each in found.remarks if each.about in ("size", "tuning")]


def test_half_a_folder_names_what_is_missing(folder: Path) -> None:
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    (folder / "tokenizer.json").unlink()
    found = check(folder)
    assert found.verdict == "unsuitable"
    assert remark(found, "files").sentence == (
        "Missing: the tokenizer (tokenizer.json or tokenizer.model); "
        "1 of 2 weight files (model-00002-of-00002.safetensors). Fetch it again."
    )


def test_weights_that_are_cut_short_are_missed(folder: Path) -> None:
    safetensors(folder / "model.safetensors", data=b"123")
    assert "the end of model.safetensors (it is cut short)" in remark(check(folder), "files").sentence


def test_pickled_weights_and_remote_code_are_refused(folder: Path) -> None:
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x02")
    assert remark(check(folder), "safety").grade is Grade.WARNING
    (folder / "model.safetensors").unlink()
    assert "loading them can run anything" in remark(check(folder), "safety").sentence
    safetensors(folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({**CONFIG, "auto_map": {"AutoModel": "modeling_x.X"}}))
    (folder / "modeling_x.py").write_text("raise SystemExit")
    found = remark(check(folder), "safety")
    assert (found.grade, "modeling_x.py" in found.sentence) == (Grade.REFUSED, True)


@pytest.mark.parametrize(
    ("template", "grade", "words"),
    [
        ("", Grade.REFUSED, "no chat template"),
        (CHATML.replace("<|im_end|>", "</s>"), Grade.WARNING, "may never learn to stop"),
        ("{% for m in messages %}{{ m.nothing() }}{% endfor %}", Grade.WARNING, "cannot be rendered"),
        ("{{ ''.__class__.__mro__ }}", Grade.WARNING, "cannot be rendered"),
        ("hello", Grade.WARNING, "leaves out what the assistant says"),
        ("{{ raise_exception('no') }}", Grade.WARNING, "cannot be rendered"),
        ("{% if", Grade.WARNING, "cannot be rendered"),
        (
            "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
            Grade.WARNING,
            "cannot be rendered",
        ),
        ("{{ 'x' * 10**12 }}", Grade.WARNING, "cannot be rendered"),
        ("{% for a in range(99999) %}{{ 'x' * 99999 }}{% endfor %}", Grade.WARNING, "cannot be rendered"),
    ],
)
def test_a_chat_template_has_to_agree_with_the_end_token(template: str, grade: Grade, words: str) -> None:
    found = template_remark(ModelFacts("m", "gguf", chat_template=template, end_token="<|im_end|>"))
    assert found.grade is grade
    assert words in found.sentence


def test_a_language_the_plan_wants_and_the_model_does_not_know_is_said(folder: Path) -> None:
    found = remark(check(folder, settle({"platform.languages": ["en", "de"]})), "languages")
    assert (found.grade, "the plan wants de too" in found.sentence) == (Grade.WARNING, True)


def test_what_does_not_fit_says_what_would(folder: Path) -> None:
    big = {**CONFIG, "num_hidden_layers": 32, "hidden_size": 4096, "intermediate_size": 14336, "vocab_size": 128_256}
    (folder / "config.json").write_text(json.dumps({**big, "num_attention_heads": 32, "num_key_value_heads": 8}))
    safetensors(folder / "model.safetensors", (4_000_000_000, 2), data=b"")
    found = check(folder)
    assert "As it is, it does not fit a laptop" in remark(found, "running").sentence
    assert found.runs_at == "Q8_0"
    assert remark(found, "tuning").grade is Grade.GOOD
    assert found.trains == ("QLoRA",)


def gguf(path: Path, **metadata: Any) -> Path:
    """A file of one small tensor, with whatever its metadata claims."""
    from gguf import GGUFWriter
    from numpy import float32, zeros

    writer = GGUFWriter(path, "llama")
    for key, value in metadata.items():
        name = key.replace("__", ".")
        writer.add_uint64(name, value) if isinstance(value, int) else writer.add_string(name, value)
    writer.add_tensor("blk.0.attn_q.weight", zeros((8, 8), dtype=float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_a_gguf_with_absurd_metadata_is_refused_in_a_sentence(tmp_path: Path) -> None:
    path = gguf(tmp_path / "m.gguf", llama__context_length=10**15, llama__block_count=4_000_000)
    found = check(path)
    assert remark(found, "metadata").sentence == (
        "Its metadata claims a context of 1000000000000000 tokens. Its metadata claims 4,000,000 layers, "
        "the file holds 1. Do not trust the file: fetch another."
    )


@given(st.binary(max_size=200), st.integers(4, 300))
def test_a_damaged_gguf_is_read_or_refused_and_nothing_else(junk: bytes, at: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as there:
        path = gguf(Path(there) / "m.gguf", general__license="mit", llama__context_length=2048)
        whole = path.read_bytes()
        path.write_bytes(whole[:at] + junk + whole[at + len(junk) :])
        try:
            found = check(path)
        except ModelError:
            return
        assert found.verdict in ("suitable", "with reservations", "unsuitable")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no-such-model", "There is no model 'no-such-model'"),
        ("./no/such/folder", "There is no model file or folder"),
        ("ftp://example.org", "There is no model file or folder"),
    ],
)
def test_what_is_no_model_is_said_in_a_sentence(name: str, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        read_model(name)


def test_what_a_plan_is_about_is_told_by_its_words() -> None:
    assert domain_of_plan("a clinic's front desk", "patients' questions answered") == "medical"
    assert domain_of_plan("questions about our contracts answered with the clause cited") == "legal"
    assert domain_of_plan("posts drafted in my voice") == ""


# -- addresses ---------------------------------------------------------------------------------------


@contextmanager
def server(pages: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    """Answers on the loopback interface: path to type and body."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, body = pages.get(self.path, ("", ""))
            self.send_response(200 if kind else 404)
            self.send_header("Content-Type", kind or "text/plain")
            self.end_headers()
            self.wfile.write(body.encode())

        do_POST = do_GET  # noqa: N815  (as http.server wants it)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()


LISTED = json.dumps({"data": [{"id": "big", "max_model_len": 32768, "root": "meta-llama/Llama-3.1-8B-Instruct"}]})


def test_an_openai_compatible_address_is_known_by_its_metadata_only() -> None:
    with server({"/v1/models": ("application/json", LISTED)}) as url:
        found = suitability(read_model(f"{url}/v1"), Config(), LAPTOP, today=TODAY)
    assert (found.model.name, found.model.context, found.root) == ("big", 32768, "Llama 3.1")
    assert remark(found, "tuning").grade is Grade.UNKNOWN


def test_ollama_says_more() -> None:
    shown = {
        "details": {"family": "llama", "parameter_size": "8.0B", "quantization_level": "Q4_K_M"},
        "license": "LLAMA 3.1 COMMUNITY LICENSE AGREEMENT\nLlama 3.1 Version Release Date: July 23, 2024",
        "model_info": {"general.architecture": "llama", "llama.context_length": 131072},
    }
    pages = {
        "/v1/models": ("application/json", json.dumps({"data": [{"id": "llama3.1"}, {"id": "other"}]})),
        "/api/show": ("application/json", json.dumps(shown)),
    }
    with server(pages) as url:
        found = read_model(f"{url}#llama3.1")
        with pytest.raises(ModelError, match="has 2 models: name one"):
            read_model(url)
        with pytest.raises(ModelError, match="has no model 'gpt-99'"):
            read_model(f"{url}#gpt-99")
    assert (found.kind, found.parameters, found.context, found.quantisation) == (
        "ollama",
        8_000_000_000,
        131072,
        "Q4_K_M",
    )
    assert remark(suitability(found, Config(), LAPTOP, today=TODAY), "licence").grade is Grade.WARNING


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        ("text/html", "<!doctype html><title>Welcome</title>", "answers with a web page, not with data"),
        ("application/json", " <html>", "answers with a web page"),
        ("application/json", "{", "not JSON"),
        ("application/json", "[]", "JSON of another kind"),
        ("application/json", "{}", "not with a list of models"),
    ],
)
def test_an_address_that_is_something_else_is_one_clear_sentence(kind: str, body: str, words: str) -> None:
    with server({"/v1/models": (kind, body)}) as url, pytest.raises(ModelError, match=words) as told:
        read_model(url)
    assert "\n" not in str(told.value)


def test_an_address_where_nobody_answers_is_one_clear_sentence() -> None:
    with server({}) as url, pytest.raises(ModelError, match="it knows no such path"):
        read_model(url)
    with pytest.raises(ModelError, match="Nobody answers"):
        read_model(url)
