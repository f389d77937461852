"""The packaged embedder against its reference, and what callers may rely on."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.helpers import ROOT

from foretune.embedding import Embedder, open_embedder
from foretune.embedding.minilm import MAX_TOKENS, MiniLM, plan_runs
from foretune.errors import ModelError
from foretune.models import CATALOGUE, installed, locate

DOCUMENTS = ROOT / "examples" / "handbook" / "documents"


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    if not installed(CATALOGUE["all-minilm-l6-v2"]):
        pytest.skip("the embedding model is not on this machine: foretune models get all-minilm-l6-v2")
    return open_embedder("all-minilm-l6-v2")


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """Real pages cut into pieces of many lengths, from a word to more than the model reads."""
    words = [page.read_text(encoding="utf-8").split() for page in sorted(DOCUMENTS.rglob("*.md"))[:24]]
    lengths = [1, 2, 3, 5, 5, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377]
    return [" ".join(page[: lengths[i % len(lengths)]]) for i, page in enumerate(words)]


def reference(texts: list[str]) -> Any:
    """The published model, run by transformers as its authors describe."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    from safetensors.torch import load_file
    from tokenizers import Tokenizer

    files = locate("all-minilm-l6-v2")
    model = transformers.BertModel(transformers.BertConfig(**json.loads(files.files["config.json"].read_text())))
    model.load_state_dict(load_file(files.weights), strict=False)
    model.eval()
    tokenizer = Tokenizer.from_file(str(files.files["tokenizer.json"]))
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    vectors = []
    with torch.no_grad():
        for text in texts:
            ids = torch.tensor([tokenizer.encode(text).ids])
            mean = model(input_ids=ids).last_hidden_state.mean(dim=1)
            vectors.append(torch.nn.functional.normalize(mean)[0].numpy())
    return np.stack(vectors)


def test_vectors_are_those_of_the_published_model(embedder: Embedder, texts: list[str]) -> None:
    cosines = (embedder.embed(texts) * reference(texts)).sum(axis=1)
    assert cosines.min() > 0.99999


def test_vectors_are_unit_float32_rows_in_the_order_of_the_texts(embedder: Embedder, texts: list[str]) -> None:
    vectors = embedder.embed(texts)
    assert vectors.shape == (len(texts), embedder.dimensions)
    assert vectors.dtype == np.dtype("float32")
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert np.array_equal(embedder.embed(texts[::-1]), vectors[::-1])


def test_a_vector_does_not_depend_on_its_company(embedder: Embedder, texts: list[str]) -> None:
    together = embedder.embed(texts)
    alone = np.concatenate([embedder.embed([text]) for text in texts])
    assert np.abs(together - alone).max() < 1e-6


def test_equal_calls_give_equal_bytes_on_any_number_of_cores(embedder: Embedder, texts: list[str]) -> None:
    single = MiniLM(locate("all-minilm-l6-v2"), threads=1).embed(texts)
    many = MiniLM(locate("all-minilm-l6-v2"), threads=3).embed(texts)
    assert single.tobytes() == many.tobytes() == embedder.embed(texts).tobytes()


def test_one_embedder_serves_several_threads(embedder: Embedder, texts: list[str]) -> None:
    expected = embedder.embed(texts).tobytes()
    results: list[bytes] = []
    workers = [threading.Thread(target=lambda: results.append(embedder.embed(texts).tobytes())) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert results == [expected] * 3


def test_what_comes_after_256_tokens_changes_nothing(embedder: Embedder) -> None:
    start = "leave " * 254
    first, second, shorter = embedder.embed([start + "policy", start + "salary and much more", "leave " * 253])
    assert np.array_equal(first, second)
    assert not np.array_equal(first, shorter)


def test_tokens_are_counted_beyond_what_the_model_reads(embedder: Embedder) -> None:
    assert embedder.count_tokens(["", "leave", "leave " * 400]) == [2, 3, 402]
    assert embedder.max_tokens == 256


def test_no_texts_give_no_rows(embedder: Embedder) -> None:
    assert embedder.embed([]).shape == (0, 384)


def test_an_empty_text_and_one_of_unknown_characters_have_vectors_too(embedder: Embedder) -> None:
    assert np.isfinite(embedder.embed(["", "\u0001\u0002", "🦉" * 50])).all()


def test_meaning_decides_what_is_near(embedder: Embedder) -> None:
    query, near, far = embedder.embed(
        [
            "How much vacation time carries over into the next year?",
            "You can carry over a maximum of 240 annual leave hours.",
            "The design guild meets on Thursdays in the main office.",
        ]
    )
    assert query @ near > query @ far + 0.2


def test_the_hash_names_weights_tokenizer_and_reading_length(embedder: Embedder, tmp_path: Path) -> None:
    files = locate("all-minilm-l6-v2")
    assert MiniLM(files).hash == embedder.hash
    changed = json.loads(files.files["tokenizer.json"].read_text())
    changed["added_tokens"][0]["normalized"] = True
    (tmp_path / "tokenizer.json").write_text(json.dumps(changed))
    other = type(files)(
        files.id, files.weights, files.hash, {**files.files, "tokenizer.json": tmp_path / "tokenizer.json"}
    )
    assert MiniLM(other).hash != embedder.hash


def test_every_text_is_in_one_run_with_others_of_its_length_only() -> None:
    rng = np.random.default_rng(7)
    lengths = [int(n) for n in rng.integers(2, MAX_TOKENS + 1, 400)] + [2] * 300
    runs = plan_runs(lengths)
    assert sorted(i for run in runs for i in run) == list(range(len(lengths)))
    for run in runs:
        assert len({lengths[i] for i in run}) == 1
        assert len(run) * lengths[run[0]] <= MAX_TOKENS
    assert [lengths[run[0]] for run in runs] == sorted((lengths[run[0]] for run in runs), reverse=True)


def test_an_unknown_embedder_is_one_sentence_with_the_setting_and_the_choice() -> None:
    with pytest.raises(ModelError, match=r"no embedding model 'ada'.*retrieval\.embedder.*all-minilm-l6-v2"):
        open_embedder("ada")


def test_an_absent_model_is_answered_with_the_command_that_fetches_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORETUNE_MODELS", str(tmp_path))
    with pytest.raises(ModelError, match="foretune models get all-minilm-l6-v2"):
        open_embedder("all-minilm-l6-v2")
