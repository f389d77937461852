"""What the card says, counted once for all its forms: numbers, names of rules and reasons, never document text."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import func, select

from foretune.governance.checks import CheckSettings
from foretune.governance.checks.personal import personal
from foretune.governance.edits import apply, mask
from foretune.governance.rulings import rulings
from foretune.governance.store import effective_label
from foretune.governance.types import POLICY, Edit, Standing, State
from foretune.plan.config import Config
from foretune.types import Document, Finding, Severity, Use
from foretune.vault import Vault, now
from foretune.vault.tables import checked, document, finding, set_aside, source

__all__ = ["CardFacts", "Reason", "card_facts"]

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why some documents stand where they do."""

    state: State
    why: str
    decided_by: str
    """``a person``, ``two people``, ``the policy`` or ``nobody``."""
    documents: int


@dataclass(frozen=True, slots=True)
class CardFacts:
    """The counts of one vault under one plan; documents the reader may not see are in none of them."""

    name: str
    vault_id: str
    made_at: str
    """UTC, ISO 8601."""
    config: Config
    read: int
    """Documents that could be read."""
    unreadable: Mapping[str, int]
    """Files that could not, by reason."""
    states: Mapping[State, int]
    uses: Mapping[Use, int]
    """Of the documents that go in."""
    characters: int
    """Of the documents that go in, as they were read."""
    reasons: Sequence[Reason]
    labels: Mapping[str, int]
    """Of the documents that go in; so are languages, kinds and dates."""
    languages: Mapping[str, int]
    media_types: Mapping[str, int]
    dates: Sequence[str]
    findings: Mapping[tuple[str, str], int]
    """By check and type, in all documents that were read."""
    severities: Mapping[Severity, int]
    redactions: int
    repairs: int
    sources: int
    checks: Sequence[str]
    """That were run."""

    @property
    def seen(self) -> int:
        """Files and records that were offered: what goes in, and all that was set aside."""
        return self.read + sum(self.unreadable.values())

    @property
    def goes_in(self) -> int:
        return self.states[State.INCLUDED] + self.states[State.REDACTED]

    @property
    def set_aside(self) -> int:
        """What does not go in: excluded, waiting, or never readable."""
        return self.states[State.EXCLUDED] + self.states[State.WAITING] + sum(self.unreadable.values())


def card_facts(vault: Vault, config: Config, *, name: str) -> CardFacts:
    """Count what the vault holds under the plan; reads no document's text."""
    with vault.reading() as connection:
        standings = [each.standing for each in rulings(vault, connection, config.governance)]
        inside = {each.document_id for each in standings if each.state.goes_on}
        length = func.length(document.c.text).label("characters")
        about = select(document.c.id, document.c.date, document.c.language, document.c.media_type, length)
        rows = [row for row in connection.execute(about) if row.id in inside]
        visible = vault.readable(effective_label())
        found = select(finding.c.check, finding.c.type, finding.c.severity, func.count()).join(document)
        by_kind = connection.execute(
            found.where(visible).group_by(finding.c.check, finding.c.type, finding.c.severity)
        ).all()
        unreadable = Counter(map(_general, connection.execute(select(set_aside.c.reason)).scalars()))
        checks = list(connection.execute(select(checked.c.check).distinct().order_by(checked.c.check)).scalars())
        sources = connection.execute(select(func.count()).select_from(source)).scalar_one()
    findings: Counter[tuple[str, str]] = Counter()
    severities: Counter[Severity] = Counter()
    for check, kind, severity, count in by_kind:
        findings[check, kind] += count
        severities[Severity(severity)] += count
    going = [each for each in standings if each.state.goes_on]
    return CardFacts(
        name=name,
        vault_id=vault.id,
        made_at=now(),
        config=config,
        read=len(standings),
        unreadable=_most_first(unreadable),
        states={state: sum(each.state is state for each in standings) for state in State},
        uses=_most_first(Counter(each.use or Use.BOTH for each in going)),
        characters=sum(row.characters for row in rows),
        reasons=_reasons(standings),
        labels=_most_first(Counter(each.label.value for each in going)),
        languages=_most_first(Counter(row.language for row in rows if row.language)),
        media_types=_most_first(Counter(row.media_type for row in rows)),
        dates=sorted(row.date for row in rows if row.date),
        findings=_most_first(findings),
        severities=severities,
        redactions=sum(each.redactions for each in going),
        repairs=sum(each.repairs for each in going),
        sources=sources,
        checks=checks,
    )


def _most_first(counts: Counter[Key]) -> dict[Key, int]:
    return dict(sorted(counts.items(), key=lambda each: (-each[1], str(each[0]))))


def _reasons(standings: Sequence[Standing]) -> tuple[Reason, ...]:
    masked = functools.cache(_masked)  # thousands of documents share a reason
    counts = Counter((each.state, _why(each, masked), _decided_by(each)) for each in standings)
    ordered = sorted(counts.items(), key=lambda each: (list(State).index(each[0][0]), -each[1], each[0][1]))
    return tuple(Reason(state, why, by, count) for (state, why, by), count in ordered)


def _why(each: Standing, masked: Callable[[str], str]) -> str:
    """A person's reason with nothing personal in it; of the policy its rule, whose own words may quote a document."""
    if each.needs is not None and each.state is State.WAITING:
        return "waits for a second person to confirm it"
    over = " (its last day is over)" if each.reason.startswith(f"the rule {each.rule} held until") else ""
    if each.rule.startswith("pattern "):  # what it looks for can be a name
        return f"rule: a pattern of the plan → {each.rule.rpartition(' → ')[2]}{over}"
    if each.rule:
        return f"rule: {each.rule}{over}"
    return masked(each.reason)


def _decided_by(each: Standing) -> str:
    if each.confirmed_by:
        return "two people"
    return {"": "nobody", POLICY: "the policy"}.get(each.by, "a person")


def _masked(words: str) -> str:
    page = Document(id="", source="", path="", content_hash="", text=words)
    edits = [
        Edit(each.start, each.end, mask(each.type), True)
        for each in personal(page, CheckSettings())
        if isinstance(each, Finding) and each.start is not None and each.end is not None
    ]
    return apply(words, edits)


def _general(reason: str) -> str:
    """The kind of a reason: without what it says of one file, its size or its name."""
    return _masked(reason.split(":")[0].split("(")[0].strip().rstrip("."))
