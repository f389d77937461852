"""Embedding models of other kinds: at an address, in an ONNX folder, in llama.cpp."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import insert

from foretune.embedding import open_embedder
from foretune.errors import ModelError
from foretune.models import CATALOGUE, installed
from foretune.plan.config import Config, RetrievalSettings
from foretune.project import Project
from foretune.project.embedder import open_checked_embedder
from foretune.types import Label
from foretune.vault import tables


class Server(http.server.BaseHTTPRequestHandler):
    """Speaks the protocol; answers in the wrong order, which it allows."""

    asked: list[dict[str, Any]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(body)
        texts = body["input"]
        rows = [{"index": i, "object": "embedding", "embedding": [len(text), 3, 1]} for i, text in enumerate(texts)]
        status = 401 if "wrong" in body["model"] else 200
        answer = (
            {"data": rows[::-1], "model": "m", "object": "list", "usage": {}} if status == 200 else {"error": texts}
        )
        raw = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    Server.asked = []
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}/v1"
    running.shutdown()
    running.server_close()


def test_an_address_is_asked_in_batches_and_gives_unit_vectors_in_order(server: str) -> None:
    embedder = open_embedder("openai:small", url=server)
    vectors = embedder.embed(["x" * n for n in range(1, 101)])
    assert vectors.shape == (100, embedder.dimensions)
    np.testing.assert_allclose(vectors[:, 0] / vectors[:, 1], np.arange(1, 101) / 3, rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-6)
    assert [len(each["input"]) for each in Server.asked] == [1, 64, 36]
    assert not embedder.remote
    assert embedder.hash != open_embedder("openai:large", url=server).hash


def test_what_an_address_refuses_is_said_without_what_was_sent(server: str) -> None:
    with pytest.raises(ModelError, match=r"refused \(401\)") as error:
        open_embedder("openai:wrong", url=server).embed(["the secret merger"])
    assert "merger" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "url", "sentence"),
    [
        ("openai:m", "ftp://here", "is not an address"),
        ("openai:m", "http://127.0.0.1:9/v1", "does not answer"),
        ("onnx:/nowhere", "", "has to hold model.onnx and tokenizer.json"),
        ("llama:/nowhere.gguf", "", "nowhere.gguf"),
        ("word2vec", "", "set retrieval.embedder to all-minilm-l6-v2 or llama or onnx or openai"),
    ],
)
def test_what_cannot_be_opened_is_said_in_a_sentence(
    name: str, url: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("foretune.embedding.at_address.RETRIES", 0)
    with pytest.raises(ModelError, match=sentence):
        open_embedder(name, url=url).embed(["text"])


def test_nothing_is_sent_to_an_address_that_is_not_approved_for_what_the_vault_holds(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("foretune.embedding.at_address.on_this_machine", lambda _: False)
    settings = RetrievalSettings(embedder="openai:small", embedder_url=server)
    with Project.create(tmp_path / "project", Config()) as project:
        assert open_checked_embedder(project, settings).remote
        with project.vault.writing() as connection:
            source = insert(tables.source).values(id="s", location="/", kind="folder", label="internal", added_at="")
            connection.execute(source)
            row = {"id": "d", "source_id": "s", "path": "d.md", "content_hash": "", "size": 0, "mtime_ns": 0}
            row |= {"media_type": "text/plain", "label": Label.CONFIDENTIAL.value, "text": "merger"}
            connection.execute(insert(tables.document).values(**row, added_at="", changed_at=""))
        with pytest.raises(ModelError, match=r"labelled confidential may not go .* retrieval.embedder_approved_for"):
            open_checked_embedder(project, settings)
    assert Server.asked == []


TABLE = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [1, 1, 1, 1]], np.float32)


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """A model of four words, as an exporter writes one: a token's vector is its row of a table."""
    from onnx import TensorProto, helper, numpy_helper, save
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    look_up = helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"])
    shape = ["batch", "sequence"]
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, shape) for name in ("input_ids", "attention_mask")]
    output = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, [*shape, 4])
    graph = helper.make_graph([look_up], "words", inputs, [output], [numpy_helper.from_array(TABLE, "table")])
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "model.onnx")
    words = Tokenizer(WordLevel({"a": 0, "b": 1, "c": 2, "?": 3}, unk_token="?"))
    words.pre_tokenizer = Whitespace()
    words.save(str(tmp_path / "tokenizer.json"))
    return tmp_path


def test_a_folder_with_an_exported_model_gives_the_mean_of_what_it_says_of_tokens(exported: Path) -> None:
    embedder = open_embedder(f"onnx:{exported}")
    assert (embedder.dimensions, embedder.max_tokens) == (4, 256)
    expected = np.array([[1, 0, 0, 0], [1, 1, 0, 0], [0.5, 0.5, 0.5, 0.5]], np.float32)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(embedder.embed(["a", "a b", "elsewhere"]), expected, rtol=1e-6)


def test_a_folder_says_how_far_its_model_reads_and_which_token_stands_for_a_text(exported: Path) -> None:
    plain = open_embedder(f"onnx:{exported}").hash
    (exported / "1_Pooling").mkdir()
    (exported / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    (exported / "sentence_bert_config.json").write_text('{"max_seq_length": 2}')
    embedder = open_embedder(f"onnx:{exported}")
    assert embedder.max_tokens == 2
    np.testing.assert_allclose(embedder.embed(["b a c"]), [[0, 1, 0, 0]])
    assert embedder.hash != plain


def test_a_folder_with_something_else_is_refused(exported: Path) -> None:
    (exported / "model.onnx").write_bytes(b"no model")
    with pytest.raises(ModelError, match="export the model again"):
        open_embedder(f"onnx:{exported}")


@pytest.mark.slow
def test_llama_cpp_embeds_with_a_model_of_another_length() -> None:
    if not installed(CATALOGUE["smollm2-135m"]):
        pytest.skip("the chat model is not on this machine: foretune models get smollm2-135m")
    embedder = open_embedder("llama:smollm2-135m")
    texts = ["Annual leave is 24 days.", "", "Long. " * 400]
    vectors = embedder.embed(texts)
    assert vectors.shape == (3, embedder.dimensions)
    assert embedder.dimensions != 384
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    assert embedder.count_tokens(texts)[2] > embedder.max_tokens
