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
from foretune.evidence.text import any_of
from foretune.governance.staleness.layout import Line

__all__ = ["Statement", "statements"]


@dataclass(frozen=True, slots=True)
class Statement:
    """Something that stops being true."""

    kind: str
    """``expired`` (a limit), ``announced`` (a thing to come), ``as_of`` (a state of a day), ``edition`` (of a year)."""
    start: int
    end: int
    holds_until: date | None
    """The last day it can hold; None for "soon" and its like, which hold for a while after they were written."""
    says: str
    """The words that say so: ``until December 2020``."""
    asks: bool
    """It asks the reader to do something."""
    sure: float
    """0 to 1: how seldom the cue means anything else."""


_FILL = (
    r"(?:\s|the|of|on|in|at|by|about|around|approximately|early|mid|late|end|close|beginning|start|middle|midnight"
    r"|noon|spring|summer|fall|autumn|winter|business|cob|eob|month|fiscal|calendar|year|years|fy|school|day|now"
    r"|[-,:*_(\[|~]|monday|tuesday|wednesday|thursday|friday|saturday|sunday|q[1-4]|(?:first|second|third|fourth) quarter"
    r"|\d{1,2}(?::\d\d)?\s?(?:am|pm|a\.m\.|p\.m\.)?|et|est|edt|pt|ct)*"
)
_LIMIT = re.compile(
    rf"(?P<verb>\b(?:expir(?:es?|ing|ation(?: date)?)|valid|(?:in|remains? in) effect|authorized|good|lapses?|sunsets?|ends?"
    rf"|ending|closes?|closing|terminates?|runs?|extended)\b[^.;|]{{0,25}}?)?"
    rf"(?P<cue>\b(?:until|till|through|thru|up to|expires?|expiring|expiration(?: date)?|ends|ending|closes|closing"
    rf"|lapses|sunsets|terminates|effective through|not to exceed)\b){_FILL}$",
    re.IGNORECASE,
)
_DEADLINE = re.compile(
    rf"(?P<cue>\b(?:by|no later than|not later than|on or before|before|prior to|due(?: dates?)?(?: on| by| in| throughout)?"
    rf"|deadlines?(?: for [^.;|]{{1,40}})?(?: is| are| was)?|apply by|rsvp(?: by)?|throughout)\b){_FILL}$",
    re.IGNORECASE,
)
_STATE = re.compile(
    rf"(?P<cue>\b(?:as of|current as of|current through|accurate as of|up[- ]to[- ]date as of|correct as of|at the time of"
    rf" (?:this )?writing|last (?:verified|checked|confirmed))\b){_FILL}$",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"\b(?:hired|born|appointed|started|joined|joins?|created|issued|made|signed|awarded|enrolled|employed|registered"
    r"|existed|exists|built|published|written|separated|contributed|eligible|accrued|earned|submitted|filed|obtained"
    r"|purchased|received|opened|entered|served|worked|sold|granted|who|if|between|since|from|dating)\b[^.;|]{0,30}$",
    re.IGNORECASE,
)
"""Before a limit: it says whom a rule is for, not how long the rule holds ("employees hired before 2014")."""
_IN_FORCE = re.compile(
    rf"\b(?:since|effective|as of|starting|beginning|begun|from|after|enacted|dated|signed|version|copyright|©|of|"
    rf"established|founded|launched|passed)\b{_FILL}$",
    re.IGNORECASE,
)
_TO_COME = re.compile(
    r"\b(?:will|shall|'ll|’ll|upcoming|forthcoming|coming|planned|scheduled|slated|expected|anticipated|going to|plans? to"
    r"|tba|tbd|tbc|tk|to be (?:announced|released|determined|decided|published|completed|added|launched|rolled out|confirmed))\b",
    re.IGNORECASE,
)
_NEW = re.compile(r"\bnew (?:in|for|this)\W{1,4}$", re.IGNORECASE)
_ASKS = re.compile(
    r"\b(?:must|please|should|need(?:s)? to|required?|submit|apply|register|complete|sign up|no later than|not later than"
    r"|deadlines?|due|have to|has to|make sure|ensure|make a selection|rsvp|enroll)\b",
    re.IGNORECASE,
)
_NOW = re.compile(
    r"\b(?:currently|at present|presently|right now|at the moment|at this time|today|now|considers?|is|are|has|have|cannot"
    r"|can|limit|maximum|minimum|rate|cap|salary|fee|price|cost)\b",
    re.IGNORECASE,
)
_AMOUNT = re.compile(r"[$€£]\s?\d|\d\s?(?:%|percent|hours|days|weeks)\b")
_IN_YEAR = re.compile(r"(?:\b(?:in|for|during)|\()\s*(?:the )?(?:calendar |fiscal |tax |plan |leave )?(?:year )?$", re.IGNORECASE)
_OPENING_YEAR = re.compile(r"[\W_]*(?:in|for|during) (?:the )?(?:fiscal year |calendar year |year )?$", re.IGNORECASE)
_EDITION = re.compile(
    r"[^.;|\]\n]{0,40}?\b(?P<noun>"
    + any_of(
        """plans? planning guidance guides? guidelines schedules? calendars? templates? forms? rates? limits? framework
        examples criteria polic(?:y|ies) training handbook budget goals? priorities strategy roadmap benefits? holidays?
        enrollment builder benchmarks? checklist timeline dates okrs? objectives process instructions agenda"""
    )
    + r")\b",
    re.IGNORECASE,
)
_REPORT = re.compile(
    r"\b(?:results?|reports?|surveys?|recordings?|videos?|slides?|decks?|presentations?|minutes|notes|recaps?|awards?|data"
    r"|cohort|study|research|memo(?:randum)?|act|law|evaluation|audit|executive order|budget(?:ed)? for)\b",
    re.IGNORECASE,
)
"""What is about a year rather than for it keeps being right."""
_SOON = re.compile(
    r"(?P<soon>\bcoming soon\b|\b(?:under|in) (?:active )?(?:construction|development)\b"
    r"|\b(?:in|over|within) the (?:coming|next(?: few| several| couple of)?) (?:weeks?|months?|years?)(?: or so)?\b"
    r"|\b(?:will|to) be (?:\w+ )?(?:added|updated|available|released|published|announced|launched|finalized) (?:soon|shortly)\b"
    r"|\b(?:is|are) (?:still )?(?:a )?work in progress\b|^\W*(?:work in progress|WIP|TBD|TBA)\b|\((?:WIP|TBD|TBA)\)"
    r"|\bmore (?:details|information) (?:to come|coming|soon)\b|[-–:|]\s*(?:TBD|TBA)\b|\bstay tuned\b"
    r"|\b(?:finalized|published|announced|released|ready) (?:soon|shortly)\b)",
    re.IGNORECASE,
)
_SOON_OF_THE_PAGE = re.compile(
    r"\b(?:this (?:page|document|section|guide|content|handbook|site|article|policy)|coming soon|WIP"
    r"|more (?:details|information))\b",
    re.IGNORECASE,
)
_HYPOTHETICAL = re.compile(r"\b(?:if|when|whether|ask|asks|questions?|could you|would|you(?:'re|’re)?|your)\b", re.IGNORECASE)
_SCHEDULE = re.compile(
    r"\b(?:schedule|calendar|dates?|deadlines?|due|begins?|starts?|end of|ends|must|submit|complete|review|opens?|closes?"
    r"|kick-?off|tbd|planned|cycle|period|upcoming|launch|plan)\b",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?:19|20)\d\d|\bFY\W?\d\d")
_CONTEXT = 90
"""Characters before a date in which its cue is looked for."""


def statements(page: Sequence[Line]) -> list[Statement]:
    """Time-bound statements of a page in order, none within another."""
    dated = [(line, _dated(line.text)) for line in page if not line.told]
    found = list(_schedules(dated))
    covered = [(each.start, each.end) for each in found]
    editions: list[tuple[str, Statement]] = []
    for line, said in dated:
        start, end = line.start, line.end
        if any(left <= start < right for left, right in covered):
            continue
        best = max(_of(line, said), key=lambda each: each.sure, default=None)
        if best is None and (soon := _soon(line)):
            best = soon
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
    asks = bool(_ASKS.search(text))
    for each in said:
        before, after = text[max(0, each.start - _CONTEXT) : each.start], text[each.end : each.end + _CONTEXT]
        for kind, sure, begin in _readings(text, before, after, each, when, asks, line.item):
            says = text[each.start - begin : each.end].strip(" |*_([,-")
            yield Statement(
                kind, line.start, line.end, each.latest, says, asks and kind == "expired", round(sure, 2)
            )


def _readings(
    text: str, before: str, after: str, said: PartialDate, when: Tense, asks: bool, item: bool
) -> Iterator[tuple[str, float, int]]:
    """Kind, sureness and how many characters before the date its cue begins, for each way to read a date."""
    told = when is Tense.PAST
    if (match := _STATE.search(before)) and not told and not before[: match.start()].rstrip().endswith("effective"):
        in_force = not before[: match.start()].strip(" *_>") and after.lstrip("*_").startswith(",")
        yield "as_of", 0.5 if in_force else 0.85, len(before) - match.start("cue")
    match = _LIMIT.search(before) or _DEADLINE.search(before)
    if match and _CONDITION.search(before[: match.start("cue")]):
        pass
    elif match := _LIMIT.search(before):
        begin = len(before) - match.start("cue")
        if not told and (match["verb"] or match["cue"].lower().startswith(("expir", "not to"))):
            yield "expired", 0.95, len(before) - match.start()
        elif not told:
            yield "expired", 0.85 if when is not Tense.NONE or asks else 0.6, begin
    elif match := _DEADLINE.search(before):
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
    elif not told and _comes(text, before, after) and not _IN_FORCE.search(before):
        yield "announced", 0.7, 0
    if _NEW.search(before):
        yield "announced", 0.75, 4
    if not told and _state_of_year(text, before, after, said):
        yield "as_of", 0.65, 0
    if (edition := _edition(before, after, said)) and not told:
        yield "edition", edition, 0


def _comes(text: str, before: str, after: str) -> bool:
    near = before[-70:].rsplit(". ", 1)[-1] + " \0 " + after[:40]
    return bool(_TO_COME.search(near)) and tense(text) in (Tense.FUTURE, Tense.NONE, Tense.PRESENT)


def _state_of_year(text: str, before: str, after: str, said: PartialDate) -> bool:
    """``($191,900 in 2024)``, ``In 2022, we consider ...``: an amount or a habit of one year."""
    if not said.bare_year or not _IN_YEAR.search(before):
        return False
    if _AMOUNT.search(before[-40:]) or re.match(r"\s*(?:is|are|:)\s+\W?[$€£]?\d", after):
        return True
    return bool(_OPENING_YEAR.fullmatch(text[: len(text) - len(text.lstrip())] + before.lstrip()[-40:])) and bool(
        _NOW.search(after[:60]) and tense(after) is Tense.PRESENT
    )


def _edition(before: str, after: str, said: PartialDate) -> float:
    """How surely a year names the edition of something that is made anew each year."""
    if not said.bare_year or said.month:
        return 0.0
    match = _EDITION.match(after)
    if match is None or tense(after[: match.end()]) in (Tense.PAST, Tense.FUTURE):
        return 0.0
    if _REPORT.search(after[: match.end() + 20]) or re.search(r"\b(?:in|since|of|from|by|during|for) $", before[-8:]):
        return 0.0
    linked = before.rstrip().endswith("[")
    return 0.6 if linked or said.text.upper().startswith("FY") else 0.45


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
    match = _SOON.search(text)
    if match is None or tense(text) is Tense.PAST:
        return None
    of_the_page = bool(_SOON_OF_THE_PAGE.search(text))
    if not of_the_page and (_HYPOTHETICAL.search(text) or tense(text) not in (Tense.FUTURE, Tense.NONE)):
        return None
    words = match["soon"].strip(" *_|-–:#(")
    return Statement("announced", line.start, line.end, None, words, False, 0.6 if of_the_page else 0.45)


def _schedules(dated: Iterable[tuple[Line, list[PartialDate]]]) -> Iterator[Statement]:
    """Runs of three or more rows that begin with a date: one statement each, over when its last row is."""
    run: list[tuple[Line, PartialDate]] = []
    for line, said in [*dated, (None, [])]:
        first = said[-1] if said and said[0].start <= 40 and line is not None and line.item else None
        same = line is not None and (not run or line.heading == run[-1][0].heading)
        if line is not None and first is not None and same:
            run.append((line, first))
            continue
        if line is not None and run and same and line.item and _near(run[-1][0], line):
            continue  # a row without a date, a separator or the next sentence of a cell
        yield from _schedule(run)
        run = [(line, first)] if line is not None and first is not None else []


def _near(last: Line, line: Line) -> bool:
    return line.start - last.end < 400


def _schedule(run: Sequence[tuple[Line, PartialDate]]) -> Iterator[Statement]:
    if len(run) < 3:
        return
    planned = sum(bool(_SCHEDULE.search(line.text)) for line, _ in run) + 2 * bool(
        _SCHEDULE.search(run[0][0].heading)
    )
    told = sum(tense(line.text) is Tense.PAST for line, _ in run)
    if 2 * planned < len(run) or 3 * told > len(run) or len({said.latest for _, said in run}) < 2:
        return
    last = max((said for _, said in run), key=lambda said: said.latest or date.min)
    start, end = run[0][0].start, run[-1][0].end
    asks = any(_ASKS.search(line.text) for line, _ in run)
    says = f"{len(run)} dates, the last {last.text}"
    yield Statement("expired", start, end, last.latest, says, asks, 0.9)
