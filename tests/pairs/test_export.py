"""The spreadsheet holds every pair as text, and the training file only what was kept."""

from __future__ import annotations

import csv
import json
import tempfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from foretune.errors import InputError
from foretune.pairs import export_pairs
from foretune.pairs.formats.rows import raw_rows
from foretune.types import Pair

PAIRS = [
    Pair(
        "1",
        "d",
        "leave.md",
        "document",
        "How much leave?",
        "=SUM(A1:A9) is no formula\nsecond line",
        "engine",
        split="train",
    ),
    Pair(
        "2",
        "d",
        "leave.md",
        "document",
        "Again?",
        "- a list\n- of two “things” 😀",
        "template",
        state="dropped",
        reason="twice",
    ),
]


def test_every_format_is_written_beside_the_others(tmp_path: Path) -> None:
    names = ["pairs.csv", "pairs.jsonl", "pairs.xlsx"]
    assert sorted(each.path.name for each in export_pairs(PAIRS, tmp_path)) == names
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*names, "pairs.manifest.json"])


def test_one_format_is_written_alone_and_the_manifest_says_what_is_in_it(tmp_path: Path) -> None:
    export_pairs(PAIRS, tmp_path, formats=["jsonl"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pairs.jsonl", "pairs.manifest.json"]
    manifest = json.loads((tmp_path / "pairs.manifest.json").read_text(encoding="utf-8"))
    assert {key: manifest[key] for key in ("pairs", "kept", "train", "evaluation")} == {
        "pairs": 2,
        "kept": 1,
        "train": 1,
        "evaluation": 0,
    }
    (file,) = manifest["files"]
    assert (file["file"], file["format"], file["rows"]) == ("pairs.jsonl", "jsonl", 1)
    assert file["sha256"] == sha256((tmp_path / "pairs.jsonl").read_bytes()).hexdigest()


def test_a_format_that_there_is_not_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no format 'docx': choose xlsx, csv, jsonl"):
        export_pairs(PAIRS, tmp_path, formats=["jsonl", "docx"])
    assert list(tmp_path.iterdir()) == []


def test_the_spreadsheet_reads_back_as_it_was(tmp_path: Path) -> None:
    export_pairs(PAIRS, tmp_path)
    rows = CalamineWorkbook.from_path(str(tmp_path / "pairs.xlsx")).get_sheet_by_index(0).to_python()
    assert rows[0][:5] == ["id", "source", "recipe", "prompt", "response"]
    assert rows[1][4] == PAIRS[0].response
    assert rows[2][4] == PAIRS[1].response


def test_a_cell_that_would_run_as_a_formula_is_quoted_in_the_csv(tmp_path: Path) -> None:
    export_pairs(PAIRS, tmp_path)
    with (tmp_path / "pairs.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["response"] == "'" + PAIRS[0].response
    assert rows[1]["response"] == PAIRS[1].response


@pytest.mark.parametrize("suffix", ["xlsx", "csv"])
@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "'=1", "''-1", "'- a quote", "@x", "+1", "- a list", "a\tb"])
def test_a_table_read_back_says_what_was_written(tmp_path: Path, suffix: str, text: str) -> None:
    export_pairs([replace(PAIRS[0], prompt=text, response=text)], tmp_path, formats=[suffix])
    (row,) = raw_rows(tmp_path / f"pairs.{suffix}")
    assert (row.values["prompt"], row.values["response"]) == (text, text)


def test_a_text_longer_than_a_cell_is_whole_in_the_csv_and_never_read_shortened_from_the_workbook(
    tmp_path: Path,
) -> None:
    long = replace(PAIRS[0], response="Every word of it 🙂. " * 2000)
    workbook, table, lines = export_pairs([long, PAIRS[1]], tmp_path)
    assert workbook.notice.startswith("pairs.xlsx holds only the beginning of 1 pair, because")
    assert (table.notice, lines.notice) == ("", "")
    cut, whole = raw_rows(workbook.path)
    assert "may be cut off" in cut.problem
    assert whole.values["response"] == PAIRS[1].response
    assert [row.values["response"] for row in raw_rows(table.path)] == [long.response, PAIRS[1].response]
    # What Excel keeps of such a cell.
    short = replace(long, response=long.response[:32_767].replace("🙂", ":)")[:32_767])
    (row,) = raw_rows(export_pairs([short], tmp_path, formats=["csv"])[0].path)
    assert "may be cut off" in row.problem


def test_the_training_file_is_messages_of_kept_pairs(tmp_path: Path) -> None:
    export_pairs(PAIRS, tmp_path)
    (line,) = (tmp_path / "pairs.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["messages"] == [
        {"role": "user", "content": "How much leave?"},
        {"role": "assistant", "content": PAIRS[0].response},
    ]


def test_no_text_passes_through_the_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a temporary file was opened")

    for name in ("mkstemp", "mkdtemp", "NamedTemporaryFile", "TemporaryFile", "SpooledTemporaryFile"):
        monkeypatch.setattr(tempfile, name, refuse)
    export_pairs(PAIRS, tmp_path)
