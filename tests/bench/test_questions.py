"""Questions come from a spreadsheet or JSON Lines; what is wrong with a file is said with its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.helpers import ROOT, shared

from foretune.bench import load_questions, read_questions, stored_questions, write_questions_csv
from foretune.errors import InputError
from foretune.vault import Vault

HEADER = "id,question,answer,kind,aliases\n"


def test_csv_and_json_lines_hold_the_same_questions(tmp_path: Path) -> None:
    questions = read_questions(shared("handbook-18f") / "bench_dev.jsonl")
    write_questions_csv(tmp_path / "q.csv", questions)
    assert read_questions(tmp_path / "q.csv") == questions
    assert len(questions) == 40


def test_the_example_can_be_read_and_stored(vault: Vault) -> None:
    questions = read_questions(ROOT / "examples" / "handbook" / "questions.csv")
    load_questions(vault, questions)
    load_questions(vault, questions)
    assert stored_questions(vault) == questions


def test_a_semicolon_csv_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "q.csv"
    path.write_text("id;question;answer;kind;aliases\n1;How many?;4;number;four | 4 hours\n", encoding="utf-8-sig")
    (question,) = read_questions(path)
    assert question.aliases == ("four", "4 hours")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("id,question\n1,x\n", "lacks the columns answer, kind"),
        (HEADER + "1,How many?,4,amount,\n", "line 2: the kind is 'amount'; it can be number, name"),
        (HEADER + "1,,4,number,\n", "line 2: the column question is empty"),
        (HEADER + "1,How many?,,number,\n", "line 2: the answer is empty"),
        (HEADER + "1,a?,4,number,\n1,b?,4,number,\n", "line 3: the id 1 is also on line 2"),
        (HEADER, "holds no questions"),
    ],
)
def test_a_faulty_csv_is_refused_in_one_sentence(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "q.csv"
    path.write_text(content)
    with pytest.raises(InputError, match=message) as caught:
        read_questions(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 1: this is not JSON"),
        ("[1]", "line 1: each line"),
        (json.dumps({"id": 1}), "line 1 lacks the columns"),
    ],
)
def test_a_faulty_json_line_is_refused(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(InputError, match=message):
        read_questions(path)


def test_a_missing_file_says_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There are no bench questions at"):
        read_questions(tmp_path / "questions.csv")


def test_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "q.csv"
    path.write_bytes((HEADER + "1,Wie viel für Käse?,4,number,\n").encode("latin-1"))
    with pytest.raises(InputError, match="not UTF-8"):
        read_questions(path)
