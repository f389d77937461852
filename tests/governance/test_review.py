"""A review looks at what changed, can be killed at any time, and ends with the same findings."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select
from tests.governance.pages import put, read_pages
from tests.helpers import ROOT, shared

from foretune.corpus import documents
from foretune.errors import ConfigError, InputError
from foretune.governance import DecisionKind, State, decide, findings, forget, review, review_inputs, standing
from foretune.governance.checks import CorpusCheck, checks, registry
from foretune.governance.checks.duplicate import sign
from foretune.governance.signed import load
from foretune.plan.config import GovernanceSettings, Rule
from foretune.progress import Step
from foretune.types import Document, Label
from foretune.vault import Vault
from foretune.vault import tables as t

SETTINGS = GovernanceSettings()


def found(vault: Vault) -> set[tuple[str, str]]:
    return {(each.path, each.finding.id) for each in findings(vault)}


def languages(vault: Vault) -> set[str]:
    with vault.reading() as connection:
        return set(connection.execute(select(t.document.c.language)).scalars())


def test_every_document_is_looked_at_once(handbook: Vault) -> None:
    first = review(handbook, SETTINGS)
    assert (first.documents, first.checked) == (60, 60)
    assert first.total == len(findings(handbook)) > 60
    assert review(handbook, SETTINGS).checked == 0


def test_the_language_of_each_document_is_kept(handbook: Vault) -> None:
    review(handbook, SETTINGS)
    assert languages(handbook) <= {"en", ""}
    assert "en" in languages(handbook)


def test_findings_of_a_changed_document_are_replaced_and_the_others_stay(handbook: Vault) -> None:
    review(handbook, SETTINGS)
    before = found(handbook)
    changed = "18f/chapters/engineering.md"
    put(handbook, {changed: "Write to ana@firm.com. " * 12}, author="A", date="2024-01-01")
    summary = review(handbook, SETTINGS)
    assert summary.checked == 60  # comparing documents looks at all
    after = found(handbook)
    assert {each for each in before if each[0] != changed} == {each for each in after if each[0] != changed}
    assert {each.finding.text for each in findings(handbook, documents=[changed], checks=["personal"])} == {
        "ana@firm.com"
    }


def test_a_changed_setting_runs_only_the_checks_that_read_it(handbook: Vault) -> None:
    review(handbook, SETTINGS)
    with handbook.reading() as connection:
        before = dict(connection.execute(select(t.checked.c.check, t.checked.c.hash)).all())
    review(handbook, GovernanceSettings(min_characters=2000))
    with handbook.reading() as connection:
        after = dict(connection.execute(select(t.checked.c.check, t.checked.c.hash)).all())
    assert {name for name in before if before[name] != after[name]} == {"short"}


def test_the_inputs_of_a_review_change_when_it_has_something_to_do(handbook: Vault) -> None:
    before = review_inputs(handbook, SETTINGS)
    review(handbook, SETTINGS)
    assert review_inputs(handbook, SETTINGS) == before
    assert review_inputs(handbook, GovernanceSettings(near_duplicate=0.5)) != before
    put(handbook, {"new.md": "A new page."})
    assert review_inputs(handbook, SETTINGS) != before


def test_a_document_that_is_gone_takes_its_findings_and_its_cluster_along(handbook: Vault) -> None:
    text = " ".join(f"word{number}" for number in range(100))
    _, copy = put(handbook, {"one.md": text, "two.md": text})
    assert review(handbook, SETTINGS).clusters == 1
    with handbook.writing() as connection:
        connection.execute(delete(t.document).where(t.document.c.id == copy))
    assert review(handbook, SETTINGS).clusters == 0
    assert findings(handbook, checks=["duplicate"]) == []


def test_what_findings_elsewhere_say_of_an_erased_document_is_forgotten(handbook: Vault) -> None:
    text = " ".join(f"word{number}" for number in range(100))
    kept, _ = put(handbook, {"one.md": text, "two.md": text})
    review(handbook, SETTINGS)
    with handbook.writing() as connection:
        forget(connection, [kept])
        connection.execute(delete(t.document).where(t.document.c.id == kept))
    with handbook.reading() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM finding").all()
    assert not any("one.md" in str(row) for row in rows)
    waiting = [each.path for each in standing(handbook, SETTINGS) if each.state is State.WAITING]
    assert waiting == ["two.md"]
    review(handbook, SETTINGS)
    assert {each.state for each in standing(handbook, SETTINGS)} == {State.INCLUDED}


def test_only_the_checks_asked_for_are_run(handbook: Vault) -> None:
    review(handbook, SETTINGS, checks=["short", "labels"])
    assert {each.finding.check for each in findings(handbook)} == {"short", "labels"}


def test_what_is_found_is_the_same_whichever_documents_are_checked_together(vault: Vault) -> None:
    pages = {
        f"{n}.md": f"{words} {n} " * 20 for n, words in enumerate(["The leave of staff", "Der Urlaub für alle"] * 6)
    }
    pages["5.md"] = pages["5.md"].replace("für", "fÃ¼r")
    running = ["garbled", "language", "short"]
    for path, text in pages.items():
        put(vault, {path: text})
        review(vault, SETTINGS, checks=running)
    apart = found(vault), languages(vault)
    put(vault, {path: text + "." for path, text in pages.items()})
    review(vault, SETTINGS, checks=running)
    put(vault, pages)
    review(vault, SETTINGS, checks=running)
    assert (found(vault), languages(vault)) == apart
    assert {path for path, _ in apart[0]} >= {"5.md", "1.md"}


def test_an_unknown_check_is_refused(vault: Vault) -> None:
    with pytest.raises(InputError, match="no check called 'speling'"):
        review(vault, SETTINGS, checks=["speling"])


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Rule(check="speling", action="report"), "check of number 1 of governance.rules is 'speling'"),
        (
            Rule(check="personal", type="shoe_size", action="redact"),
            "type of number 1 of governance.rules is 'shoe_size'",
        ),
        (Rule(check="short", action="repair"), "is repair, which only garbled"),
        (Rule(check="garbled", action="redact"), "is redact, which only personal, pattern supports"),
    ],
)
def test_a_rule_that_can_never_do_anything_is_refused(vault: Vault, rule: Rule, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        review(vault, GovernanceSettings(rules=[rule]))


def test_an_empty_vault_has_nothing_to_review(vault: Vault) -> None:
    summary = review(vault, SETTINGS)
    assert (summary.documents, summary.checked, summary.total) == (0, 0, 0)


def test_a_label_a_person_gave_comes_back_after_the_document_was_read_again(handbook: Vault) -> None:
    review(handbook, SETTINGS)
    path = "18f/chapters/design.md"
    decide(handbook, [path], DecisionKind.RELABEL, reason="names of clients", label=Label.RESTRICTED)
    put(handbook, {path: "Another text."})  # comes with the label of its source
    review(handbook, SETTINGS)
    with handbook.reading() as connection:
        label = connection.execute(select(t.document.c.label).where(t.document.c.path == path)).scalar_one()
    assert label == "restricted"


class _Killer:
    """Ends the process as soon as a number of items has been reported as done."""

    def __init__(self, after: int) -> None:
        self.left = after

    @contextmanager
    def step(self, name: str, *, total: int | None, unit: str) -> Iterator[Step]:
        yield self

    def advance(self, items: int = 1) -> None:
        self.left -= items
        if self.left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def note(self, text: str) -> None:
        pass


def review_until_killed(folder: Path, after: int) -> None:
    """Run by a process of its own."""
    with Vault.open(folder) as vault:
        review(vault, SETTINGS, progress=_Killer(after))


@pytest.mark.parametrize("after", [0, 26, 41, 57])
def test_killed_and_run_again_it_ends_with_the_same_findings(vault: Vault, tmp_path: Path, after: int) -> None:
    pages = read_pages(shared("handbook-18f") / "corpus", limit=40)
    pages["copy.md"] = pages["about.md"] if "about.md" in pages else next(iter(pages.values()))
    put(vault, pages)
    with Vault.create(tmp_path / "undisturbed") as undisturbed:
        put(undisturbed, pages)
        review(undisturbed, SETTINGS)
        expected = found(undisturbed)
    command = (
        "from pathlib import Path; from tests.governance.test_review import review_until_killed; "
        f"review_until_killed(Path({str(vault.folder)!r}), {after})"
    )
    done = subprocess.run(
        [sys.executable, "-c", command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"},
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert found(vault) < expected
    review(vault, SETTINGS)
    assert found(vault) == expected


def test_adding_one_document_signs_that_one_only(handbook: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    signed: list[str] = []
    [check] = [each for each in checks() if each.name == "duplicate"]
    assert isinstance(check, CorpusCheck)

    def counting(documents: Sequence[Document]) -> Any:
        signed.extend(each.path for each in documents)
        return sign_all(documents)

    sign_all = check.sign_all
    monkeypatch.setitem(registry._checks, "duplicate", replace(check, sign_all=counting))
    text = " ".join(f"word{number}" for number in range(100))
    put(handbook, {"one.md": text})
    review(handbook, SETTINGS)
    assert len(signed) == 61
    signed.clear()
    put(handbook, {"two.md": text})
    assert review(handbook, SETTINGS).clusters == 1
    assert signed == ["two.md"]


def test_a_signature_goes_with_its_document_and_is_made_again_when_it_changes(handbook: Vault) -> None:
    def kept() -> dict[str, bytes]:
        with handbook.reading() as connection:
            return {row.document_id: row.value for row in connection.execute(select(t.signature))}

    review(handbook, SETTINGS)
    before = kept()
    assert len(before) == 60
    [changed] = put(handbook, {"18f/chapters/engineering.md": "Quite another text. " * 20})
    review(handbook, SETTINGS)
    assert {each for each in before if kept()[each] != before[each]} == {changed}
    with handbook.writing() as connection:
        connection.execute(delete(t.document).where(t.document.c.id == changed))
    assert kept().keys() == before.keys() - {changed}


def test_a_kept_signature_is_the_signature(handbook: Vault) -> None:
    review(handbook, SETTINGS)
    with handbook.reading() as connection:
        kept = {row.document_id: load(row.value) for row in connection.execute(select(t.signature))}
        for each in documents(handbook):
            assert sign(each) == kept[each.id]
