"""A statement with its facts, as it is laid beside another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from foretune.evidence import Facts, PartialDate, Quantity, Span, clauses, facts, tokens
from foretune.evidence.text import word_list
from foretune.governance.contradiction.signature import canonical, subject
from foretune.governance.contradiction.statements import Statement

__all__ = ["LIGHT", "Comparison", "Difference", "Read", "comparison", "comparisons"]

LIGHT = frozenset(
    word_list(
        "process take need use make work time complet day get give allow busi calendar go come see ask request provid "
        "includ new first least total maximum minimum up"
    )
)
"""Stems that go with any value and say nothing of what it is a value of."""


@dataclass(frozen=True)
class Read:
    """A statement with its facts."""

    statement: Statement

    @cached_property
    def facts(self) -> Facts:
        return facts(self.statement.text)

    @cached_property
    def squeezed(self) -> str:
        """On one line, with straight apostrophes."""
        return " ".join(self.statement.text.replace("’", "'").split())

    def written(self, value: Quantity | PartialDate) -> str:
        """``value`` as the page has it."""
        made = self.statement.translation
        return value.text if made is None else made.written(value.start, value.end)

    def squeezed_written(self, start: int, end: int) -> str:
        """What the page has at a place of :attr:`squeezed`; a translation is on one line already."""
        made = self.statement.translation
        return self.squeezed[start:end] if made is None else made.written(start, end)

    @cached_property
    def wording(self) -> tuple[str, ...]:
        """Its content stems in order, values and words that go with any value left out."""
        return tuple(
            stem
            for word in tokens(self.statement.text)
            if not word.is_stop and (stem := canonical(word.stem)) in self.subject and stem not in LIGHT
        )

    @cached_property
    def beside(self) -> frozenset[str]:
        """Subject stems of the sentences beside it and of the list item it is read with."""
        return frozenset(subject(f"{self.statement.before} {self.statement.item}", None))

    @cached_property
    def above(self) -> frozenset[str]:
        """Subject stems of what it stands under and beside."""
        return self.beside | frozenset(subject(self.statement.under, None))

    @cached_property
    def subject(self) -> frozenset[str]:
        return frozenset(subject(self.statement.text, self.facts))

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(word.norm for word in tokens(self.statement.text))

    def near(self, value: Quantity | PartialDate) -> frozenset[str]:
        """Subject stems of the clause that ``value`` stands in."""
        whole = Span(self.statement.text, 0, len(self.statement.text))
        for part in clauses(whole):
            if part.start <= value.start < part.end:
                return frozenset(subject(part.text, None))
        return self.subject


@dataclass(frozen=True, slots=True)
class Difference:
    """What two statements say differently."""

    type: str
    one: str
    other: str
    """The two values, as written."""
    weight: float
    """0 to 1: how surely the two cannot both hold, given that both speak of the same thing."""


Comparison = Callable[[Read, Read], Iterator[Difference]]
"""What two statements of one thing say differently, for one kind of difference."""

comparisons: list[Comparison] = []
"""All registered, in the order of registration."""


def comparison(compare: Comparison) -> Comparison:
    """Register a kind of difference."""
    comparisons.append(compare)
    return compare
