"""Documents are inspected where they lie: in bounded memory, the same on any number of processes, nothing lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.helpers import ROOT, shared

from foretune.corpus.records import Aside, Lines, Read, RecordReader, units
from foretune.errors import InputError
from foretune.governance.inspect import dedupe, inspect
from foretune.plan.config import CorpusSettings

FORETUNE = (sys.executable, "-c", "from foretune.cli import main; main()")
LETTER = "Please write to ana@firm.com about the leave of absence before it starts. "


def rows_of(inspection: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in inspection.lines()]


def write_lines(path: Path, rows: list[Any]) -> Path:
    path.write_bytes(b"\n".join(row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows))
    return path


def test_a_finding_says_where_it_is_in_the_text_as_it_was_read(tmp_path: Path) -> None:
    text = "Größe: ask ana@firm.com\n"
    file = write_lines(tmp_path / "rows.jsonl", [{"id": "one", "text": text}])
    [row] = rows_of(inspect([file], checks=["personal"]))
    assert list(row) == ["document", "check", "type", "severity", "start", "end", "text", "score", "message", "related"]
    assert (row["document"], row["check"], row["type"]) == ("one", "personal", "email")
    assert text[row["start"] : row["end"]] == row["text"] == "ana@firm.com"


def test_files_are_named_as_they_were_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs" / "team").mkdir(parents=True)
    (tmp_path / "docs" / "team" / "a.md").write_text(LETTER)
    (tmp_path / "b.txt").write_text(LETTER)
    monkeypatch.chdir(tmp_path)
    inspection = inspect([Path("docs"), Path("b.txt")], checks=["personal"])
    assert {row["document"] for row in rows_of(inspection)} == {"docs/team/a.md", "b.txt"}


def test_a_row_without_an_id_is_known_by_file_and_line(tmp_path: Path) -> None:
    file = write_lines(tmp_path / "rows.jsonl", [{"text": "x"}, b"", {"text": LETTER}, {"id": 7, "text": LETTER}])
    assert [row["document"] for row in rows_of(inspect([file], checks=["personal"]))] == [f"{file}:3", "7"]


def test_bad_records_are_set_aside_with_the_reason_and_the_rest_is_read(tmp_path: Path) -> None:
    bad = [b"not json", b"[1]", b'{"id": "x"}', b'{"text": "caf\xe9"}', b'{"text": 5}', b'{"text": ' + b"[" * 100_000]
    file = write_lines(tmp_path / "rows.jsonl", [{"text": "one"}, *bad, {"text": "half a pair \ud800"}])
    inspection = inspect([file], checks=["personal"])
    assert (inspection.totals.documents, inspection.totals.set_aside) == (2, len(bad))
    assert inspection.totals.reasons == {
        "it is not JSON": 2,
        "it is not a JSON object": 1,
        "it has no 'text'": 2,
        "it is not UTF-8: save the file as UTF-8": 1,
    }
    assert inspection.totals.examples[0] == (f"{file}:2", "it is not JSON")


def test_a_line_that_is_too_long_is_not_read_into_memory_and_the_next_one_is(tmp_path: Path) -> None:
    settings = CorpusSettings(max_characters=1000)
    long = b'{"text": "' + b"a" * 3_000_000 + b'"}'
    file = write_lines(tmp_path / "rows.jsonl", [{"text": "before"}, long, {"text": "after"}, {"text": "b" * 1001}])
    inspection = inspect([file], checks=["short"], corpus=settings)
    assert [row["document"] for row in rows_of(inspection)] == [f"{file}:1", f"{file}:3"]
    assert inspection.totals.reasons == {"it is longer than 1,000 characters: split it": 2}


@given(st.lists(st.one_of(st.text(alphabet="aé\u2028 ", max_size=40), st.none()), max_size=40), st.integers(40, 400))
def test_however_a_file_is_cut_every_line_is_read_once(texts: list[str | None], size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("foretune.corpus.records._UNIT_BYTES", size)
        patch.setattr("foretune.corpus.records._BLOCK", 97)
        folder = Path(os.environ["XDG_DATA_HOME"])
        folder.mkdir(exist_ok=True)
        lines = [b"oops" if text is None else json.dumps({"text": text}).encode() for text in texts]
        file = write_lines(folder / "rows.jsonl", list(lines))
        found: list[Read | Aside] = []
        with RecordReader(CorpusSettings()) as reader:
            for unit in units([file], CorpusSettings()):
                assert isinstance(unit, Lines)
                for read in unit.read(reader):
                    found.append(read)
                    if isinstance(read, Read):
                        assert unit.text(reader, read.place) == read.document.text
        assert [None if isinstance(each, Aside) else each.document.text for each in found] == texts
        names = [each.document if isinstance(each, Aside) else each.document.path for each in found]
        assert names == [f"{file}:{number}" for number in range(1, len(texts) + 1)]


def test_parquet_rows_are_read_with_their_metadata(tmp_path: Path) -> None:
    text = " ".join(f"word{number}" for number in range(100))
    table = pa.table(
        {"id": ["old", "new", "none"], "text": [text, text, None], "date": ["2019-01-01", "2024-05-06", None]}
    )
    pq.write_table(table, tmp_path / "rows.parquet", row_group_size=2)
    totals, rows = dedupe([tmp_path / "rows.parquet"])
    assert [(row.document, row.keep, row.of) for row in rows] == [("old", False, "new"), ("new", True, "new")]
    assert totals.reasons == {"it has no 'text'": 1}


@pytest.mark.parametrize("name", ["rows.parquet", "rows.jsonl"])
def test_what_cannot_be_read_at_all_is_one_sentence(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="There is nothing at"):
        inspect([tmp_path / name])
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 no PAR1")
    with pytest.raises(InputError, match="is not a Parquet file"):
        inspect([tmp_path / "broken.parquet"])
    pq.write_table(pa.table({"body": ["x"]}), tmp_path / "other.parquet")
    with pytest.raises(InputError, match="no column 'text'"):
        inspect([tmp_path / "other.parquet"])


def test_two_processes_find_the_same_as_one(tmp_path: Path) -> None:
    corpus = shared("handbook-18f") / "corpus"
    texts = [path.read_text(encoding="utf-8") for path in sorted(corpus.rglob("*.md"))[:60]]
    # More than once, so that there are duplicates; enough for several units.
    file = write_lines(tmp_path / "rows.jsonl", [{"id": f"{n}", "text": text} for n, text in enumerate(texts * 6)])
    chosen = ["garbled", "duplicate"]
    one, two = (list(inspect([file], checks=chosen, processes=number).lines()) for number in (1, 2))
    assert one == two
    assert len(one) > 500


def test_the_most_important_of_a_check_comes_first(tmp_path: Path) -> None:
    inspection = inspect([shared("pii-presidio") / "dev" / "synth_v2.jsonl"], checks=["personal", "short"])
    rank = {"high": 0, "medium": 1, "low": 2, "info": 3}
    rows = rows_of(inspection)
    assert [row["check"] for row in rows] == sorted(row["check"] for row in rows)
    for check in ("personal", "short"):
        keys = [(rank[row["severity"]], -row["score"]) for row in rows if row["check"] == check]
        assert keys == sorted(keys)


def test_an_unknown_check_is_refused_with_the_names_there_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no check called 'speling': choose from garbled, "):
        inspect([tmp_path], checks=["speling"])


# -- cleaned documents ----------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_what_is_read_is_written_once_repaired_or_set_aside(tmp_path: Path, suffix: str) -> None:
    text = " ".join(f"word{number}" for number in range(100))
    rows = [{"id": "a", "text": text, "team": "hr"}, {"id": "b", "text": text, "date": "2024-01-01"}, b"oops"]
    file = write_lines(tmp_path / "rows.jsonl", [*rows, {"id": "c", "text": "The caf\u00c3\u00a9 opens at nine."}])
    clean, aside = tmp_path / f"clean{suffix}", tmp_path / f"aside{suffix}"
    inspection = inspect([file], checks=["garbled", "duplicate"], clean=clean, set_aside=aside)
    assert inspection.written is not None
    counts = inspection.written
    assert (counts.clean, counts.duplicates, counts.unreadable, counts.repaired) == (2, 1, 1, 1)

    def read(path: Path) -> list[dict[str, Any]]:
        if suffix == ".parquet":
            return list(pq.read_table(path).to_pylist())
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    assert [(row["id"], row["text"]) for row in read(clean)] == [("b", text), ("c", "The café opens at nine.")]
    assert [(row["id"], row["reason"].split(",")[0]) for row in read(aside)] == [
        ("a", "The same text as b"),
        (f"{file}:3", "it is not JSON"),
    ]
    assert "hr" in str(read(aside)[0])
    assert clean.stat().st_mode & 0o077 == 0


def test_a_folder_of_cleaned_files_mirrors_what_was_given(tmp_path: Path) -> None:
    (tmp_path / "in" / "team").mkdir(parents=True)
    (tmp_path / "in" / "team" / "a.md").write_text("A ﬁne day.")
    (tmp_path / "in" / "b.html").write_text("<p>Hello there.</p>")
    inspect([tmp_path / "in"], checks=["garbled"], clean=tmp_path / "out")
    assert (tmp_path / "out" / "team" / "a.md").read_text() == "A fine day."
    assert (tmp_path / "out" / "b.html.md").read_text().strip() == "Hello there."
    with pytest.raises(InputError, match="There is something in"):
        inspect([tmp_path / "in"], checks=["garbled"], clean=tmp_path / "out")


def test_an_output_that_cannot_be_written_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("Hello.")
    with pytest.raises(InputError, match=r"name a file that ends in \.jsonl or \.parquet"):
        inspect([tmp_path / "a.md"], clean=tmp_path / "out.csv")
    with pytest.raises(InputError, match="There is no folder"):
        inspect([tmp_path / "a.md"], set_aside=tmp_path / "no" / "out.jsonl")


# -- copies ---------------------------------------------------------------------------------------------


def test_with_the_date_as_a_column_the_newer_version_is_kept(tmp_path: Path) -> None:
    """Names say nothing here: only the column knows which is newer."""
    folder = shared("neardup-handbook-history") / "dev"
    names = sorted(path.relative_to(folder).as_posix() for path in folder.glob("docs/*/*.md"))
    ids = {name: f"{number:04}" for number, name in enumerate(reversed(names))}
    rows = [
        {"id": ids[name], "text": (folder / name).read_text(encoding="utf-8"), "date": Path(name).stem}
        for name in names
    ]
    _, found = dedupe([write_lines(tmp_path / "rows.jsonl", rows)])
    by_id = {row.document: row for row in found}
    pairs = [json.loads(line) for line in (folder / "pairs.jsonl").read_text().splitlines()]
    close = [pair for pair in pairs if pair["shingle5_jaccard"] >= 0.75]
    together = [
        pair for pair in close if by_id[ids[pair["old"]]].cluster == by_id[ids[pair["new"]]].cluster is not None
    ]
    assert len(together) >= 0.98 * len(close) > 200
    dates = {row["id"]: row["date"] for row in rows}
    for pair in together:  # what is kept of the group is never older than the newer of the two
        old, new = by_id[ids[pair["old"]]], by_id[ids[pair["new"]]]
        assert not old.keep
        assert new.of is not None
        assert dates[new.of] >= dates[ids[pair["new"]]]


def test_every_document_is_told_where_it_stands(tmp_path: Path) -> None:
    text = " ".join(f"word{number}" for number in range(100))
    rows = [{"id": "a", "text": text}, {"id": "alone", "text": LETTER}, {"id": "b", "text": f"{text} and more"}]
    _, [a, alone, b] = dedupe([write_lines(tmp_path / "rows.jsonl", rows)])
    assert (alone.cluster, alone.keep, alone.similarity, alone.of) == (None, True, None, None)
    assert a.cluster == b.cluster is not None
    assert (a.keep, b.keep, a.of, b.of, b.similarity) == (False, True, "b", "b", 1.0)
    assert a.similarity == pytest.approx(96 / 98, abs=1e-4)


# -- the commands ---------------------------------------------------------------------------------------


def run(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*FORETUNE, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_findings_are_no_failure_and_a_wrong_name_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(LETTER)
    done = run("inspect", "a.md", "--checks", "personal", "--json", cwd=tmp_path)
    assert (done.returncode, json.loads(done.stdout)["document"]) == (0, "a.md")
    done = run("inspect", "a.md", "--checks", "speling", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("foretune: There is no check called 'speling'")
    assert len(done.stderr.splitlines()) == 1
    done = run("dedupe", "a.md", "--json", cwd=tmp_path)
    assert json.loads(done.stdout) == {
        "document": "a.md",
        "cluster": None,
        "keep": True,
        "similarity": None,
        "of": None,
    }


def test_an_interruption_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    write_lines(tmp_path / "rows.jsonl", [{"text": LETTER * 200}] * 400)
    # Ctrl-C reaches the command and all its processes, in the middle of the work.
    script = """
import os, signal
from foretune.cli import main
from foretune.governance.inspect import cleaning
write = cleaning.output_for
def interrupted(*args, **kwargs):
    if "base" in kwargs:
        os.killpg(0, signal.SIGINT)
    return write(*args, **kwargs)
cleaning.output_for = interrupted
if __name__ == "__main__":
    main()
"""
    done = subprocess.run(
        [sys.executable, "-c", script, "inspect", "rows.jsonl", "--clean", "out.jsonl", "--processes", "2"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    assert done.returncode == 130
    assert [line for line in done.stderr.splitlines() if not line.startswith(("reading", "comparing"))] == [
        "foretune: Stopped: nothing was written; run the command again to start over."
    ]
    assert done.stdout == ""
    assert [path.name for path in tmp_path.iterdir()] == ["rows.jsonl"]


def test_what_is_about_all_documents_names_none(tmp_path: Path) -> None:
    write_lines(tmp_path / "posts.jsonl", [{"id": str(n), "text": "The same short post again. " * 9} for n in range(4)])
    found = [json.loads(line) for line in inspect([tmp_path / "posts.jsonl"], checks=["sufficiency"]).lines()]
    assert found
    assert {row["document"] for row in found} == {None}


def test_boilerplate_is_shown_as_garbled(tmp_path: Path) -> None:
    inspection = inspect([tmp_path], checks=["garbled"])
    assert inspection.checks == ("garbled",)


def test_boilerplate_stays_in_clean_texts_unless_it_is_to_go(tmp_path: Path) -> None:
    footer = "Share this page with your friends now, and with all of theirs."
    rows = [{"id": str(n), "text": f"Page {n} has words of its own.\n\n{footer}"} for n in range(6)]
    write_lines(tmp_path / "rows.jsonl", rows)
    for without in (False, True):
        out = tmp_path / "clean.jsonl"
        done = inspect([tmp_path / "rows.jsonl"], checks=["garbled"], clean=out, without_boilerplate=without)
        assert sum(json.loads(line)["type"] == "boilerplate" for line in done.lines()) == 1
        texts = [json.loads(line)["text"] for line in out.read_text().splitlines()]
        assert [footer in text for text in texts] == [not without] * 6
        assert texts[3].startswith("Page 3 has words of its own.")


def test_a_day_a_language_and_what_is_withdrawn_can_be_given_without_a_project(tmp_path: Path) -> None:
    (tmp_path / "leave.md").write_text("# Leave\n\nApply in Lync before 30 June 2025 to get the leave of the year.\n")
    given = ["inspect", "leave.md", "--checks", "stale", "--json", "--withdrawn", "Lync", "--today"]
    before, after = (
        {json.loads(line)["type"] for line in run(*given, day, cwd=tmp_path).stdout.splitlines()}
        for day in ("2025-06-01", "2025-07-31")
    )
    assert (before, after) == ({"withdrawn"}, {"withdrawn", "expired"})


def test_questions_and_topics_can_be_given_without_a_project(tmp_path: Path) -> None:
    (tmp_path / "leave.md").write_text("# Leave\n\nEverybody gets thirty days of leave in a year.\n")
    (tmp_path / "q.csv").write_text("id,question,answer,kind\n1,How many days of leave are there?,thirty,number\n")
    given = ["--questions", "q.csv", "--topic", "leave", "--topic", "pensions abroad"]
    done = run("inspect", "leave.md", "--checks", "sufficiency", "--json", *given, cwd=tmp_path)
    found = {row["type"]: row["message"] for row in map(json.loads, done.stdout.splitlines())}
    assert found["questions"].startswith("1 of 1 bench questions")
    assert "pensions abroad" in found["topics"]


def test_a_plan_can_be_used_without_its_project_and_options_come_before_it(tmp_path: Path) -> None:
    (tmp_path / "urlaub.md").write_text("Alle Mitarbeiter haben dreißig Tage Urlaub im Jahr, die sie beantragen. " * 4)
    (tmp_path / "foretune.toml").write_text('[platform]\nlanguages = ["en"]\n')
    for options, found in ([], True), (["--languages", "de,en"], False):
        done = run("inspect", "urlaub.md", "--checks", "language", "--plan", ".", "--json", *options, cwd=tmp_path)
        assert bool(done.stdout) is found
    done = run("inspect", "urlaub.md", "--languages", "German", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (
        2,
        "foretune: There is no language 'german': give codes of two letters, as in en,de.\n",
    )
