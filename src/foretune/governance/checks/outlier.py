"""Outliers: documents about something else, and pieces somebody else wrote."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from foretune.governance.borrowed import Borrowed, borrowed
from foretune.governance.checks.registry import CheckSettings, corpus_check
from foretune.governance.markup import prose
from foretune.governance.stylometry import STYLE_CHARACTERS, Author, Style, limit, style_of_prose
from foretune.governance.topics import OPENING, Terms, TopicSpace, terms, terms_of_prose
from foretune.types import Document, Finding, Related, Severity

__all__ = ["OFF_TOPIC", "Signed", "outlier", "sign"]

TYPES = {"off_topic": Severity.MEDIUM, "not_the_author": Severity.MEDIUM}

OFF_TOPIC = 0.55
"""A document whose likeness to its ten nearest is below this share of the corpus's median is off topic.

Set on two handbooks and one blog with articles of an encyclopaedia among them; checked on another blog and on meeting
notes: ``benchmarks/accuracy/outlier.py``."""
_FAR_OFF = 0.35
_NEIGHBOURS = 10
_FEWEST = 20
"""With fewer documents there is no telling what the others are about."""
_FEWEST_TERMS = 25
"""A text with fewer different content words is about too little to be off topic."""
_REFERENCE = 2_000
"""Documents the others are compared with; in larger corpora a sample, the same every time."""
_NEAR_THE_STORY = 0.1
"""Cosine to the story's own words above which a document is on topic, however lonely."""

_CLEARLY_NOT = 0.05
"""Likeness so far below the limit leaves little doubt."""
_OF_ONE_AUTHOR = 0.1
"""Median likeness from which a corpus without names is taken to be by one author; handbooks have .02 to .04."""
_FEWEST_PIECES = 15
"""An author of fewer pieces cannot be told from others."""
_MOST_OTHERS = 1 / 3
"""Where more than this share sounds different there is no one author to differ from."""
_BORROWED_SHARE = 0.5

_NAMES = re.compile(r"\s*(?:,|;|&|\band\b)\s*")


@dataclass(frozen=True, slots=True)
class Signed:
    """What a document is compared by: at most about 6 kB."""

    id: str
    path: str
    authors: tuple[str, ...]
    """As its metadata name them, folded to lower case."""
    terms: Terms
    style: Style
    borrowed: Borrowed | None


def sign(document: Document) -> Signed:
    """Words and style of a document, who it names as its author, and what it quotes."""
    words = prose(document.text[: 4 * STYLE_CHARACTERS])
    return Signed(
        document.id,
        document.path,
        tuple(name for each in _NAMES.split(document.author) if (name := " ".join(each.casefold().split()))),
        terms_of_prose(words[:OPENING]),
        style_of_prose(words),
        borrowed(document.text),
    )


@corpus_check(
    "outlier",
    types=TYPES,
    sign=sign,
    columns=("text", "author", "path"),
    settings=("topic", "voice"),
)
def outlier(signed: Sequence[Signed], text: Callable[[str], str], settings: CheckSettings) -> Iterable[Finding]:
    """Documents that do not belong with the others.

    *off_topic*: shares far fewer telling words with its ten nearest neighbours than documents here usually do (a
    page of an encyclopaedia in an employee handbook), and does not speak of what the story asks for either.
    *not_the_author*, where the plan asks for a voice (or, without a plan, where one author wrote nearly everything):
    metadata name somebody else; the text says it is a guest post or press release; half of it is quotation or verse;
    or it does not sound like the author (function words, punctuation, rhythm; texts of 150 words and more).
    """
    ordered = sorted(signed, key=lambda each: (each.path, each.id))
    yield from _off_topic(ordered, settings.topic)
    if settings.voice is not False:
        yield from _not_the_author(ordered, text, asked=settings.voice is True)


# -- about something else -------------------------------------------------------------------------------


def _off_topic(ordered: Sequence[Signed], topic: str) -> Iterator[Finding]:
    import numpy as np

    compared = [each for each in ordered if len(each.terms) >= _FEWEST_TERMS]
    if len(compared) < _FEWEST:
        return
    space = TopicSpace([each.terms for each in compared])
    step = max(1, -(-len(compared) // _REFERENCE))
    reference = list(range(0, len(compared), step))
    near = list(space.neighbours([each.terms for each in compared], reference, _NEIGHBOURS))
    usual = float(np.median([mean for mean, _, _ in near]))
    if not usual:
        return
    wanted = space.vectors([terms(topic)])
    for each, (mean, position, cosine) in zip(compared, near, strict=True):
        ratio = mean / usual
        if ratio >= OFF_TOPIC:
            continue
        if float((space.vectors([each.terms]) @ wanted.T).toarray()[0, 0]) >= _NEAR_THE_STORY:
            continue
        nearest = compared[position].path
        yield Finding(
            each.id,
            "outlier",
            "off_topic",
            Severity.MEDIUM if ratio < _FAR_OFF else Severity.LOW,
            "This is about something else than the other documents: it shares few of their words."
            if ratio >= _FAR_OFF
            else "This is about something else than the other documents: it shares almost none of their words.",
            score=round(1 - ratio, 4),
            related=(Related(nearest),),
            evidence={"likeness": round(ratio, 4), "nearest": nearest, "cosine": round(cosine, 4)},
        )


# -- by somebody else -----------------------------------------------------------------------------------


def _not_the_author(ordered: Sequence[Signed], text: Callable[[str], str], *, asked: bool) -> Iterator[Finding]:
    author = _named_author(ordered)
    several = author == "" and any(each.authors for each in ordered)
    if several and not asked:
        return  # many people wrote this, and nothing says that one of them is meant
    unlike = _unlike(ordered, author, asked=asked)
    if unlike is None and not (asked or author):
        return
    unlike = unlike or {}
    for each in ordered:
        if author and each.authors and author not in each.authors:
            yield _by_another(each, author)
        elif each.borrowed is not None and each.borrowed.share >= _BORROWED_SHARE:
            yield _borrowed(each, each.borrowed, text)
        elif each.id in unlike:
            yield _unlike_the_author(each, unlike[each.id], certain=bool(author) or asked)


def _named_author(ordered: Sequence[Signed]) -> str:
    """Who wrote most of what says who wrote it; empty where nobody did."""
    named = [each.authors for each in ordered if each.authors]
    counts = Counter(name for names in named for name in set(names))
    if len(named) < _FEWEST_PIECES or not counts:
        return ""
    name, count = min(counts.items(), key=lambda item: (-item[1], item[0]))
    return name if count > len(named) / 2 else ""


def _unlike(ordered: Sequence[Signed], author: str, *, asked: bool) -> dict[str, float] | None:
    """By how much each text that is not the author's misses the limit, by id; None where there is no one author.

    Texts that turn out not to be the author's are taken out of the model, and all are looked at once more.
    """
    import numpy as np

    judged = [each for each in ordered if each.style.enough]
    theirs = [each for each in judged if not author or not each.authors or author in each.authors]
    theirs = [each for each in theirs if each.borrowed is None or each.borrowed.share < _BORROWED_SHARE]
    if len(theirs) < _FEWEST_PIECES:
        return None
    for _ in range(2):
        model = Author([each.style for each in theirs])
        members = {each.id for each in theirs}
        likeness = {each.id: model.likeness(each.style, member=each.id in members) for each in judged}
        kept = [each for each in theirs if likeness[each.id] >= limit(each.style.words, model.texts)]
        if len(kept) < _FEWEST_PIECES:
            return None
        theirs = kept
    limits = {each.id: limit(each.style.words, model.texts) for each in judged}
    unlike = {key: limits[key] - value for key, value in likeness.items() if value < limits[key]}
    if len(unlike) > _MOST_OTHERS * len(judged):
        return None
    if not (asked or author) and float(np.median(list(likeness.values()))) < _OF_ONE_AUTHOR:
        return None
    return unlike


def _by_another(each: Signed, author: str) -> Finding:
    names = ", ".join(each.authors)
    return Finding(
        each.id,
        "outlier",
        "not_the_author",
        TYPES["not_the_author"],
        f"Its metadata say that {names} wrote it, and not {author}, who wrote most of the others.",
        score=0.98,
        evidence={"by": "metadata", "authors": list(each.authors), "author": author},
    )


_WHAT = {
    "quotation": "{share:.0%} of it is quoted from somebody else: keep it for answers, not for the voice.",
    "verse": "{share:.0%} of it looks like a song or poem: keep it for answers, not for the voice.",
    "press_release": "It says that it is a press release, which is nobody's own voice.",
    "guest_post": "It says that it was written by a guest, or reprinted with permission.",
}


def _borrowed(each: Signed, found: Borrowed, text: Callable[[str], str]) -> Finding:
    return Finding(
        each.id,
        "outlier",
        "not_the_author",
        TYPES["not_the_author"] if found.share >= 1 else Severity.LOW,
        _WHAT[found.kind].format(share=found.share),
        found.start,
        found.end,
        text(each.id)[found.start : found.end],
        score=round(min(0.95, 0.4 + found.share / 2), 4),
        evidence={"by": found.kind, "share": round(found.share, 4)},
    )


def _unlike_the_author(each: Signed, short_of: float, *, certain: bool) -> Finding:
    return Finding(
        each.id,
        "outlier",
        "not_the_author",
        TYPES["not_the_author"] if short_of >= _CLEARLY_NOT and certain else Severity.LOW,
        "It does not sound like the author of the others: its small words, punctuation and rhythm are more like "
        "other people's.",
        score=round(min(0.95, 0.5 + 2 * short_of), 4),
        evidence={"by": "style", "short_of": round(short_of, 4), "words": each.style.words},
    )
