"""What was written for anybody is read back as it was, and a row that cannot be read says why."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.pairs.conversations import HARD, pair

from foretune.errors import InputError
from foretune.pairs import export_pairs
from foretune.pairs.formats import FORMATS, Conversation, SetAside, export_format, read_files
from foretune.types import Message, Pair

TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30),
    st.sampled_from(
        [
            "=1+1",
            "שלום\u202b(עולם)",
            "😀\n\n\n- “a”",
            "\"'\\n",
            "[user]",
            "### User:",
            "a\u2028b\x85c",
            "\ufeffx",
            "|im_end|>",
        ]
    ),
).filter(str.strip)
CONVERSATIONS = st.builds(
    lambda system, turns: [*system, *turns],
    st.lists(st.tuples(st.just("system"), TEXTS), max_size=1),
    st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=3).map(
        lambda exchanges: [each for ask, reply in exchanges for each in (("user", ask), ("assistant", reply))]
    ),
)


def _read(path: Path, form: str = "") -> list[Conversation | SetAside]:
    return [row for file in read_files(path, form=form) for row in file.rows()]


def _messages(rows: Sequence[Conversation | SetAside]) -> list[tuple[Message, ...]]:
    assert not [row for row in rows if isinstance(row, SetAside)]
    return [row.record.messages for row in rows if isinstance(row, Conversation)]


def _carried(name: str, pairs: Sequence[Pair]) -> list[Pair]:
    rules = FORMATS[name].rules
    return [one for one in pairs if (rules.system or not one.system) and (rules.turns or not one.provenance)]


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(CONVERSATIONS, min_size=1, max_size=4))
def test_what_was_exported_is_read_back_as_it_was(name: str, conversations: list[list[tuple[str, str]]]) -> None:
    pairs = _carried(name, [pair(n, *each) for n, each in enumerate(conversations)])
    with tempfile.TemporaryDirectory() as folder:
        export = export_format(pairs, Path(folder), FORMATS[name])
        left_out = {pair_id for pair_id, _ in export.set_aside}
        expected = [one.messages for one in pairs if one.id not in left_out]
        assert (_messages(_read(export.folder)) if expected else []) == expected
        assert left_out == set() or name in ("chatml", "text", "bedrock-conversation")


@pytest.mark.parametrize("name", FORMATS)
def test_the_format_is_seen_from_the_rows_of_a_lone_file(name: str, tmp_path: Path) -> None:
    export = export_format(_carried(name, HARD), tmp_path, FORMATS[name])
    train = export.folder / FORMATS[name].train
    moved = tmp_path / f"something{train.suffix}"
    train.rename(moved)
    expected = [one.messages for one in _carried(name, HARD) if one.split == "train"]
    assert _messages(_read(moved)) == _messages(_read(moved, form=name)) == expected


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_our_own_spreadsheet_is_read_back(suffix: str, tmp_path: Path) -> None:
    pairs = _carried("alpaca", [one for one in HARD if "\r" not in one.response])
    export_pairs(pairs, tmp_path, formats=[suffix])
    assert _messages(_read(tmp_path / f"pairs.{suffix}")) == [one.messages for one in pairs]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["cp1252", "utf-8-sig", "utf-16"])
def test_a_table_saved_by_excel_is_read(delimiter: str, encoding: str, tmp_path: Path) -> None:
    rows = [
        ("Frage", "Question", "Answer"),
        ("1", "Größe des Büros in Köln?", "12 m², 8 € je Tag – “klein”"),
        ("2", "Zweite Straße?", "Ja"),
    ]
    text = "\r\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    (tmp_path / "saved.csv").write_bytes(text.encode(encoding))
    assert _messages(_read(tmp_path / "saved.csv")) == [
        (Message("user", ask), Message("assistant", reply)) for _, ask, reply in rows[1:]
    ]


def test_every_row_is_read_or_set_aside_with_its_line_and_reason(tmp_path: Path) -> None:
    good = json.dumps({"messages": [{"role": "user", "content": "Hi?"}, {"role": "assistant", "content": "Yes"}]})
    lines = [
        b"\xef\xbb\xbf" + good.encode(),
        b"",
        b"{",
        b"[1]",
        b'{"messages": []}',
        b'{"messages": [{"role": "user", "content": "caf\xe9"}]}',
        json.dumps({"messages": [{"role": "tool", "content": "x"}]}).encode(),
        json.dumps({"messages": [{"role": "user", "content": "Nobody answers"}]}).encode(),
        json.dumps({"messages": [{"role": "assistant", "content": "First"}]}).encode(),
        json.dumps({"messages": [{"role": "user", "content": "?"}, {"role": "assistant", "content": " "}]}).encode(),
        json.dumps(
            {"messages": [{"role": "user", "content": "?"}, {"role": "assistant", "content": "\ud800"}]}
        ).encode(),
        json.dumps({"prompt": "Hi"}).encode(),
        good.encode() + b"\r",
    ]
    (tmp_path / "mixed.jsonl").write_bytes(b"\n".join(lines))
    rows = _read(tmp_path / "mixed.jsonl")
    assert [row.line for row in rows] == [1, *range(3, 14)]
    assert [row.reason for row in rows if isinstance(row, SetAside)] == [
        "it is not JSON",
        "it is not a JSON object",
        "'messages' is empty",
        "it is not UTF-8",
        "a message has the role 'tool': only system, user and assistant can be learned from",
        "the last message is the user's: there is no reply to learn",
        "the first turn is the assistant's: it has to be the user's",
        "message 2 (assistant) is empty",
        "message 2 (assistant) holds half a character (a lone surrogate), which is no text",
        "'messages' is not a list of messages",
    ]


def test_an_array_says_on_which_line_an_element_begins(tmp_path: Path) -> None:
    rows = [{"instruction": "One?", "input": "", "output": "1"}, "no object", {"instruction": "Two?", "output": "2"}]
    (tmp_path / "pretty.json").write_text(json.dumps(rows, indent=2))
    assert [(row.line, isinstance(row, SetAside)) for row in _read(tmp_path / "pretty.json")] == [
        (2, False),
        (7, True),
        (8, False),
    ]


def test_an_array_that_was_cut_short_gives_what_is_whole(tmp_path: Path) -> None:
    export = export_format(HARD, tmp_path, FORMATS["sharegpt"])
    whole = (export.folder / "train.json").read_bytes()
    cut = tmp_path / "cut.json"
    cut.write_bytes(whole[: len(whole) - 40])
    *read, last = _read(cut)
    assert len(read) == 2
    assert isinstance(last, SetAside)
    assert (last.line, last.reason) == (4, "it is not JSON, and what follows it cannot be read either")


def test_long_rows_of_an_array_are_read_across_blocks(tmp_path: Path) -> None:
    rows = [{"instruction": f"{n}?", "input": "", "output": "word " * 300_000} for n in range(3)]
    (tmp_path / "long.json").write_text(json.dumps(rows))
    assert [len(messages[-1].content) for messages in _messages(_read(tmp_path / "long.json"))] == [1_500_000] * 3


A = {"role": "user", "content": "a"}
B = {"role": "assistant", "content": "b"}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}], "system": "s"}, "s a b"),
        ({"system": "s", "messages": [A, B]}, "s a b"),
        ({"messages": [{"role": "developer", "content": "s"}, A, B]}, "s a b"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}, B]}, "a b"),
        ({"instruction": "a", "input": "more", "output": "b"}, "a\nmore b"),
        ({"contents": [{"role": "user", "parts": [{"text": "a"}]}, {"role": "model", "parts": ["b"]}]}, "a b"),
        ({"prompt": "a", "completion": "b"}, "a b"),
        ({"Question": "a", "Answer": "b"}, "a b"),
    ],
)
def test_dialects_of_others_are_read(row: dict[str, object], expected: str, tmp_path: Path) -> None:
    (tmp_path / "row.jsonl").write_text(json.dumps(row))
    [messages] = _messages(_read(tmp_path / "row.jsonl"))
    assert " ".join(message.content for message in messages) == expected


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "colour,size\nred,4\n", "has the columns colour, size, and no prompt and response among them"),
        ("a.jsonl", '{"label": 1}\n', "has the columns label, and no prompt and response among them"),
        ("a.jsonl", "", "holds no row that can be read: is it JSON Lines"),
        ("a.docx", "x", "a.docx is no file of pairs: give one of"),
        ("a.parquet", "x", "is not a Parquet file"),
        ("a.xlsx", "x", "cannot be read as a spreadsheet"),
    ],
)
def test_a_file_that_holds_no_pairs_is_refused_in_one_sentence(
    name: str, content: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=message):
        _read(tmp_path / name)


def test_a_manifest_cannot_point_outside_its_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.jsonl").write_text('{"prompt": "a", "completion": "b"}\n')
    inside = tmp_path / "export"
    inside.mkdir()
    (inside / "train.jsonl").write_text('{"prompt": "c", "completion": "d"}\n')
    (inside / "manifest.json").write_text('{"files": [{"file": "../secret.jsonl", "split": "train"}]}')
    assert [file.path.name for file in read_files(inside)] == ["train.jsonl"]
