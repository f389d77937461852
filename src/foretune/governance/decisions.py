"""What people decide: appended, never changed, each with its reason, its author and an event in the audit log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy import Connection, func, select

from foretune.errors import InputError
from foretune.governance.edits import mask
from foretune.governance.record import record
from foretune.governance.selection import EVERYTHING, Filter, Selected, documents_matching
from foretune.governance.store import decision_of, effective_label, finding_of
from foretune.governance.types import Decision, DecisionKind
from foretune.types import Finding, Label, Use
from foretune.vault import Vault
from foretune.vault.tables import decision, document, finding

__all__ = ["decide", "decisions"]


def decide(
    vault: Vault,
    documents: Sequence[str],
    kind: DecisionKind,
    *,
    reason: str,
    only: Filter = EVERYTHING,
    use: Use | None = None,
    label: Label | None = None,
    findings: Sequence[str] = (),
    spans: Sequence[tuple[int, int]] = (),
    replacement: str = "",
    four_eyes: bool = False,
    dry_run: bool = False,
) -> list[Decision]:
    """Decide about every document that ``documents`` names and ``only`` fits (see :mod:`~.selection`).

    Args:
        kind: a verdict (include, exclude, supersede, wait), a redaction, a repair or a relabelling. The newest
            verdict and the newest label of a document hold; redactions and repairs of different places add up.
        reason: why; shown wherever the decision is, and required.
        only: a condition on the documents; of a redaction or a repair, on the findings as well.
        use: of an inclusion; retrieval and tuning both if not given.
        label: of a relabelling.
        findings: ids of findings to redact or repair. Without ``findings``, ``spans`` and a condition on findings,
            everything personal (or repairable) that is found in the documents is meant, in later versions too.
        spans: places to redact, start and end in code points, of one document.
        replacement: what takes the place of what is redacted, instead of the mask of its type; the text a repair
            writes; of a supersession, the newer document.
        four_eyes: whether to include a restricted document, or to lower its label, waits for a second person
            (see :func:`~.agreement.confirm`).
        dry_run: store nothing; the decisions have no id.

    Returns:
        The decisions as stored, in order of path.

    Raises:
        InputError: no reason, a document or finding there is not, arguments that do not fit the kind, or a document
            that was changed in the meantime.
    """
    if not reason.strip():
        raise InputError("A decision needs a reason: give one with --reason.")
    chosen = documents_matching(vault, documents, only) if documents or only else []
    with vault.reading() as connection:
        if only.of_findings and not kind.is_verdict and kind in _OF_PLACES:
            fitting = _fitting(vault, connection, only, {each.id for each in chosen}, kind)
            if chosen and not fitting:
                raise InputError("None of these findings offers a repair: change the documents and add them again.")
            findings = [*findings, *fitting]
        named = _findings(vault, connection, findings)
    chosen = _with_documents_of(vault, chosen, named)
    if not chosen:
        raise InputError("Nothing to decide about: give a document's path, or a finding's id with --finding.")
    draft = _draft(vault, kind, reason.strip(), use, label, replacement, named, spans, chosen)
    made = [
        _for_two(each, selected, four_eyes=four_eyes)
        for selected in chosen
        for each in _for_document(vault, draft, selected, named, spans)
    ]
    if dry_run:
        return made
    with vault.writing() as connection:
        return record(vault, connection, made)


_OF_PLACES = (DecisionKind.REDACT, DecisionKind.REPAIR)


def _fitting(
    vault: Vault, connection: Connection, only: Filter, document_ids: set[str], kind: DecisionKind
) -> list[str]:
    """Findings in these documents that fit; of a repair, those that offer one."""
    offers = [func.json_type(finding.c.evidence, "$.repair").is_not(None)] if kind is DecisionKind.REPAIR else []
    query = (
        select(finding.c.id, finding.c.document_id)
        .join(document, document.c.id == finding.c.document_id)
        .where(*only.fits(), *offers, vault.readable(effective_label()))
        .order_by(document.c.path, finding.c.start, finding.c.id)
    )
    return [row.id for row in connection.execute(query) if row.document_id in document_ids]


def _for_two(each: Decision, selected: Selected, *, four_eyes: bool) -> Decision:
    """The decision, made to wait for a second person where two have to agree."""
    if each.kind is DecisionKind.RELABEL:
        each = replace(each, text=selected.label.value)
    if not four_eyes or selected.label is not Label.RESTRICTED:
        return each
    if each.kind is DecisionKind.INCLUDE:
        return replace(each, pending=True)
    if each.kind is DecisionKind.RELABEL and each.label is not Label.RESTRICTED:
        return replace(each, kind=DecisionKind.DOWNGRADE, pending=True)
    return each


def decisions(vault: Vault, documents: Iterable[str] = ()) -> list[Decision]:
    """What people decided, oldest first; of all documents the reader may see, or of those named.

    Raises:
        InputError: a name that matches no document.
    """
    query = (
        select(decision, document.c.path)
        .join(document, document.c.id == decision.c.document_id)
        .where(vault.readable(effective_label()))
        .order_by(decision.c.id)
    )
    if patterns := list(documents):
        query = query.where(decision.c.document_id.in_([each.id for each in documents_matching(vault, patterns)]))
    with vault.reading() as connection:
        return [decision_of(row, path=row.path) for row in connection.execute(query)]


def _findings(vault: Vault, connection: Connection, ids: Sequence[str]) -> list[Finding]:
    found = {}
    for start in range(0, len(ids), 500):
        query = (
            select(finding)
            .join(document, document.c.id == finding.c.document_id)
            .where(finding.c.id.in_(ids[start : start + 500]), vault.readable(effective_label()))
        )
        found.update({row.id: finding_of(row) for row in connection.execute(query)})
    for each in ids:
        if each not in found:
            raise InputError(f"There is no finding {each!r} (any more): `foretune review` lists what there is.")
    return [found[each] for each in dict.fromkeys(ids)]


def _with_documents_of(vault: Vault, chosen: list[Selected], named: Sequence[Finding]) -> list[Selected]:
    """The documents named, or else those of the findings.

    Raises:
        InputError: a finding is of none of the documents named.
    """
    owners = list(dict.fromkeys(each.document_id for each in named))
    if not chosen:
        return documents_matching(vault, owners) if owners else []
    ids = {each.id for each in chosen}
    for each in named:
        if each.document_id not in ids:
            raise InputError(f"The finding {each.id} is not in the documents you named: leave the paths out.")
    return [each for each in chosen if each.id in owners] if named else chosen


def _draft(
    vault: Vault,
    kind: DecisionKind,
    reason: str,
    use: Use | None,
    label: Label | None,
    replacement: str,
    named: Sequence[Finding],
    spans: Sequence[tuple[int, int]],
    chosen: Sequence[Selected],
) -> Decision:
    """What all decisions of one call have in common, once the arguments fit together."""
    if use is not None and kind is not DecisionKind.INCLUDE:
        raise InputError("Only an inclusion has a use: leave --use out.")
    if label is not None and kind is not DecisionKind.RELABEL:
        raise InputError("Only a relabelling has a label: leave --label out.")
    if kind is DecisionKind.RELABEL and label is None:
        raise InputError(f"Which label? Give one with --label: {', '.join(Label)}.")
    if (named or spans) and kind.is_verdict:
        raise InputError(f"To {kind} is about whole documents: name them by their paths.")
    if spans and len(chosen) != 1:
        raise InputError("Places are of one document: name exactly one.")
    if kind is DecisionKind.REPAIR and spans and not replacement:
        raise InputError("What should it be? Give the text that the repair writes.")
    if kind is DecisionKind.SUPERSEDE:
        newer = documents_matching(vault, [replacement]) if replacement else []
        if len(newer) != 1 or newer[0].id in {each.id for each in chosen}:
            raise InputError("Which document replaces it? Name exactly one other document.")
        replacement = newer[0].id
    return Decision(
        "",
        kind,
        reason,
        actor=vault.principal.name,
        use=(use or Use.BOTH) if kind is DecisionKind.INCLUDE else None,
        label=label,
        replacement=replacement,
    )


def _for_document(
    vault: Vault, draft: Decision, selected: Selected, named: Sequence[Finding], spans: Sequence[tuple[int, int]]
) -> list[Decision]:
    """The draft made out to a document: one decision, or one for each finding or place."""
    whole = replace(draft, document_id=selected.id, document_hash=selected.content_hash, path=selected.path)
    mine = [each for each in named if each.document_id == selected.id]
    made = []
    for each in mine:
        instead = draft.replacement
        if draft.kind is DecisionKind.REDACT:
            if not each.text:
                raise InputError(f"The finding {each.id} marks no text that could be redacted.")
            instead = instead or mask(each.type)
        elif draft.kind is DecisionKind.REPAIR:
            if not instead and "repair" not in each.evidence:
                raise InputError(f"The finding {each.id} comes with no repair: change the document and add it again.")
            instead = instead or str(each.evidence["repair"])
        made.append(
            replace(whole, finding_id=each.id, start=each.start, end=each.end, text=each.text, replacement=instead)
        )
    if spans:
        with vault.reading() as connection:
            text = connection.execute(select(document.c.text).where(document.c.id == selected.id)).scalar_one()
        for start, end in spans:
            if not 0 <= start < end <= len(text):
                raise InputError(f"{selected.path} has {len(text)} characters: there is no place {start} to {end}.")
            instead = draft.replacement or ("[REDACTED]" if draft.kind is DecisionKind.REDACT else "")
            made.append(replace(whole, start=start, end=end, text=text[start:end], replacement=instead))
    return made or [whole]
