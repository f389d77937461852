"""Contradictions: places that say different things about the same thing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from foretune.evidence import squash
from foretune.governance.checks.registry import CheckSettings, corpus_check
from foretune.governance.contradiction import (
    Disagreement,
    Judge,
    Misspelling,
    Page,
    Signed,
    WrongTarget,
    disagreements,
    misspellings,
    sign_text,
    variants,
    wrong_targets,
)
from foretune.governance.contradiction.identifiers import Identifier
from foretune.types import Document, Finding, Related, Severity

__all__ = ["contradiction", "contradictions", "sign"]

CHECK = "contradiction"
TYPES = {
    "number": Severity.MEDIUM,
    "amount": Severity.MEDIUM,
    "date": Severity.MEDIUM,
    "name": Severity.MEDIUM,
    "link": Severity.MEDIUM,
    "yesno": Severity.MEDIUM,
    "negation": Severity.MEDIUM,
    "condition": Severity.MEDIUM,
}
_PLACES = 8
"""Places with the usual spelling that a finding points to."""
_LINK_SCORE = 0.9
_HEADING = re.compile(r"\A\s*#\s+(.{1,200})$", re.MULTILINE)
_ANY_HEADING = re.compile(r"^#{1,6}\s+(.{1,200})$", re.MULTILINE)
_BRACKETS = re.compile(r"\([^()]*\)")
_LONGEST_VALUE = 60


def sign(document: Document) -> Signed:
    """The statements of a document as places, hashed words and kinds of fact: about 100 bytes a sentence."""
    heading = _HEADING.match(document.text)
    title = document.title or (heading[1].strip() if heading else "")
    return sign_text(document.id, document.path, title, document.text)


@corpus_check(CHECK, types=TYPES, sign=sign, columns=("text", "title", "path"), version=2)
def contradiction(signed: Sequence[Signed], text: Callable[[str], str], _: CheckSettings) -> Iterable[Finding]:
    """Places that say different things about the same thing, on one page or on two.

    *number*, *amount*, *date*: two values for what is otherwise the same statement. *yesno*, *negation*: one
    allows what the other forbids. *condition*: one says "the same or lower" where the other says "the same".
    *name*: a channel, address or code in two spellings. *link*: a link that names one page and opens another.
    One finding a pair: the first place carries it and points to the second.
    """
    return contradictions(signed, text)


def contradictions(
    signed: Sequence[Signed], text: Callable[[str], str], judge: Judge | None = None
) -> Iterator[Finding]:
    """The findings; ``judge`` may throw out pairs of statements that do not disagree after all."""
    ordered = sorted(signed, key=lambda each: (each.path, each.id))
    for disagreement in disagreements(ordered, text, judge):
        yield _of_statements(ordered, text, disagreement)
    for misspelling in misspellings([each.identifiers for each in ordered]):
        yield _of_spelling(
            ordered, text, misspelling, [each.identifiers for each in ordered], "writes the {kind} {name}"
        )
    for variant in variants([each.expansions for each in ordered]):
        yield _of_spelling(ordered, text, variant, [each.expansions for each in ordered], "spells out {kind} as {name}")
    pages = [Page(each.path, each.title, each.links) for each in ordered]
    for wrong in wrong_targets(pages):
        if not _holds(text(ordered[wrong.opens].id), ordered[wrong.names].title):
            yield _of_link(ordered, text, wrong)


def _holds(text: str, title: str) -> bool:
    """True where a page has a section with the title of another page."""
    named = squash(_BRACKETS.sub("", title))
    return any(named in squash(line[1]) for line in _ANY_HEADING.finditer(text))


def _of_statements(signed: Sequence[Signed], text: Callable[[str], str], found: Disagreement) -> Finding:
    one, other = signed[found.one], signed[found.other]
    a, b = found.said, found.also_said
    difference = found.difference
    return Finding(
        one.id,
        CHECK,
        difference.type,
        TYPES[difference.type],
        _sentence(one.path, other.path, difference.one, difference.other, difference.type),
        a.start,
        a.end,
        text(one.id)[a.start : a.end],
        found.score,
        (Related(other.path, b.start, b.end, text(other.id)[b.start : b.end]),),
        {
            "values": [difference.one, difference.other],
            "likeness": round(found.likeness, 4),
            "documents": [other.id],
            **({"item": a.item or b.item} if a.item or b.item else {}),
        },
    )


def _sentence(one: str, other: str, mine: str, theirs: str, kind: str) -> str:
    mine, theirs = _short(mine), _short(theirs)
    if kind == "negation":
        says, denies = (other, one) if mine else (one, other)
        if one == other:
            return f"{one} says it in one place and denies it in another (“{mine or theirs}”)."
        return f"{denies} denies (“{mine or theirs}”) what {says} says."
    if one == other:
        return f"{one} says {mine} in one place and {theirs} in another."
    return f"{one} says {mine}, {other} says {theirs}."


def _short(value: str) -> str:
    value = " ".join(value.split())
    return value if len(value) <= _LONGEST_VALUE else value[: _LONGEST_VALUE - 1] + "…"


def _of_spelling(
    signed: Sequence[Signed],
    text: Callable[[str], str],
    found: Misspelling,
    names: Sequence[Sequence[Identifier]],
    says: str,
) -> Finding:
    def place(position: int, name: str) -> Related:
        same = [i for i in names[position] if i.kind == found.kind]
        each = next((i for i in same if squash(i.name) == squash(name)), same[0])
        return Related(signed[position].path, each.start, each.end, text(signed[position].id)[each.start : each.end])

    first = place(found.rare_in[0], found.rare)
    usual = [place(position, found.usual) for position in found.usual_in]
    others = [place(position, found.rare) for position in found.rare_in[1:]]
    elsewhere = f"{len(usual)} pages have" if len(usual) > 1 else f"{usual[0].document} has"
    said = says.format(kind=found.kind, name=found.rare)
    return Finding(
        signed[found.rare_in[0]].id,
        CHECK,
        "name",
        TYPES["name"],
        f"{first.document} {said}, {elsewhere} {found.usual}.",
        first.start,
        first.end,
        first.text,
        found.score,
        tuple((usual + others)[:_PLACES]),
        {
            "values": [found.rare, found.usual],
            "pages": [len(found.rare_in), len(found.usual_in)],
            "documents": [signed[position].id for position in (*found.usual_in, *found.rare_in[1:])],
        },
    )


def _of_link(signed: Sequence[Signed], text: Callable[[str], str], found: WrongTarget) -> Finding:
    page, opens, names = signed[found.page], signed[found.opens], signed[found.names]
    link = found.link
    return Finding(
        page.id,
        CHECK,
        "link",
        TYPES["link"],
        f"The link “{_short(link.label)}” in {page.path} opens “{_short(opens.title)}”; "
        f"the page “{_short(names.title)}” is {names.path}.",
        link.start,
        link.end,
        text(page.id)[link.start : link.end],
        _LINK_SCORE,
        (Related(opens.path, text=opens.title), Related(names.path, text=names.title)),
        {"values": [names.title, opens.title], "documents": [opens.id, names.id]},
    )
