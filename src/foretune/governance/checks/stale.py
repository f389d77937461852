"""Staleness: what was true once, stands in a page as if it still were, and misleads whoever asks today."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import takewhile
from zlib import crc32

from foretune.governance.checks.registry import CheckSettings, corpus_check
from foretune.governance.staleness import (
    SKETCH,
    Line,
    Notice,
    Retraction,
    Statement,
    Version,
    Written,
    alike,
    banners,
    declared,
    is_record,
    lines,
    mentions,
    months_before,
    retractions,
    revisions,
    statements,
    supersessions,
    translated_statements,
    words,
    written,
)
from foretune.types import Document, Finding, Related, Severity

__all__ = ["Signed", "sign", "stale"]

TYPES = {
    "flagged": Severity.HIGH,
    "withdrawn": Severity.HIGH,
    "superseded": Severity.HIGH,
    "expired": Severity.HIGH,
    "announced": Severity.MEDIUM,
    "as_of": Severity.MEDIUM,
    "replaced": Severity.MEDIUM,
    "review": Severity.MEDIUM,
    "edition": Severity.LOW,
    "relative": Severity.LOW,
}

_MOVED_BUT_FULL = 400
"""Characters: a page that sends its readers elsewhere and has more text than this still answers for itself."""
_FRESH_MONTHS = 12
"""A page written within this many months may say "soon"."""
_OLD_EDITION_YEARS = 3
_MOST_MENTIONS = 12
"""Pages reported for one thing that is gone."""
_STILL_USED = 3
"""Where more pages than this speak of it, the name is likely used for something else too."""
_SERIES = (20, 0.7)
"""Pages, and the share of them with a date of publication, from which a corpus is a series of pieces (a blog)."""
_TEXTS = 64


@dataclass(frozen=True, slots=True)
class Signed:
    """What is known of a page without its text: a few hundred bytes, and four for each distinct word."""

    id: str
    path: str
    title: str
    length: int
    written: Written | None
    notices: tuple[Notice, ...]
    published: str
    """Its own date, ISO 8601, empty where the metadata has none."""
    statements: tuple[Statement, ...]
    retractions: tuple[Retraction, ...]
    words: frozenset[int]
    """CRC-32 of each distinct word: tells which pages can speak of a name."""
    sketch: tuple[int, ...]


def sign(document: Document) -> Signed:
    """What a page says that time can undo; read without a clock."""
    from foretune.governance.minhash import shingles

    page = lines(document.text)
    notices = (
        *declared(document.properties),
        *banners(page, document.title),
        *revisions(page, len(document.text)),
    )
    age = written(document, notices)
    return Signed(
        document.id,
        document.path,
        document.title,
        len(document.text),
        age,
        notices,
        document.date[:10],
        _statements(page),
        tuple(retractions(page, document.title)),
        _codes(words(document.text)),
        tuple(int(each) for each in shingles(document.text)[:SKETCH]),
    )


def _statements(page: Sequence[Line]) -> tuple[Statement, ...]:
    """Of a line that was understood as English, what it says there."""
    found = statements(page)
    starts = {each.start for each in found}
    return (*found, *(each for each in translated_statements(page) if each.start not in starts))


def _codes(listed: Iterable[str]) -> frozenset[int]:
    return frozenset(crc32(word.encode("utf-8", "surrogatepass")) for word in listed)


@corpus_check(
    "stale",
    types=TYPES,
    sign=sign,
    columns=("text", "title", "date", "modified", "path", "properties"),
    settings=("today", "withdrawn", "review_after_months", "near_duplicate"),
    version=2,
)
def stale(signed: Sequence[Signed], text: Callable[[str], str], settings: CheckSettings) -> Iterable[Finding]:
    """What is out of date: pages, statements, and mentions of what is gone.

    *flagged*: the page says so itself (``outdated: true``, "This page is deprecated"). *superseded*: a newer
    version of the page is there. *withdrawn*: the plan lists it. *expired*: a limit or deadline that has passed
    ("until December 2020"). *announced*: a thing to come that is past ("will launch in 2021", "coming soon").
    *as_of*: a state of an old day ("$191,900 as of 2024"). *edition*: of an earlier year ("FY21 plan"). *replaced*:
    another page says that it is gone. *relative*: "this year", "currently" on a page that is old, or (for
    information) "currently" on one without a date. *review*: last revised longer ago than
    ``[governance] review_after_months``.
    History, changelogs, posts, minutes, quotations and examples are about the past and are left alone.
    """
    pages = sorted(signed, key=lambda each: (each.path, each.id))
    read = lru_cache(maxsize=_TEXTS)(text)
    laid_out = lru_cache(maxsize=_TEXTS)(lambda document_id: lines(read(document_id)))
    records = _records(pages)
    series = _is_series(pages)
    told = {page.id for page in pages if page.id in records or (series and page.published)}
    for page in pages:
        yield from _noticed(page, read, settings.today)
        if page.id not in records:
            yield from _own(page, read, settings, told=page.id in told)
        yield from _withdrawn(page, laid_out, read, settings.withdrawn, told=page.id in told)
    yield from _superseded(pages, records, read, settings.near_duplicate)
    yield from _replaced([page for page in pages if page.id not in told], laid_out, read)


# -- what a page says by itself -----------------------------------------------------------------------


def _records(pages: Sequence[Signed]) -> Set[str]:
    """Ids of posts, minutes and the like, by their paths below the folder that all pages share."""
    folders = [page.path.split("/")[:-1] for page in pages]
    shared = sum(1 for _ in takewhile(lambda names: len(set(names)) == 1, zip(*folders, strict=False)))
    return {page.id for page in pages if is_record("/".join(page.path.split("/")[shared:]))}


def _is_series(pages: Sequence[Signed]) -> bool:
    """Whether nearly every page has a day of its own, as posts have: each then speaks as of its day."""
    least, share = _SERIES
    days = [page.published for page in pages if page.published]
    return len(pages) >= least and len(days) >= share * len(pages) and 2 * len(set(days)) >= len(days)


def _own(page: Signed, read: Callable[[str], str], settings: CheckSettings, *, told: bool) -> Iterator[Finding]:
    for each in page.statements:
        judged = _judged(each, page.written, settings.today)
        if judged is not None:
            severity, message = judged
            yield Finding(
                page.id,
                "stale",
                each.kind,
                Severity.INFO if told else severity,
                message,
                each.start,
                each.end,
                read(page.id)[each.start : each.end],
                round(each.sure, 4),
                evidence={"says": each.says, "until": each.holds_until.isoformat() if each.holds_until else None},
            )
    if not told:
        yield from _due(page, read, settings)


def _noticed(page: Signed, read: Callable[[str], str], today: date) -> Iterator[Finding]:
    flagged = any(each.kind == "flagged" and each.whole for each in page.notices)
    for each in page.notices:
        shown = read(page.id)[each.start : each.end] if each.start is not None else each.text
        if each.kind == "flagged":
            severity, score = (Severity.HIGH, 1.0) if each.whole else (Severity.MEDIUM, 0.8)
            what = "The page" if each.whole else "This part of the page"
            message = f"{what} says of itself that it no longer holds: leave it out, or bring it up to date."
            yield Finding(page.id, "stale", "flagged", severity, message, each.start, each.end, shown, score)
        elif each.kind == "moved" and not flagged and page.length > _MOVED_BUT_FULL:
            message = "The page sends its readers elsewhere, yet its old text is still here: leave it out."
            yield Finding(page.id, "stale", "flagged", Severity.MEDIUM, message, None, None, shown, 0.7)
        elif each.kind == "limit" and each.day is not None and each.day < today:
            review = "review" in each.text.split(":")[0].lower()
            message = f"Its own metadata {'asks for a review by' if review else 'limits it to'} {_day(each.day)}."
            severity = Severity.MEDIUM if review else Severity.HIGH
            yield Finding(
                page.id, "stale", "review" if review else "expired", severity, message, None, None, shown, 0.9
            )


def _judged(each: Statement, age: Written | None, today: date) -> tuple[Severity, str] | None:
    """How much a statement matters today and why it is stale, None where it may still hold."""
    until = each.holds_until
    if until is None:
        return (_relative if each.kind == "relative" else _promised)(each, age, today)
    if until >= today:
        return None
    match each.kind:
        case "expired":
            severity = Severity.HIGH if each.asks or each.sure >= 0.9 else Severity.MEDIUM
            return severity, f"“{each.says}” has passed: say what holds now, or take it out."
        case "announced" if each.sure < 0.5:
            return Severity.LOW, f"News “{each.says}”: say what holds now, and since when."
        case "announced":
            return Severity.MEDIUM, f"“{each.says}” is over, and this speaks of it as to come."
        case "as_of":
            severity = Severity.MEDIUM if each.sure > 0.5 else Severity.LOW
            return severity, f"This was so in “{each.says}”: check that it still is."
        case _:
            old = today.year - until.year >= _OLD_EDITION_YEARS
            if each.sure < 0.4:
                return (
                    (Severity.INFO, f"This is from {each.says}: check that it still shows how it is.") if old else None
                )
            old = old and each.sure > 0.5
            message = f"This is the edition of {each.says}: point to the current one."
            return Severity.MEDIUM if old else Severity.LOW, message


def _promised(each: Statement, age: Written | None, today: date) -> tuple[Severity, str] | None:
    if age is None:
        return Severity.LOW, f"“{each.says}” on a page without a date: check whether it has come."
    if age.day >= months_before(today, _FRESH_MONTHS):
        return None
    return Severity.MEDIUM, f"“{each.says}” on a page of {_day(age.day)}: say what came of it."


def _relative(each: Statement, age: Written | None, today: date) -> tuple[Severity, str] | None:
    if age is None:
        if each.says.lower().startswith(("this", "next", "later", "earlier")):
            return None
        return Severity.INFO, f"“{each.says}” on a page without a date: say since when, or until when."
    if age.day >= months_before(today, _FRESH_MONTHS):
        return None
    return Severity.LOW, f"“{each.says}” on a page of {_day(age.day)}: name the date instead."


def _due(page: Signed, read: Callable[[str], str], settings: CheckSettings) -> Iterator[Finding]:
    age = page.written
    if age is None or age.source == "path" or not settings.review_after_months:
        return  # a year in a file's name may be what it is about
    if age.day >= months_before(settings.today, settings.review_after_months):
        return
    stated = age.source == "text"
    shown = read(page.id)[age.start : age.end] if stated else age.shown
    message = (
        f"The page was last revised {_day(age.day)}, longer ago than the "
        f"{settings.review_after_months} months after which pages are to be reviewed."
    )
    severity = Severity.LOW if age.source == "metadata" else Severity.MEDIUM
    score = {"text": 0.8, "title": 0.75}.get(age.source, 0.6)
    evidence = {"written": age.day.isoformat(), "source": age.source}
    yield Finding(page.id, "stale", "review", severity, message, age.start, age.end, shown, score, evidence=evidence)


def _day(day: date) -> str:
    return f"{day.day} {day:%B} {day.year}"


# -- what the plan or another page says ---------------------------------------------------------------


def _withdrawn(
    page: Signed,
    laid_out: Callable[[str], list[Line]],
    read: Callable[[str], str],
    names: Sequence[str],
    *,
    told: bool,
) -> Iterator[Finding]:
    for name in names:
        if not name.strip() or not _codes(words(name)) <= page.words:
            continue
        severity = Severity.LOW if told else Severity.HIGH
        for line in mentions(name.strip(), laid_out(page.id), live=False):
            yield Finding(
                page.id,
                "stale",
                "withdrawn",
                severity,
                f"The plan lists “{name.strip()}” as withdrawn.",
                line.start,
                line.end,
                read(page.id)[line.start : line.end],
                0.6 if line.told else 0.95,
                evidence={"withdrawn": name.strip()},
            )


def _superseded(
    pages: Sequence[Signed], records: Set[str], read: Callable[[str], str], near: float
) -> Iterator[Finding]:
    from foretune.governance.minhash import jaccard, shingles

    hashes = lru_cache(maxsize=_TEXTS)(lambda document_id: shingles(read(document_id)))
    by_id = {page.id: page for page in pages}
    versions = [
        Version(page.id, page.path, page.title, page.written.day if page.written else None, page.id in records)
        for page in pages
    ]
    pairs = alike([page.sketch for page in pages])
    how = {"near-copy": "a newer copy of it", "name": "a newer page of its name", "title": "a newer page of its title"}
    for each in supersessions(versions, pairs, lambda a, b: jaccard(hashes(a), hashes(b)), near):
        newer = by_id[each.newer]
        day = newer.written.day if newer.written else None
        yield Finding(
            each.older,
            "stale",
            "superseded",
            Severity.HIGH,
            f"{newer.path} is {how[each.why]}{f', of {_day(day)}' if day else ''}: keep that one.",
            score=round(0.6 + 0.4 * each.similarity, 4),
            related=(Related(newer.path),),
            evidence={"keeper": newer.id, "similarity": each.similarity, "why": each.why},
        )


def _replaced(
    pages: Sequence[Signed], laid_out: Callable[[str], list[Line]], read: Callable[[str], str]
) -> Iterator[Finding]:
    for source in pages:
        for gone in source.retractions:
            wanted = _codes(words(gone.old))
            said = [
                (page, line)
                for page in pages
                if page is not source and wanted <= page.words
                for line in [next(mentions(gone.old, laid_out(page.id)), None)]
                if line is not None
            ]
            certain = 0.7 if len(said) <= _STILL_USED else 0.4
            instead = f", now {gone.new}," if gone.new else ""
            for page, line in said[:_MOST_MENTIONS]:
                yield Finding(
                    page.id,
                    "stale",
                    "replaced",
                    Severity.MEDIUM if certain > 0.5 else Severity.LOW,
                    f"This speaks of “{gone.old}”{instead} as if it were in use; {source.path} says it is gone.",
                    line.start,
                    line.end,
                    read(page.id)[line.start : line.end],
                    certain,
                    related=(Related(source.path, gone.start, gone.end, read(source.id)[gone.start : gone.end]),),
                    # The key under which erasing a document finds what others say of it.
                    evidence={"gone": gone.old, "instead": gone.new, "keeper": source.id},
                )
