"""Quantities: a number with what it counts, how it is bounded, and whether it is denied.

>>> [(str(q.value), q.unit, q.bound) for q in quantities("up to 240 annual leave hours, at least 30%")]
[('240', 'hour', 'max'), ('30', 'percent', 'min')]
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from foretune.evidence.dates import PartialDate, dates
from foretune.evidence.numerals import Numeral, numerals
from foretune.evidence.text import STOP_WORDS, Token, fold, stem, tokens
from foretune.evidence.units import TIME_UNITS, UNITS, in_base_unit, units_agree

__all__ = ["Quantity", "equal", "opposed", "quantities", "rates_agree"]

_BETWEEN = re.compile(r"[\s*_\"'”’\u2010\u2011-]*")
"""What may stand between a number and the word that says what is counted: space, hyphen, markup."""
_RANGE = re.compile(r"\s?[%$€£]?\s?(?:[-–—]|to|through|and)\s?", re.IGNORECASE)
_SIGN = re.compile(r"(\s?[%％€£$°]|(?<=\d)[^\W\d_]+)")
"""A unit as a sign, or as letters glued to the digits (``80h``)."""
_OR = re.compile(r"\s?(?:,|,?\s(?:or|and|to)|/)\s?", re.IGNORECASE)
_LOOK_AHEAD = 4
_BEFORE = 48

_MAX = re.compile(
    r"(?:up to|at most|no (?:more|longer|later|greater) than|not (?:more|longer|later) than"
    r"|(?:a |the )?max(?:imum)?(?: of)?|not (?:to )?exceed(?:ing)?|fewer than|less than|under|below|within"
    r"|limit(?:ed)? (?:of|to)|cap(?:ped)? (?:of|at)|(?<!\w)≤|(?<!\w)<)\W*(?:\w+\W+){0,2}$",
    re.IGNORECASE,
)
_MIN = re.compile(
    r"(?:at least|(?:a |the )?min(?:imum)?(?: of)?|no (?:less|fewer) than|not (?:less|fewer) than"
    r"|more than|greater than|over|above|exceed(?:s|ing)?|≥|>)\W*(?:\w+\W+){0,2}$",
    re.IGNORECASE,
)
_OR_LESS = re.compile(r"\W*(?:\w+\W+){0,3}?or (?:less|fewer|under|below|earlier)\b", re.IGNORECASE)
_OR_MORE = re.compile(r"\W*(?:\w+\W+){0,3}?or (?:more|greater|above|over|older|longer)\b", re.IGNORECASE)
_ABOUT = re.compile(
    r"(?:about|approximately|approx\.?|around|roughly|nearly|almost|some|circa|ca\.?|~)\s*(?:\w+\s+)?$", re.IGNORECASE
)
_DENIED = re.compile(
    r"(?:(?<!whether or )\bnot|n['’]t|\bno longer|\brather than|\binstead of|\bas opposed to|\bnever|\bformerly"
    r"|\bpreviously)"
    r"(?!\s+(?:more|less|fewer|later|longer|to exceed|exceed|exceeding|only|just))\s*(?:be\s|the\s|a\s|an\s|usual\s)*$",
    re.IGNORECASE,
)
_PER = re.compile(r"\s*(?:\b(?:per|each|every|an?)\s+|/\s?)((?:[^\W\d_]+[ -]){0,2}[^\W\d_]+)", re.IGNORECASE)
_ADVERBS = {
    "hourly": "hour",
    "daily": "day",
    "weekly": "week",
    "biweekly": "fortnight",
    "monthly": "month",
    "quarterly": "quarter",
    "annually": "year",
    "yearly": "year",
}
_ENDS_NOUN = frozenset({"no", "not", "ago", *_ADVERBS})
_AN_HOUR = re.compile(
    r"\b(?:within|in|after|for|least|most|than|about|every|next|lasts|takes|only) (?:an?|one|the) "
    r"(?P<unit>second|minute|hour|day|week|fortnight|month|quarter|year|decade|century)\b",
    re.IGNORECASE,
)
_CLOCK = re.compile(
    r"(?<![\w:.])(?P<hour>[01]?\d|2[0-3])(?:[:.](?P<minute>[0-5]\d))?\s?(?P<half>[ap])\.?\s?m\b\.?"
    r"|(?<![\w:.])(?P<hour24>[01]?\d|2[0-3]):(?P<minute24>[0-5]\d)(?![\d:])",
    re.IGNORECASE,
)
_CLOCK_UNIT = "clock"
_EITHER_HALF = ("either half of the day",)
"""Noun of a clock time that may be before or after noon (``5:30``)."""
_HALF_DAY = 720
_YEARS = (Decimal(1500), Decimal(2099))


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in its sentence."""

    value: Decimal
    high: Decimal | None
    """Upper end of a range (``3–5 days``), else None."""
    unit: str
    """Canonical unit (``hour``, ``percent``, ``dollar``) or empty."""
    noun: tuple[str, ...]
    """Stems of the words counted: ``("annual", "leav", "hour")``."""
    per: str
    """What it is a rate of (``year``, ``pay period`` as stems), or empty."""
    bound: str
    """``max``, ``min``, ``about`` or empty."""
    denied: bool
    """Said not to be so: ``not 26``, ``rather than 26``."""
    ordinal: bool
    weak: bool
    """A word that often counts nothing: *one*, *first*, *half*."""
    text: str
    start: int
    end: int

    @property
    def year_like(self) -> bool:
        """A bare number that may just as well be a year."""
        return not self.unit and self.high is None and _YEARS[0] <= self.value <= _YEARS[1]

    @property
    def bare(self) -> bool:
        """True where nothing says what is counted."""
        return not self.unit and not self.noun and not self.ordinal


def quantities(text: str, *, skip_dates: bool = True) -> list[Quantity]:
    """All quantities of ``text`` in order; dates, codes and idioms such as ``24/7`` are none.

    A four-digit number that could be a year is kept where it has a unit
    (``2087 hours``) or stands bare, see :attr:`Quantity.year_like`.
    """
    words = tokens(text)
    starts = [word.start for word in words]
    taken = _dated(text, dates(text) if skip_dates else [])
    found: list[Quantity] = []
    times = [time for time in _clock_times(text) if not any(taken[time.start : time.end])]
    for time in times:
        taken[time.start : time.end] = b"\1" * (time.end - time.start)
    numbers = [n for n in numerals(text, words) if not any(taken[n.start : n.end])]
    for i, numeral in enumerate(numbers):
        after = numbers[i + 1] if i + 1 < len(numbers) else None
        found.append(_quantity(text, words, starts, numeral, after))
    found = sorted((*found, *times), key=lambda q: q.start)
    return _with_implied(text, _with_shared_units(text, _joined_ranges(text, found)))


def _dated(text: str, found: Sequence[PartialDate]) -> bytearray:
    mask = bytearray(len(text))
    for date in found:
        if not date.bare_year or date.text.upper().startswith("FY"):
            mask[date.start : date.end] = b"\1" * (date.end - date.start)
    return mask


def _clock_times(text: str) -> list[Quantity]:
    """Times of day as minutes after midnight: ``9:30 a.m.`` is 570 of the unit ``clock``."""
    found: list[Quantity] = []
    for match in _CLOCK.finditer(text):
        hour, minute = int(match["hour"] or match["hour24"]), int(match["minute"] or match["minute24"] or 0)
        noun = _EITHER_HALF if not match["half"] and hour <= 12 else ()
        if match["half"]:
            hour = hour % 12 + (12 if match["half"].lower() == "p" else 0)
        value = Decimal(hour * 60 + minute)
        before = text[max(0, match.start() - _BEFORE) : match.start()]
        denied = bool(_DENIED.search(before))
        found.append(
            Quantity(value, None, _CLOCK_UNIT, noun, "", "", denied, False, False, match.group(), *match.span())
        )
    return found


def _quantity(
    text: str, words: Sequence[Token], starts: Sequence[int], numeral: Numeral, after: Numeral | None
) -> Quantity:
    unit, noun, end = _counted(text, words, bisect_left(starts, numeral.end), numeral, after)
    if numeral.currency:
        unit = UNITS[fold(numeral.currency.removeprefix("US") if numeral.currency == "US$" else numeral.currency)]
    before = text[max(0, numeral.start - _BEFORE) : numeral.start]
    weak = numeral.word and not unit and (numeral.value in (0, 1) or numeral.ordinal or numeral.value == Decimal("0.5"))
    return Quantity(
        value=numeral.value,
        high=None,
        unit=unit,
        noun=noun,
        per=_rate(text, end),
        bound=_bound(before, text[end : end + 32]),
        denied=bool(_DENIED.search(before)),
        ordinal=numeral.ordinal,
        weak=weak,
        text=text[numeral.start : end],
        start=numeral.start,
        end=end,
    )


def _counted(
    text: str, words: Sequence[Token], i: int, numeral: Numeral, after: Numeral | None
) -> tuple[str, tuple[str, ...], int]:
    """Unit, counted noun and end of the phrase that starts with ``numeral``."""
    sign = _SIGN.match(text, numeral.end)
    if sign:
        unit = UNITS.get(fold(sign.group(1).strip()), "")
        return unit, (), sign.end()
    if numeral.value == Decimal("0.5") and i < len(words) and words[i].norm in ("a", "an"):
        i += 1  # "half an hour"
        numeral = replace(numeral, end=words[i - 1].end)
    noun: list[str] = []
    end = numeral.end
    for word in words[i : i + _LOOK_AHEAD]:
        if after is not None and word.start >= after.start:
            break
        if not _BETWEEN.fullmatch(text, end, word.start):
            break
        unit = UNITS.get(word.norm, "") if len(word.norm) > 1 else ""  # "5 m" may be anything, "5m" hardly
        if unit and not (numeral.ordinal and unit in TIME_UNITS):
            return unit, (*noun, word.stem), word.end
        if word.norm in STOP_WORDS or word.norm in _ENDS_NOUN or not word.norm.isalpha():
            break
        if len(noun) == 3:
            break
        noun.append(word.stem)
        end = word.end
    return "", tuple(noun), numeral.end if not noun else end


def _rate(text: str, end: int) -> str:
    tail = text[end : end + 40]
    adverb = re.match(r"\s*([^\W\d_]+)", tail)
    if adverb and fold(adverb.group(1)) in _ADVERBS:
        return _ADVERBS[fold(adverb.group(1))]
    match = _PER.match(tail)
    if not match:
        return ""
    kept: list[str] = []
    for word in tokens(match.group(1)):
        if word.norm in STOP_WORDS:
            break
        if word.norm in UNITS and UNITS[word.norm] in TIME_UNITS:
            return UNITS[word.norm]
        kept.append(word.stem)
    return " ".join(kept)


def _bound(before: str, after: str) -> str:
    clause = re.split(r"[.;:()]", before)[-1]
    if _OR_LESS.match(after) or _MAX.search(clause):
        return "max"
    if _OR_MORE.match(after) or after.startswith("+") or _MIN.search(clause):
        return "min"
    return "about" if _ABOUT.search(clause) or re.match(r"\s*or so\b", after) else ""


def _joined_ranges(text: str, found: list[Quantity]) -> list[Quantity]:
    joined: list[Quantity] = []
    for quantity in found:
        last = joined[-1] if joined else None
        if last is not None and _is_range(text, last, quantity):
            joined[-1] = replace(
                quantity, value=last.value, high=quantity.value, text=text[last.start : quantity.end], start=last.start
            )
        else:
            joined.append(quantity)
    return joined


def _is_range(text: str, low: Quantity, high: Quantity) -> bool:
    if low.high is not None or low.value >= high.value or (low.noun and not low.unit):
        return False
    if not _RANGE.fullmatch(text, low.end, high.start) or not units_agree(low.unit, high.unit):
        return False
    word = text[low.end : high.start].strip().lower()
    if word == "and":
        return text[max(0, low.start - 9) : low.start].lower().rstrip().endswith("between")
    return True


def _with_shared_units(text: str, found: list[Quantity]) -> list[Quantity]:
    """``5 or 6 days``: the first has the second's unit."""
    shared = list(found)
    for i in range(len(found) - 2, -1, -1):
        one, other = shared[i], shared[i + 1]
        if one.bare and (other.unit or other.noun) and _OR.fullmatch(text, one.end, other.start):
            shared[i] = replace(one, unit=other.unit, noun=other.noun)
    return shared


def _with_implied(text: str, found: list[Quantity]) -> list[Quantity]:
    """Adds ``within an hour`` as 1 hour."""
    for match in _AN_HOUR.finditer(text):
        start, end = match.start("unit"), match.end("unit")
        if any(q.start <= start < q.end for q in found):
            continue
        unit = UNITS[fold(match["unit"])]
        bound = _bound(text[max(0, start - _BEFORE) : start], text[end : end + 32])
        found.append(
            Quantity(Decimal(1), None, unit, (stem(unit),), "", bound, False, False, True, text[start:end], start, end)
        )
    return sorted(found, key=lambda q: q.start)


def equal(one: Quantity, other: Quantity) -> bool:
    """Same value in units that agree: ``60 minutes`` = ``1 hour``, ``six`` = ``6``, ``30%`` ≠ ``30 days``.

    A unit that only one of the two gives does not part them, unless the other counts
    something else by name (``4 hours`` ≠ ``4 employees``).
    """
    if not units_agree(one.unit, other.unit) or _other_thing(one, other) or _other_thing(other, one):
        return False
    if one.unit and other.unit:
        mine, yours = in_base_unit(one.value, one.unit)[0], in_base_unit(other.value, other.unit)[0]
    else:
        mine, yours = one.value, other.value
    if (one.high is None) != (other.high is None):
        return False
    if one.unit == _CLOCK_UNIT and _EITHER_HALF in (one.noun, other.noun):
        return mine % _HALF_DAY == yours % _HALF_DAY
    return mine == yours and (one.high is None or one.high == other.high)


def _other_thing(measured: Quantity, counted: Quantity) -> bool:
    return bool(measured.unit and not counted.unit and counted.noun and counted.noun[-1] not in measured.noun)


def rates_agree(one: Quantity, other: Quantity) -> bool:
    """False where both say what they are a rate of and it differs (``per year``, ``per month``)."""
    return not one.per or not other.per or one.per == other.per


def opposed(one: Quantity, other: Quantity) -> bool:
    """True where one is an upper and the other a lower limit."""
    return {one.bound, other.bound} == {"max", "min"}
