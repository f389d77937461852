"""``foretune review`` at the terminal and for other programs."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from sqlalchemy import select, update
from tests.governance.pages import put
from tests.helpers import ROOT
from typer.testing import CliRunner, Result

from foretune.cli.review import app
from foretune.errors import InputError, NothingToDoError
from foretune.governance import governed, validate_rules
from foretune.plan.config import Config, GovernanceSettings
from foretune.project import Project
from foretune.vault.tables import finding

PAGES = {
    "leave/annual.md": "Everybody has twenty-four days. Ask ana@firm.com. " * 8,
    "leave/sick.md": "Call in before nine. Your cafÃ© voucher stays valid. " * 8,
    "copy.md": "Call in before nine. Your cafÃ© voucher stays valid. " * 8,
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with three pages, and the command started in it."""
    folder = tmp_path / "hr"
    with Project.create(folder, Config()) as made:
        put(made.vault, PAGES)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "80")
    return folder


def run(*arguments: str) -> str:
    result: Result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None:
        raise result.exception
    return result.stdout


def rows(*arguments: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in run(*arguments, "--json").splitlines()]


@pytest.mark.usefixtures("project")
def test_the_overview_shows_checks_documents_and_standing() -> None:
    shown = run()
    assert shown.startswith("3 documents, 3 checked now: ")
    assert "personal   email" in shown
    assert "leave/annual.md" in shown
    assert "3 included, 0 redacted, 0 excluded, 0 waiting." in shown
    assert max(map(len, shown.splitlines())) <= 80
    assert run().startswith("3 documents: ")


@pytest.mark.usefixtures("project")
def test_findings_have_the_keys_that_other_programs_rely_on() -> None:
    found = rows("--check", "personal")
    assert {row["text"] for row in found} == {"ana@firm.com"}
    keys = ["document", "check", "type", "severity", "start", "end", "text", "score", "message", "related"]
    assert list(found[0])[: len(keys)] == keys
    assert found[0]["severity"] == "medium"
    [copied] = rows("--check", "duplicate")
    assert copied["related"] == [{"document": "copy.md", "start": None, "end": None, "text": ""}]


@pytest.mark.usefixtures("project")
def test_a_document_s_findings_show_text_and_repair() -> None:
    shown = run("--document", "leave/sick.md", "--check", "garbled")
    assert "“cafÃ©" in shown
    assert "→ “café" in shown


@pytest.mark.usefixtures("project")
def test_a_decision_is_said_listed_and_holds() -> None:
    run()
    assert run("exclude", "copy.md", "--reason", "a copy") == "Excluded: copy.md\n"
    assert run("include", "leave", "--use", "retrieval", "--reason", "rules").splitlines() == [
        "Included (retrieval): leave/annual.md",
        "Included (retrieval): leave/sick.md",
    ]
    states = {row["document"]: (row["state"], row["use"]) for row in rows("standing")}
    assert states == {
        "copy.md": ("excluded", None),
        "leave/annual.md": ("included", "retrieval"),
        "leave/sick.md": ("included", "retrieval"),
    }
    assert [row["reason"] for row in rows("history", "copy.md")] == ["a copy"]
    assert "a copy" in run("history")
    assert "copy.md" in run("standing", "--state", "excluded")


@pytest.mark.usefixtures("project")
def test_a_finding_is_redacted_by_its_id() -> None:
    finding = rows("--check", "personal")[0]
    assert run("redact", "--finding", str(finding["id"]), "--reason", "r") == "Redacted: leave/annual.md\n"
    [row] = rows("history")
    assert (row["decision"], row["replacement"], row["start"]) == ("redact", "[EMAIL]", finding["start"])


@pytest.mark.usefixtures("project")
def test_repairing_superseding_and_relabelling_are_said_too() -> None:
    run()
    assert run("repair", "leave/sick.md", "--reason", "r") == "Repaired: leave/sick.md\n"
    assert run("supersede", "copy.md", "--by", "leave/sick.md", "--reason", "r") == "Superseded: copy.md\n"
    assert run("relabel", "copy.md", "--label", "public", "--reason", "r") == "Relabelled (public): copy.md\n"


@pytest.mark.usefixtures("project")
def test_wrong_arguments_are_one_sentence() -> None:
    with pytest.raises(InputError, match="needs a reason"):
        run("exclude", "copy.md")
    with pytest.raises(InputError, match="No document matches 'drafts'"):
        run("exclude", "drafts", "--reason", "r")
    with pytest.raises(InputError, match="no state 'lost'"):
        run("standing", "--state", "lost")


def test_control_characters_of_a_document_do_not_reach_the_terminal(project: Path) -> None:
    with Project.open(project) as opened:
        put(opened.vault, {"evil\x1b[2J.md": "Write to \x1b[31mbo@firm.com " * 9})
    assert "\x1b" not in run("--document", "evil*") + run() + run("standing")


def test_the_rules_in_the_documentation_are_rules() -> None:
    text = (ROOT / "docs" / "review.md").read_text(encoding="utf-8")
    block = text.split("```toml\n")[1].split("```")[0]
    settings = GovernanceSettings(**tomllib.loads(block)["governance"])
    validate_rules(settings.rules)
    assert [each.action for each in settings.rules] == ["redact", "exclude", "repair", "redact", "include", "wait"]


@pytest.mark.usefixtures("project")
def test_what_is_about_all_documents_is_shown_and_has_no_document() -> None:
    assert "All documents together" in run()
    about_all = [row for row in rows() if row["check"] == "sufficiency"]
    assert {row["document"] for row in about_all} == {None}
    assert "next" in {row["type"] for row in about_all}
    assert "Collect next" in run("--check", "sufficiency")


def test_labels_go_out_to_a_sheet_and_come_in_again(project: Path) -> None:
    shown = run("--out", "labels.csv")
    assert "3 documents" in shown
    sheet = project / "labels.csv"
    sheet.write_text(sheet.read_text("utf-8-sig").replace("leave/sick.md,leave/sick.md,", "leave/sick.md,Sick leave,"))
    assert rows("--in", "labels.csv", "--reason", "better titles") == [
        {"document": "leave/sick.md", "outcome": "changed", "reason": ""}
    ]
    [made] = rows("history")
    assert (made["decision"], made["reason"]) == ("describe", "better titles")
    assert "0 changed, 3 as they were, 0 set aside" in run("--in", "labels.csv")


@pytest.mark.usefixtures("project")
def test_a_sheet_is_either_written_or_taken_in() -> None:
    with pytest.raises(InputError, match=r"either --out"):
        run("--out", "a.csv", "--in", "b.csv")


def test_two_places_that_disagree_are_shown_one_under_the_other(project: Path) -> None:
    with Project.open(project) as opened:
        put(
            opened.vault,
            {
                "leave/carry.md": "# Annual leave\n\nEmployees can carry over at most 240 hours of annual leave.",
                "leave/rules.md": "# Annual leave\n\nEmployees can carry over at most 200 hours of annual leave.",
            },
        )
    shown = " ".join(run("--check", "contradiction").split())
    assert "240 hours of annual leave.”" in shown
    assert "200 hours of annual leave.”" in shown


def test_findings_of_a_check_that_is_no_more_are_forgotten(project: Path) -> None:
    run()
    with Project.open(project) as opened, opened.vault.writing() as connection:
        connection.execute(update(finding).values(check="metadata").where(finding.c.check == "labels"))
    run()
    with Project.open(project) as opened, opened.vault.reading() as connection:
        assert "metadata" not in set(connection.execute(select(finding.c.check)).scalars())


def test_a_pseudonym_is_revealed_at_the_command_line(project: Path) -> None:
    plan = project / "foretune.toml"
    rule = '\n[[governance.rules]]\ncheck = "personal"\ntype = "email"\naction = "pseudonymise"\n'
    plan.write_text(plan.read_text(encoding="utf-8") + rule, encoding="utf-8")
    run()
    with Project.open(project) as opened:
        texts = [each.text for each in governed(opened.vault, opened.config.governance)]
    [pseudonym] = {word for text in texts for word in re.findall(r"\[EMAIL-\w+\]", text)}
    assert run("reveal", pseudonym) == "ana@firm.com\n"
    with pytest.raises(NothingToDoError, match="was erased, or has changed"):
        run("reveal", "[EMAIL-00000000]")
