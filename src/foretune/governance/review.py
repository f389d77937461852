"""Running the checks: on what changed, resumably, one transaction for each batch of documents."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import Connection, and_, bindparam, delete, exists, func, or_, select, true, update
from sqlalchemy.dialects.sqlite import insert

from foretune.governance.checks import (
    CheckSettings,
    CorpusCheck,
    DocumentCheck,
    Inferred,
    Wanted,
    named,
    run_together,
)
from foretune.governance.checks import checks as all_checks
from foretune.governance.checks.registry import types_of_parts
from foretune.governance.corpus_findings import corpus_findings, forget_corpus_findings, keep_corpus_findings
from foretune.governance.descriptions import restore_descriptions
from foretune.governance.findings import count_findings
from foretune.governance.preview import remember_policy
from foretune.governance.rules import validate_rules
from foretune.governance.store import DOCUMENT_COLUMNS, document_of, effective_label, finding_row, version
from foretune.governance.types import ReviewSummary
from foretune.plan.config import GovernanceSettings
from foretune.progress import Progress, silent
from foretune.types import Document, Finding, digest
from foretune.vault import Vault
from foretune.vault.tables import checked, document, finding, signature

__all__ = ["forget", "review", "review_arrivals", "review_inputs", "warm_up"]

_FIRST_BATCH = 16
_BATCH_DOCUMENTS = 256
_BATCH_CHARACTERS = 4_000_000
_BATCH_SECONDS = 2.0
"""A batch has at most so many documents and characters, and takes about this long: what a kill can cost."""
_FEW = 500
"""Documents up to which what is known of each is asked for by name."""


def review(
    vault: Vault,
    settings: GovernanceSettings,
    *,
    languages: Sequence[str] = ("en",),
    wanted: Wanted | None = None,
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
    running = all_checks() if checks is None else named(checks)
    validate_rules(settings.rules)
    options = CheckSettings.of(settings, languages, wanted)
    _forget_former_checks(vault)
    _restore_labels(vault)
    restore_descriptions(vault)
    versions = _versions(vault)
    touched: set[str] = set()
    touched |= _check_documents(
        vault, [each for each in running if isinstance(each, DocumentCheck)], options, versions, progress
    )
    for each in running:
        if isinstance(each, CorpusCheck):
            touched |= _check_corpus(vault, each, options, versions, progress)
    if touched:
        with vault.writing() as connection:
            vault.record(
                connection, "review", "", {"checks": [each.name for each in running], "documents": len(touched)}
            )
    remember_policy(vault, settings)
    return ReviewSummary(
        len(versions), len(touched), count_findings(vault), _count_clusters(vault), corpus_findings(vault)
    )


def review_arrivals(
    vault: Vault,
    settings: GovernanceSettings,
    document_ids: Sequence[str],
    *,
    languages: Sequence[str] = ("en",),
    wanted: Wanted | None = None,
) -> bool:
    """Check a few documents that have just come in, each by itself, so that the policy can decide about them.

    What only a comparison of all documents shows, the next :func:`review` finds. Where a rule acts on such findings,
    it may exclude what was not compared: then nothing is done, and the documents wait for that review.

    Returns:
        Whether they were checked.

    Raises:
        ConfigError: a rule that could never do anything.
    """
    running = all_checks()
    comparing = [each for each in running if isinstance(each, CorpusCheck)]
    names = {each.part_of or each.name for each in comparing}
    if any(rule.check in names and rule.action != "report" for rule in settings.rules):
        return False
    validate_rules(settings.rules)
    options = CheckSettings.of(settings, languages, wanted)
    restore_descriptions(vault)
    versions = _versions(vault, document_ids)
    alone = [each for each in running if isinstance(each, DocumentCheck)]
    _check_documents(vault, alone, options, versions, silent)
    ids: list[dict[str, Any]] = [{"b_id": document_id} for document_id in versions]
    with vault.writing() as connection:
        for each in comparing:
            if ids:
                connection.execute(_forget_findings(each), ids)
            # Seen, but by no recipe: the next review compares them.
            _insert_marks(connection, ((one, each.name, f"{version}.") for one, version in versions.items()))
        vault.record(connection, "review", "", {"checks": [each.name for each in alone], "documents": len(versions)})
    return True


def warm_up(settings: GovernanceSettings, *, languages: Sequence[str] = ("en",)) -> None:
    """Load what the checks of single documents load when they first run."""
    options = CheckSettings.of(settings, languages)
    sample = Document("", "", "", "", "Mary Smith of 12 High Street met us on 4 March 2021.")
    for each in all_checks():
        if isinstance(each, DocumentCheck):
            list(each.run(sample, options))


def review_inputs(
    vault: Vault,
    settings: GovernanceSettings,
    *,
    languages: Sequence[str] = ("en",),
    wanted: Wanted | None = None,
) -> str:
    """Digest of all that findings depend on: documents, checks, and the settings that checks read.

    As long as it stays the same, a review has nothing to do. Reads no text.
    """
    options = CheckSettings.of(settings, languages, wanted)
    return digest(sorted(_versions(vault).items()), [each.recipe(options) for each in all_checks()])


def forget(connection: Connection, document_ids: Iterable[str]) -> None:
    """Remove, in the caller's transaction, what findings in other documents say of these: their paths, their words.

    For erasure: what stands in the documents' own rows goes with them. The other documents wait for the next review.
    """
    forget_corpus_findings(connection)
    wanted = list(document_ids)
    paths = select(document.c.path).where(document.c.id.in_(wanted))
    other = func.json_each(finding.c.related).table_valued("value").alias("other")
    pointing = exists().select_from(other).where(func.json_extract(other.c.value, "$.document").in_(paths))
    rows = connection.execute(select(finding.c.id, finding.c.document_id, finding.c.check).where(pointing)).all()
    for each in rows:
        mark = (checked.c.document_id == each.document_id) & (checked.c.check == each.check)
        connection.execute(delete(checked).where(mark))
        connection.execute(delete(finding).where(finding.c.id == each.id))


# -- what has to be looked at -------------------------------------------------------------------------


def _versions(vault: Vault, only: Sequence[str] | None = None) -> dict[str, str]:
    """The version of each document the reader may see (``only`` of these ids), by id, in order of path."""
    query = select(*DOCUMENT_COLUMNS).where(vault.readable(effective_label())).order_by(document.c.path, document.c.id)
    if only is not None:
        query = query.where(document.c.id.in_(only))
    with vault.reading() as connection:
        return {row.id: version(document_of(row)) for row in connection.execute(query).yield_per(500)}


def _seen(vault: Vault, check: str, versions: Mapping[str, str]) -> dict[str, str]:
    query = select(checked.c.document_id, checked.c.hash).where(checked.c.check == check)
    if len(versions) <= _FEW:  # else reading all marks is quicker
        query = query.where(checked.c.document_id.in_(versions))
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


def _read_all(vault: Vault, document_ids: Sequence[str]) -> list[Document]:
    """The documents with their texts, in this order."""
    query = select(*DOCUMENT_COLUMNS, document.c.text).where(document.c.id.in_(document_ids))
    with vault.reading() as connection:
        read = {row.id: document_of(row, text=row.text) for row in connection.execute(query)}
    return [read[document_id] for document_id in document_ids]


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
    stale: dict[str, list[str]] = {}
    marks = {each.name: _Marks.of(versions, each.recipe(options)) for each in wanted}
    for each in wanted:
        seen = _seen(vault, each.name, versions)
        for document_id in versions:
            if seen.get(document_id) != marks[each.name][document_id]:
                stale.setdefault(document_id, []).append(each.name)
    if not stale:
        return set()
    waiting = [document_id for document_id in versions if document_id in stale]
    with progress.step("checking", total=len(waiting), unit="documents") as step:
        for some in _batches(waiting, _lengths(vault)):
            outcomes = _run(_read_all(vault, some), wanted, stale, options, marks)
            with vault.writing() as connection:
                for outcome in outcomes:
                    _write(connection, outcome)
            step.advance(len(some))
    return set(stale)


def _run(
    documents: list[Document],
    wanted: Sequence[DocumentCheck],
    stale: Mapping[str, Sequence[str]],
    options: CheckSettings,
    marks: Mapping[str, _Marks],
) -> list[_Outcome]:
    """Check by check, each on all documents that wait for it: many at once take less than one by one."""
    outcomes = [
        _Outcome(each.id, {name: marks[name][each.id] for name in stale[each.id]}, [], []) for each in documents
    ]
    for check in wanted:
        mine = [at for at, each in enumerate(documents) if check.name in outcomes[at].marks]
        for at, results in run_together(check, documents, mine, options):
            outcomes[at].findings += [each for each in results if isinstance(each, Finding)]
            outcomes[at].inferred += [each for each in results if isinstance(each, Inferred)]
    return outcomes


def _lengths(vault: Vault) -> dict[str, int]:
    """Characters of each document."""
    query = select(document.c.id, func.length(document.c.text).label("length"))
    with vault.reading() as connection:
        return {row.id: row.length for row in connection.execute(query)}


def _batches(document_ids: Sequence[str], lengths: Mapping[str, int]) -> Iterator[list[str]]:
    """Documents to be checked together: as many as the last ones say take :data:`_BATCH_SECONDS`."""
    size, at = _FIRST_BATCH, 0
    while at < len(document_ids):
        some: list[str] = []
        characters = 0
        while at < len(document_ids) and len(some) < size:
            characters += lengths[document_ids[at]]
            if some and characters > _BATCH_CHARACTERS:
                break
            some.append(document_ids[at])
            at += 1
        began = time.monotonic()
        yield some
        each = (time.monotonic() - began) / len(some)
        size = max(1, min(_BATCH_DOCUMENTS, 2 * size, int(_BATCH_SECONDS / max(each, 1e-6))))


def _write(connection: Connection, outcome: _Outcome) -> None:
    for name in outcome.marks:
        mine = and_(finding.c.document_id == outcome.document_id, finding.c.check == name)
        connection.execute(delete(finding).where(mine, finding.c.type.not_in(types_of_parts(name))))
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
    seen = _seen(vault, check.name, versions)
    if all(seen.get(document_id) == marks[document_id] for document_id in versions):
        return set()
    signed = _signed(vault, check, versions, progress)
    with progress.step(f"comparing ({check.name})", total=len(versions), unit="documents") as step:
        found = list(check.compare(signed, _text_of(vault), options))
        step.advance(len(versions))
    with vault.writing() as connection:
        ids: list[dict[str, Any]] = [{"b_id": document_id} for document_id in versions]
        connection.execute(_forget_findings(check), ids)
        _insert_findings(connection, (each for each in found if each.document_id))
        keep_corpus_findings(vault, connection, check.name, [each for each in found if not each.document_id])
        _insert_marks(connection, ((document_id, check.name, marks[document_id]) for document_id in versions))
    return set(versions)


def _signed(vault: Vault, check: CorpusCheck, versions: dict[str, str], progress: Progress) -> list[Any]:
    """The signature of each document: as it was kept, or made now and kept."""
    marks = _Marks.of(versions, check.name, check.version)
    kept: dict[str, Any] = {}
    if check.load is not None:
        query = select(signature).where(signature.c.check == check.name)
        with vault.reading() as connection:
            for row in connection.execute(query).yield_per(500):
                if row.document_id in versions and row.hash == marks[row.document_id]:
                    kept[row.document_id] = check.load(row.value)
    missing = [document_id for document_id in versions if document_id not in kept]
    if missing:
        with progress.step(f"signing ({check.name})", total=len(missing), unit="documents") as step:
            for some in _batches(missing, _lengths(vault)):
                documents = _read_all(vault, some)
                made = dict(zip(some, check.sign_all(documents), strict=True))
                _keep(vault, check, marks, made)
                kept |= made
                step.advance(len(some))
    return [kept[document_id] for document_id in versions]


def _keep(vault: Vault, check: CorpusCheck, marks: _Marks, made: Mapping[str, Any]) -> None:
    if check.dump is None:
        return
    rows = [
        {"document_id": document_id, "check": check.name, "hash": marks[document_id], "value": check.dump(signed)}
        for document_id, signed in made.items()
    ]
    statement = insert(signature)
    values = {"hash": statement.excluded.hash, "value": statement.excluded.value}
    with vault.writing() as connection:
        connection.execute(statement.on_conflict_do_update(index_elements=["document_id", "check"], set_=values), rows)


def _forget_findings(check: CorpusCheck) -> Any:
    mine = and_(finding.c.document_id == bindparam("b_id"), finding.c.check == (check.part_of or check.name))
    return delete(finding).where(
        mine, or_(*(finding.c.type == kind for kind in check.types)) if check.part_of else true()
    )


def _text_of(vault: Vault) -> Callable[[str], str]:
    def text(document_id: str) -> str:
        with vault.reading() as connection:
            return str(connection.execute(select(document.c.text).where(document.c.id == document_id)).scalar_one())

    return text


def _forget_former_checks(vault: Vault) -> None:
    """Remove what was found by checks that this version no longer has, or calls otherwise."""
    names = [each.name for each in all_checks()]
    former = [table.c.check.not_in(names) for table in (finding, checked, signature)]
    with vault.reading() as connection:
        if not any(connection.execute(select(exists().where(condition))).scalar_one() for condition in former):
            return
    with vault.writing() as connection:
        for table, condition in zip((finding, checked, signature), former, strict=True):
            connection.execute(delete(table).where(condition))


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
