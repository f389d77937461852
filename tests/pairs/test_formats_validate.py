"""A file is checked by the rules of whom it is for, one finding a row, before anybody uploads it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.pairs.conversations import HARD, pair

from foretune.errors import InputError
from foretune.pairs.formats import FORMATS, export_format, token_counter, validate
from foretune.pairs.formats.webui import keyset_match

GOOD = {"messages": [{"role": "user", "content": "Hi?"}, {"role": "assistant", "content": "Yes"}]}


def _lines(path: Path, *rows: Mapping[str, Any], mark: bytes = b"") -> Path:
    path.write_bytes(mark + "".join(json.dumps(row) + "\n" for row in rows).encode())
    return path


def _said(path: Path, name: str) -> list[tuple[int | None, str]]:
    return [(each.line, each.message) for each in validate(path, FORMATS[name])]


@pytest.mark.parametrize("name", FORMATS)
def test_what_we_export_is_as_it_should_be(name: str, tmp_path: Path) -> None:
    pairs = [pair(n, ("user", f"Question {n}?"), ("assistant", f"Answer {n}.")) for n in range(10)]
    assert export_format([*pairs, *HARD], tmp_path, FORMATS[name]).findings == ()


def test_one_finding_a_row_says_all_that_is_wrong_with_it(tmp_path: Path) -> None:
    bad = {"messages": [{"role": "user", "content": "?", "mood": "x"}, {"role": "user", "content": "!"}], "id": "7"}
    file = _lines(tmp_path / "train.jsonl", *[GOOD] * 10, bad)
    [(line, message)] = _said(file, "openai")
    assert line == 11
    assert message == (
        "it has columns that do not belong there (id); a message has keys that are not known there (mood); "
        "two messages of the user follow each other"
    )


@pytest.mark.parametrize(
    ("name", "row", "message"),
    [
        ("together", GOOD | {"source": "x.md"}, "it has columns that do not belong there (source)"),
        ("mistral", {"messages": GOOD["messages"][:1]}, "the last message is the user's: there is no reply to learn"),
        ("trl", GOOD, "it has columns that do not belong there (messages); 'prompt' is not a list of messages"),
        ("bedrock", {"prompt": "a"}, "it has no 'completion'"),
        (
            "vertex",
            {"contents": [{"role": "assistant", "parts": [{"text": "a"}]}]},
            "the first turn is the assistant's",
        ),
        (
            "bedrock-conversation",
            {"schemaVersion": "1", "messages": GOOD["messages"]},
            "'schemaVersion' is not 'bedrock-conversation-2024'",
        ),
        (
            "alpaca",
            {"instruction": "b", "output": "c", "history": [["a", "b"]]},
            "it has 2 prompts, and a row of this format holds one",
        ),
    ],
)
def test_what_a_consumer_refuses_is_found(name: str, row: Mapping[str, Any], message: str, tmp_path: Path) -> None:
    file = tmp_path / f"train{Path(FORMATS[name].train).suffix}"
    [(line, said)] = [each for each in _said(_lines(file, row), name) if each[0]]
    assert line == 1
    assert said.startswith(message)


def test_weights_other_than_zero_and_one_are_refused_by_openai(tmp_path: Path) -> None:
    weighted = {"messages": [GOOD["messages"][0], {**GOOD["messages"][1], "weight": 2}]}
    lenient = {"messages": [GOOD["messages"][0], {**GOOD["messages"][1], "weight": 0}]}
    file = _lines(tmp_path / "train.jsonl", *[lenient] * 10, weighted)
    assert _said(file, "openai") == [(11, "a message has weight 2: only 0 and 1 are known")]


def test_a_byte_order_mark_is_wanted_by_azure_and_by_nobody_else(tmp_path: Path) -> None:
    bare = _lines(tmp_path / "bare.jsonl", *[GOOD] * 10)
    marked = _lines(tmp_path / "marked.jsonl", *[GOOD] * 10, mark=b"\xef\xbb\xbf")
    assert [message.split(":")[0] for _, message in _said(bare, "azure-openai")] == [
        "it has no byte order mark, and the upload is refused without"
    ]
    assert _said(marked, "azure-openai") == _said(bare, "openai") == []
    assert [message.split(",")[0] for _, message in _said(marked, "openai")] == ["it begins with a byte order mark"]


def test_too_few_rows_are_refused_for_training_but_not_for_evaluation(tmp_path: Path) -> None:
    export = export_format(HARD, tmp_path, FORMATS["openai"])
    assert [(each.file, each.message) for each in export.findings] == [
        ("train.jsonl", "it has 3 rows, and fewer than 10 are refused")
    ]


def test_lines_where_an_array_is_read_are_refused(tmp_path: Path) -> None:
    file = _lines(tmp_path / "train.jsonl", GOOD)
    assert _said(file, "text-generation-webui") == [
        (None, "it is a .jsonl file, and text-generation-webui 4.0 and later reads .json")
    ]


def test_a_row_over_the_cut_off_is_said_to_be_dropped(tmp_path: Path) -> None:
    long = pair(1, ("user", "Tell me all."), ("assistant", "word " * 600))
    [finding] = export_format([long, HARD[0]], tmp_path, FORMATS["text-generation-webui"]).findings
    assert (finding.line, finding.severity) == (2, "warning")
    assert finding.message == "it has about 762 tokens and is dropped there without a word: the cut-off is 512"
    assert not list(validate(tmp_path / "text-generation-webui", FORMATS["text-generation-webui"], cutoff=1000))


def test_tokens_are_those_of_the_tokenizer_that_is_named(tmp_path: Path) -> None:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    tokenizer = Tokenizer(WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    counter = token_counter(str(tmp_path))
    assert counter.exact
    assert counter.row(pair(1, ("user", "one two three"), ("assistant", "four five")).messages) == 5 + 3 + 3 + 3
    export = export_format(HARD, tmp_path, FORMATS["trl"], counter=counter)
    assert json.loads((export.folder / "manifest.json").read_text())["tokens"]["counted_by"] == "tokenizer.json"


@pytest.mark.parametrize("name", ["nowhere.json", "broken.json"])
def test_a_tokenizer_that_cannot_be_read_is_refused_in_one_sentence(name: str, tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{}")
    with pytest.raises(InputError, match=r"give a tokenizer\.json"):
        token_counter(str(tmp_path / name))


def test_a_text_column_more_fails_every_row_of_the_old_training_tab() -> None:
    assert keyset_match({"instruction": "a", "input": " ", "output": "b", "number": 7})
    assert not keyset_match({"instruction": "a", "output": "b", "id": "7"})
