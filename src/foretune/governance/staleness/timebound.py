"""Statements that hold only for a time: until a day, as of a year, for an edition, "soon".

Reading them needs no clock: each says when it ends, and whoever knows today's date
compares. A date alone is no such statement ("launched in 2014"); a cue beside it is
("until", "no later than", "as of", "will ... in", "FY21 plan").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from foretune.evidence import PartialDate, Tense, dates, tense
from foretune.governance.staleness import cues
from foretune.governance.staleness.layout import Line

__all__ = ["Statement", "statements"]


@dataclass(frozen=True, slots=True)
class Statement:
    """Something that stops being true."""

    kind: str
    """``expired`` (a limit), ``announced`` (a thing to come), ``as_of`` (a state of a day), ``edition`` (of a year),
    ``relative`` ("this year": when that was depends on when it was written)."""
    start: int
    end: int
    holds_until: date | None
    """The last day it can hold; None for "soon" and "this year", which hold for a while after they were written."""
    says: str
    """The words that say so: ``until December 2020``."""
    asks: bool
    """It asks the reader to do something."""
    sure: float
    """0 to 1: how seldom the cue means anything else."""


_YEAR = re.compile(r"(?:19|20)\d\d|\bFY\W?\d\d")
_FIRST_CELL = 40
_GAP = 500
"""Characters between two dated rows of one schedule at most."""
_CONTEXT = 90
"""Characters before a date in which its cue is looked for."""


def statements(page: Sequence[Line]) -> list[Statement]:
    """Time-bound statements of a page in order, none within another."""
    dated = [(line, _dated(line.text)) for line in page if not line.told]
    found = list(_schedules(dated))
    covered = [(each.start, each.end) for each in found]
    editions: list[tuple[str, Statement]] = []
    for line, said in dated:
        if any(left <= line.start < right for left, right in covered):
            continue
        best = max(_of(line, said), key=lambda each: each.sure, default=None)
        best = best or _over(line) or _soon(line) or _relative(line)
        if best is None:
            continue
        if best.kind == "edition":
            editions.append((re.sub(r"\d+", "", line.text), best))
        else:
            found.append(best)
    found += _newest(editions)
    return sorted(found, key=lambda each: each.start)


def _dated(text: str) -> list[PartialDate]:
    return [each for each in dates(text) if each.latest] if _YEAR.search(text) else []


def _of(line: Line, said: Sequence[PartialDate]) -> Iterator[Statement]:
    if not said:
        return
    text = line.text
    when = tense(text)
    asks = bool(cues.ASKS.search(text))
    for each in said:
        before, after = text[max(0, each.start - _CONTEXT) : each.start], text[each.end : each.end + _CONTEXT]
        for kind, sure, begin in _readings(text, before, after, each, when, asks, line.item):
            says = text[each.start - begin : each.end].strip(" |*_([,-")
            yield Statement(kind, line.start, line.end, each.latest, says, asks and kind == "expired", round(sure, 2))


def _readings(
    text: str, before: str, after: str, said: PartialDate, when: Tense, asks: bool, item: bool
) -> Iterator[tuple[str, float, int]]:
    """Kind, sureness and how many characters before the date its cue begins, for each way to read a date."""
    told = when is Tense.PAST
    if (match := cues.STATE.search(before)) and not before[: match.start()].rstrip().endswith("effective"):
        in_force = not before[: match.start()].strip(" *_>") and after.lstrip("*_").startswith(",")
        yield "as_of", 0.4 if told else 0.5 if in_force else 0.85, len(before) - match.start("cue")
    match = cues.LIMIT.search(before) or cues.DEADLINE.search(before)
    if match and cues.CONDITION.search(before[: match.start("cue")]):
        pass
    elif match := cues.LIMIT.search(before):
        begin = len(before) - match.start("cue")
        if not told and (match["verb"] or match["cue"].lower().startswith(("expir", "not to"))):
            yield "expired", 0.95, len(before) - match.start()
        elif not told:
            yield "expired", 0.85 if when is not Tense.NONE or asks else 0.6, begin
    elif match := cues.DEADLINE.search(before):
        begin = len(before) - match.start("cue")
        cue = match["cue"].lower()
        weak = cue in ("before", "prior to")
        if cue.startswith("due") or "deadline" in cue or "later than" in cue or "apply" in cue:
            if not told or cue.startswith("due"):
                yield "expired", 0.9, begin
        elif asks and not told:
            yield "expired", 0.7 if weak else 0.85, begin
        elif when is Tense.FUTURE and not weak:
            yield "announced", 0.8, begin
    elif not told and _comes(text, before, after) and not cues.IN_FORCE.search(before):
        yield "announced", 0.7, 0
    if match := cues.NEW.search(before):
        yield "announced", 0.75, len(before) - match.start()
    if not told and _state_of_year(text, before, after, said):
        yield "as_of", 0.65, 0
    if (edition := _edition(before, after, said, when)) and not told:
        yield "edition", edition, 0
    elif item and cues.LABEL.search(before) and "]" in after and not cues.ORIGIN.search(before):
        yield "edition", 0.35, 0  # a recording, a deck: what it shows may have changed since
    if said.day and re.fullmatch(r"[\W_]*on ", before, re.IGNORECASE) and cues.NEWS.match(after):
        yield "announced", 0.4, len("on ")


def _comes(text: str, before: str, after: str) -> bool:
    near = before[-70:].rsplit(". ", 1)[-1] + " \0 " + after[:40]
    return bool(cues.TO_COME.search(near)) and tense(text) in (Tense.FUTURE, Tense.NONE, Tense.PRESENT)


def _state_of_year(text: str, before: str, after: str, said: PartialDate) -> bool:
    """``($191,900 in 2024)``, ``In 2022, we consider ...``: an amount or a habit of one year."""
    if not said.bare_year or not cues.IN_YEAR.search(before):
        return False
    if cues.AMOUNT.search(before[-40:]) or re.match(r"\s*(?:is|are|:)\s+\W?[$€£]?\d", after):
        return True
    return bool(cues.OPENING_YEAR.fullmatch(text[: len(text) - len(text.lstrip())] + before.lstrip()[-40:])) and bool(
        cues.NOW.search(after[:60]) and tense(after) is Tense.PRESENT
    )


def _edition(before: str, after: str, said: PartialDate, when: Tense) -> float:
    """How surely a year names the edition of something that is made anew each year."""
    if not said.bare_year or said.month:
        return 0.0
    match = cues.EDITION.match(after)
    if match is None or tense(after[: match.end()]) in (Tense.PAST, Tense.FUTURE):
        return 0.0
    if cues.REPORT.search(after[: match.end() + 20]) or re.search(
        r"\b(?:in|since|of|from|by|during|for) $", before[-8:]
    ):
        return 0.0
    linked = before.rstrip().endswith("[")
    if linked or said.text.upper().startswith("FY"):
        return 0.6
    return 0.55 if when is Tense.PRESENT else 0.45  # "Take the 2019 training" asks for what is gone


def _newest(editions: Sequence[tuple[str, Statement]]) -> Iterator[Statement]:
    """Where a page lists several editions of one thing it keeps an archive: only the newest can be out of date."""
    newest: dict[str, Statement] = {}
    for name, each in editions:
        kept = newest.setdefault(name, each)
        if (each.holds_until or date.min) > (kept.holds_until or date.min):
            newest[name] = each
    yield from newest.values()


def _soon(line: Line) -> Statement | None:
    text = line.text
    match = cues.SOON.search(text)
    if match is None or tense(text) is Tense.PAST or text.endswith("?") or _defines(text):
        return None
    of_the_page = bool(cues.SOON_OF_THE_PAGE.search(text))
    if not of_the_page and (cues.HYPOTHETICAL.search(text) or tense(text) not in (Tense.FUTURE, Tense.NONE)):
        return None
    words = match["soon"].strip(" *_|-–:#(")
    return Statement("announced", line.start, line.end, None, words, False, 0.6 if of_the_page else 0.45)


def _defines(text: str) -> bool:
    """An entry of a glossary: ``**WiP** - work in progress``, or a word in quotation marks."""
    return (
        re.match(r"\W*\w+\W{0,4} [-–—:] [A-Z]", text) is not None
        or re.search(r"[\"“‘]\w+ ?\w*[\"”’]", text) is not None
    )


def _over(line: Line) -> Statement | None:
    for pattern, ended in cues.OVER:
        match = pattern.search(line.text)
        if match and tense(line.text) is not Tense.PAST and not line.text.startswith("#"):
            return Statement("expired", line.start, line.end, ended, match.group(), False, 0.7)
    return None


def _relative(line: Line) -> Statement | None:
    match = cues.RELATIVE.search(line.text)
    if match is None or tense(line.text) is Tense.PAST or cues.CONDITIONAL.search(line.text):
        return None
    return Statement("relative", line.start, line.end, None, match.group(), False, 0.5 if match["turn"] else 0.3)


def _schedules(dated: Iterable[tuple[Line, list[PartialDate]]]) -> Iterator[Statement]:
    """Runs of three or more rows that begin with a date: one statement each, over when its last row is."""
    run: list[tuple[Line, PartialDate]] = []
    for line, said in [*dated, (None, [])]:
        first = _leading(line, said) if line is not None and line.item else None
        same = line is not None and (not run or line.heading == run[-1][0].heading)
        if line is not None and first is not None and same:
            run.append((line, first))
            continue
        if line is not None and run and same and line.start - run[-1][0].end < _GAP:
            continue  # a row without a date, a separator or the next sentence of a cell
        yield from _schedule(run)
        run = [(line, first)] if line is not None and first is not None else []


def _leading(line: Line, said: Sequence[PartialDate]) -> PartialDate | None:
    """The last of the dates with which a row begins ("1 to 9 May 2021"), within its first cell."""
    cell = line.text.find("|", 2)
    limit = min(cell if cell > 0 else _FIRST_CELL, _FIRST_CELL)
    return max((each for each in said if each.month and each.start <= limit), key=lambda each: each.start, default=None)


def _schedule(run: Sequence[tuple[Line, PartialDate]]) -> Iterator[Statement]:
    if len(run) < 3:
        return
    planned = sum(bool(cues.SCHEDULE.search(line.text)) for line, _ in run) + 2 * bool(
        cues.SCHEDULE.search(run[0][0].heading)
    )
    told = sum(tense(line.text) is Tense.PAST for line, _ in run)
    if 2 * planned < len(run) or 3 * told > len(run) or len({said.latest for _, said in run}) < 2:
        return
    last = max((said for _, said in run), key=lambda said: said.latest or date.min)
    start, end = run[0][0].start, run[-1][0].end
    asks = any(cues.ASKS.search(line.text) for line, _ in run)
    says = f"{len(run)} dates, the last {last.text}"
    yield Statement("expired", start, end, last.latest, says, asks, 0.9)
