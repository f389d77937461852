"""Running the checks: on what changed, resumably, one transaction for each batch of documents."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from sqlalchemy import Connection, and_, bindparam, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from foretune.governance.checks import (
    Check,
    CheckSettings,
    CorpusCheck,
    DocumentCheck,
    Inferred,
    named,
)
from foretune.governance.checks import checks as all_checks
from foretune.governance.findings import count_findings
from foretune.governance.preview import remember_policy
from foretune.governance.rules import validate_rules
from foretune.governance.store import DOCUMENT_COLUMNS, document_of, effective_label, finding_row, version
from foretune.governance.types import ReviewSummary
from foretune.plan.config import GovernanceSettings
from foretune.progress import Progress, silent
from foretune.types import Document, Finding, digest
from foretune.vault import Vault
from foretune.vault.tables import checked, document, finding

__all__ = ["forget", "review", "review_inputs"]

_BATCH_DOCUMENTS = 64
_BATCH_SECONDS = 2.0
"""A batch is written when it has this many documents or has taken this long: what a kill can cost."""


def review(
    vault: Vault,
    settings: GovernanceSettings,
    *,
    languages: Sequence[str] = ("en",),
    checks: Sequence[str] | None = None,
    progress: Progress = silent,
) -> ReviewSummary:
    """Run ``checks`` (all by default) on every document they have not seen as it is now.

    What a check found in a document before is replaced. Stopped at any time and run again, it goes on where
    it was and ends with the same findings.

    Raises:
        InputError: there is no such check.
        ConfigError: a rule that could never do anything.
    """
    wanted = all_checks() if checks is None else named(checks)
    validate_rules(settings.rules)
    options = CheckSettings.of(settings, languages)
    _restore_labels(vault)
    versions = _versions(vault)
    touched: set[str] = set()
    touched |= _check_documents(
        vault, [each for each in wanted if isinstance(each, DocumentCheck)], options, versions, progress
    )
    for each in wanted:
        if isinstance(each, CorpusCheck):
            touched |= _check_corpus(vault, each, options, versions, progress)
    if touched:
        with vault.writing() as connection:
            vault.record(
                connection, "review", "", {"checks": [each.name for each in wanted], "documents": len(touched)}
            )
    remember_policy(vault, settings)
    return ReviewSummary(len(versions), len(touched), count_findings(vault), _count_clusters(vault))


def review_inputs(vault: Vault, settings: GovernanceSettings, *, languages: Sequence[str] = ("en",)) -> str:
    """Digest of all that findings depend on: documents, checks, and the settings that checks read.

    As long as it stays the same, a review has nothing to do. Reads no text.
    """
    options = CheckSettings.of(settings, languages)
    return digest(sorted(_versions(vault).items()), [each.recipe(options) for each in all_checks()])


def forget(connection: Connection, document_ids: Iterable[str]) -> None:
    """Remove, in the caller's transaction, what findings in other documents say of these: their paths.

    For erasure: what stands in the documents' own rows goes with them. The other documents wait for the next review.
    """
    keeper = func.json_extract(finding.c.evidence, "$.keeper")
    for document_id in document_ids:
        pointing = select(finding.c.document_id).where(keeper == document_id)
        connection.execute(delete(checked).where(checked.c.check == "duplicate", checked.c.document_id.in_(pointing)))
        connection.execute(delete(finding).where(keeper == document_id))


# -- what has to be looked at -------------------------------------------------------------------------


def _versions(vault: Vault) -> dict[str, str]:
    """The version of each document the reader may see, by id, in order of path."""
    query = select(*DOCUMENT_COLUMNS).where(vault.readable(effective_label())).order_by(document.c.path, document.c.id)
    with vault.reading() as connection:
        return {row.id: version(document_of(row)) for row in connection.execute(query).yield_per(500)}


def _seen(vault: Vault, check: str) -> dict[str, str]:
    query = select(checked.c.document_id, checked.c.hash).where(checked.c.check == check)
    with vault.reading() as connection:
        return {row.document_id: row.hash for row in connection.execute(query)}


@dataclass(frozen=True, slots=True)
class _Marks:
    """What the ``checked`` table keeps for a check: the version of the document first, then that of the check."""

    versions: Mapping[str, str]
    recipe: str

    @classmethod
    def of(cls, versions: Mapping[str, str], *recipe: object) -> Self:
        return cls(versions, digest(*recipe)[:16])

    def __getitem__(self, document_id: str) -> str:
        return f"{self.versions[document_id]}.{self.recipe}"


def _read(connection: Connection, document_id: str) -> Document:
    row = connection.execute(select(*DOCUMENT_COLUMNS, document.c.text).where(document.c.id == document_id)).one()
    return document_of(row, text=row.text)


# -- document checks ------------------------------------------------------------------------------------


@dataclass
class _Outcome:
    """What the stale checks of one document came to."""

    document_id: str
    marks: dict[str, str]
    findings: list[Finding]
    inferred: list[Inferred]


def _check_documents(
    vault: Vault,
    wanted: Sequence[DocumentCheck],
    options: CheckSettings,
    versions: dict[str, str],
    progress: Progress,
) -> set[str]:
    stale: dict[str, list[DocumentCheck]] = {}
    marks = {each.name: _Marks.of(versions, each.recipe(options)) for each in wanted}
    for each in wanted:
        seen = _seen(vault, each.name)
        for document_id in versions:
            if seen.get(document_id) != marks[each.name][document_id]:
                stale.setdefault(document_id, []).append(each)
    if not stale:
        return set()
    with progress.step("checking", total=len(stale), unit="documents") as step:

        def outcomes() -> Iterator[_Outcome]:
            for document_id in versions:
                if document_id in stale:
                    with vault.reading() as connection:
                        read = _read(connection, document_id)
                    yield _run(read, stale[document_id], options, marks)

        for batch in _batches(outcomes()):
            with vault.writing() as connection:
                for outcome in batch:
                    _write(connection, outcome)
            step.advance(len(batch))
    return set(stale)


def _run(
    read: Document, wanted: Sequence[DocumentCheck], options: CheckSettings, marks: Mapping[str, _Marks]
) -> _Outcome:
    outcome = _Outcome(read.id, {each.name: marks[each.name][read.id] for each in wanted}, [], [])
    for check in wanted:
        for result in check.run(read, options):
            if isinstance(result, Finding):
                outcome.findings.append(result)
            else:
                outcome.inferred.append(result)
                read = replace(read, **{result.field: result.value})  # type: ignore[arg-type]  # for later checks
    return outcome


def _batches(outcomes: Iterable[_Outcome]) -> Iterator[list[_Outcome]]:
    batch: list[_Outcome] = []
    began = time.monotonic()
    for outcome in outcomes:
        batch.append(outcome)
        if len(batch) >= _BATCH_DOCUMENTS or time.monotonic() - began > _BATCH_SECONDS:
            yield batch
            batch, began = [], time.monotonic()
    if batch:
        yield batch


def _write(connection: Connection, outcome: _Outcome) -> None:
    mine = and_(finding.c.document_id == outcome.document_id, finding.c.check.in_(outcome.marks))
    connection.execute(delete(finding).where(mine))
    _insert_findings(connection, outcome.findings)
    _insert_marks(connection, [(outcome.document_id, name, mark) for name, mark in outcome.marks.items()])
    if outcome.inferred:
        values = {each.field: each.value for each in outcome.inferred}
        connection.execute(update(document).where(document.c.id == outcome.document_id).values(**values))


def _insert_findings(connection: Connection, found: Iterable[Finding]) -> None:
    rows = {each.id: finding_row(each) for each in found}
    if rows:
        connection.execute(insert(finding), list(rows.values()))


def _insert_marks(connection: Connection, marks: Iterable[tuple[str, str, str]]) -> None:
    rows = [{"document_id": i, "check": name, "hash": mark} for i, name, mark in marks]
    if rows:
        statement = insert(checked)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["document_id", "check"], set_={"hash": statement.excluded.hash}
            ),
            rows,
        )


# -- corpus checks --------------------------------------------------------------------------------------


def _check_corpus(
    vault: Vault, check: CorpusCheck, options: CheckSettings, versions: dict[str, str], progress: Progress
) -> set[str]:
    marks = _Marks.of(versions, check.recipe(options), sorted(versions.items()))
    seen = _seen(vault, check.name)
    if all(seen.get(document_id) == marks[document_id] for document_id in versions):
        return set()
    signed = []
    with progress.step(f"comparing ({check.name})", total=len(versions), unit="documents") as step:
        for document_id in versions:
            with vault.reading() as connection:
                signed.append(check.sign(_read(connection, document_id)))
            step.advance()
        found = list(check.compare(signed, _text_of(vault), options))
    with vault.writing() as connection:
        ids: list[dict[str, Any]] = [{"b_id": document_id} for document_id in versions]
        connection.execute(_forget_findings(check), ids)
        _insert_findings(connection, found)
        _insert_marks(connection, ((document_id, check.name, marks[document_id]) for document_id in versions))
    return set(versions)


def _forget_findings(check: Check) -> Any:
    return delete(finding).where(finding.c.document_id == bindparam("b_id"), finding.c.check == check.name)


def _text_of(vault: Vault) -> Callable[[str], str]:
    def text(document_id: str) -> str:
        with vault.reading() as connection:
            return str(connection.execute(select(document.c.text).where(document.c.id == document_id)).scalar_one())

    return text


# -- besides ------------------------------------------------------------------------------------------


def _restore_labels(vault: Vault) -> None:
    """A document that was read again has its source's label: put back what a person decided."""
    changed = document.c.label != effective_label()
    with vault.reading() as connection:
        if not connection.execute(select(func.count()).select_from(document).where(changed)).scalar_one():
            return
    with vault.writing() as connection:
        connection.execute(update(document).where(changed).values(label=effective_label()))


def _count_clusters(vault: Vault) -> int:
    cluster = func.json_extract(finding.c.evidence, "$.cluster")
    query = (
        select(func.count(cluster.distinct()))
        .select_from(finding.join(document, document.c.id == finding.c.document_id))
        .where(finding.c.check == "duplicate", vault.readable(effective_label()))
    )
    with vault.reading() as connection:
        return int(connection.execute(query).scalar_one())
