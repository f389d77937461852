"""Every view of the review as JSON, CSV and HTML, and the commands that decide in bulk."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest
from tests.governance.pages import put
from typer.testing import CliRunner

from foretune.cli.review import app
from foretune.errors import InputError
from foretune.plan.config import Config
from foretune.project import Project

PAGES = {
    "leave/annual.md": "Everybody has twenty-four days. Ask ana@firm.com. " * 8,
    "leave/sick.md": "Call in before nine. Her SSN is 460-89-9847, they wrote. " * 8,
    "drafts/=cmd.md": "Trains before planes, <script>alert(1)</script> and keep bo@firm.com. " * 8,
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with three pages, and the command started in it."""
    folder = tmp_path / "hr"
    with Project.create(folder, Config()) as made:
        put(made.vault, PAGES)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "100")
    run()
    return folder


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def rows(*arguments: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in run(*arguments, "--json").splitlines()]


@pytest.mark.parametrize(
    "view",
    [
        ("--check", "personal"),
        ("standing",),
        ("history",),
        ("rules",),
        ("rules", "--dry-run"),
        ("exclude", "--path", "leave/**", "--dry-run", "--reason", "r"),
    ],
    ids=" ".join,
)
def test_a_view_says_the_same_in_every_form(project: Path, view: tuple[str, ...]) -> None:
    plan = project / "foretune.toml"
    plan.write_text(plan.read_text() + '\n[[governance.rules]]\npath = "drafts/**"\naction = "exclude"\n')
    run("exclude", "leave/annual.md", "--reason", "r")
    as_json = rows(*view)
    assert as_json
    assert "Wrote" in run(*view, "--csv", "v.csv", "--html", "v.html")
    with (project / "v.csv").open(encoding="utf-8-sig", newline="") as file:
        table = list(csv.DictReader(file))
    assert len(table) == len(as_json)
    assert list(table[0]) == list(as_json[0])
    page = (project / "v.html").read_text(encoding="utf-8")
    assert page.count("<tr>") == len(as_json) + 1
    assert "<script>alert(1)" not in page
    assert not re.search(r"(src|href)=", page)  # nothing is fetched


def test_no_cell_of_a_spreadsheet_is_run_as_a_formula(project: Path) -> None:
    with Project.open(project) as opened:
        put(opened.vault, {"=HYPERLINK(1).md": "Write to bo@firm.com today or tomorrow. " * 9})
    run("--check", "personal", "--csv", "f.csv")
    with (project / "f.csv").open(encoding="utf-8-sig", newline="") as file:
        documents = {row["document"] for row in csv.DictReader(file)}
    assert "'=HYPERLINK(1).md" in documents
    assert not any(each.startswith("=") for each in documents)


@pytest.mark.usefixtures("project")
def test_bulk_decisions_take_filters_and_a_dry_run_decides_nothing() -> None:
    shown = run("exclude", "--check", "personal", "--severity", "high", "--reason", "numbers", "--dry-run")
    assert "would change 1 document." in shown
    assert "1: included → excluded" in shown
    assert rows("history") == []
    run("exclude", "--check", "personal", "--severity", "high", "--reason", "numbers")
    assert [row["document"] for row in rows("history")] == ["leave/sick.md"]
    assert run("undo", "--reason", "it was an example") == "Taken back: leave/sick.md\n"
    assert run("exclude", "--path", "drafts/**", "--reason", "drafts") == "Excluded: drafts/=cmd.md\n"
    with pytest.raises(InputError, match="No document fits"):
        run("exclude", "--older-than", "2019-01-01", "--reason", "old")
    with pytest.raises(InputError, match="no severity 'huge'"):
        run("exclude", "--severity", "huge", "--reason", "r")


def test_restricted_documents_are_shown_to_need_a_second_person(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = project / "foretune.toml"
    plan.write_text(re.sub(r"(four_eyes +=) false", r"\1 true", plan.read_text()))
    run("relabel", "leave/sick.md", "--label", "restricted", "--reason", "health")
    said = run("include", "leave/sick.md", "--reason", "needed")
    decision = next(row["id"] for row in rows("history") if row["decision"] == "include")
    assert said == f"Needs a second person: leave/sick.md (`foretune review confirm {decision} --reason …`)\n"
    assert "needs a second" in run("standing", "--state", "waiting")
    with pytest.raises(InputError, match="is your own"):
        run("confirm", str(decision), "--reason", "r")
    monkeypatch.setattr("foretune.vault.access.local_user", lambda: "ben")
    assert run("confirm", str(decision), "--reason", "agreed") == "Confirmed (both): leave/sick.md\n"
    [stands] = [row for row in rows("standing") if row["document"] == "leave/sick.md"]
    assert (stands["state"], stands["confirmed_by"]) == ("included", "ben")


def test_the_card_is_written_where_asked(project: Path) -> None:
    assert run("card").count("Wrote") == 3
    assert (project / "reports" / "card" / "croissant.json").exists()
    run("card", "--out", "elsewhere")
    assert (project / "elsewhere" / "README.md").exists()


@pytest.mark.usefixtures("project")
def test_long_lists_are_cut_at_the_terminal_and_whole_in_files() -> None:
    assert "and 2 more" in run("standing", "--limit", "1")
    assert "more" not in run("standing", "--limit", "0")
    assert len(rows("standing", "--limit", "1")) == 3


@pytest.mark.usefixtures("project")
def test_a_file_that_cannot_be_written_is_one_sentence() -> None:
    with pytest.raises(InputError, match="cannot be written"):
        run("standing", "--html", "nowhere/at/all.html")
