"""Units of measurement as people write them, reduced to one name each.

Only conversions that hold everywhere are known (60 minutes are an hour, 12 months
a year). A week is not 7 days here: in a handbook it may be 5 working days or 40
hours, so such equalities have to be said by the question's aliases.
"""

from __future__ import annotations

from decimal import Decimal

__all__ = ["CURRENCIES", "TIME_UNITS", "UNITS", "in_base_unit", "units_agree"]

_SPELLINGS: dict[str, str] = {
    "second": "second seconds sec secs",
    "minute": "minute minutes min mins",
    "hour": "hour hours hr hrs h",
    "day": "day days",
    "week": "week weeks wk wks",
    "fortnight": "fortnight fortnights",
    "month": "month months mo mos",
    "quarter": "quarter quarters",
    "year": "year years yr yrs",
    "decade": "decade decades",
    "century": "century centuries",
    "percent": "% percent percentage pct percents ％",
    "dollar": "$ usd dollar dollars bucks",
    "cent": "cent cents",
    "euro": "€ eur euro euros",
    "pound": "£ gbp quid",
    "yen": "¥ jpy yen",
    "rupee": "₹ inr rupee rupees",
    "franc": "chf franc francs",
    "krona": "sek krona kronor",
    "krone": "dkk nok krone kroner",
    "zloty": "zł pln zloty zlotys",
    "koruna": "kc czk koruna korunas",
    "forint": "huf forint forints",
    "peso": "mxn peso pesos",
    "yuan": "cny rmb yuan",
    "rand": "zar rand rands",
    "byte": "byte bytes",
    "kilobyte": "kb kilobyte kilobytes",
    "megabyte": "mb megabyte megabytes",
    "gigabyte": "gb gigabyte gigabytes",
    "terabyte": "tb terabyte terabytes",
    "metre": "m metre metres meter meters",
    "centimetre": "cm centimetre centimetres centimeter centimeters",
    "millimetre": "mm millimetre millimetres millimeter millimeters",
    "kilometre": "km kilometre kilometres kilometer kilometers kms",
    "mile": "mile miles mi",
    "foot": "ft foot feet",
    "inch": "inch inches",
    "gram": "g gram grams",
    "kilogram": "kg kilogram kilograms kilo kilos kgs",
    "pound-weight": "lb lbs",
    "tonne": "tonne tonnes ton tons",
    "litre": "l litre litres liter liters",
    "millilitre": "ml millilitre millilitres milliliter milliliters",
    "gallon": "gallon gallons gal",
    "degree": "degree degrees °",
    "watt": "watt watts w",
    "kilowatt": "kw kilowatt kilowatts",
}

UNITS: dict[str, str] = {word: unit for unit, words in _SPELLINGS.items() for word in words.split()}
"""Spelling (folded) → unit."""

# fmt: off
CURRENCIES: frozenset[str] = frozenset({
    "dollar", "euro", "pound", "yen", "rupee", "franc",
    "krona", "krone", "zloty", "koruna", "forint", "peso", "yuan", "rand",
})
# fmt: on
TIME_UNITS: frozenset[str] = frozenset(
    {"second", "minute", "hour", "day", "week", "fortnight", "month", "quarter", "year", "decade", "century"}
)

_BASE: dict[str, tuple[str, Decimal]] = {
    "minute": ("second", Decimal(60)),
    "hour": ("second", Decimal(3600)),
    "fortnight": ("week", Decimal(2)),
    "year": ("month", Decimal(12)),
    "quarter": ("month", Decimal(3)),
    "decade": ("month", Decimal(120)),
    "century": ("month", Decimal(1200)),
    "cent": ("dollar", Decimal("0.01")),
    "kilometre": ("metre", Decimal(1000)),
    "centimetre": ("metre", Decimal("0.01")),
    "millimetre": ("metre", Decimal("0.001")),
    "foot": ("inch", Decimal(12)),
    "kilogram": ("gram", Decimal(1000)),
    "tonne": ("gram", Decimal(1_000_000)),
    "millilitre": ("litre", Decimal("0.001")),
    "kilowatt": ("watt", Decimal(1000)),
}


def in_base_unit(value: Decimal, unit: str) -> tuple[Decimal, str]:
    """``value`` in the smallest unit it converts to exactly.

    >>> in_base_unit(Decimal(2), "hour")
    (Decimal('7200'), 'second')
    """
    base, factor = _BASE.get(unit, (unit, Decimal(1)))
    return value * factor, base


def units_agree(one: str, other: str) -> bool:
    """True where the two could measure the same: equal, convertible, or one not given.

    A bare ``pound`` may be money or weight.
    """
    if not one or not other:
        return True
    bases = {in_base_unit(Decimal(1), one)[1], in_base_unit(Decimal(1), other)[1]}
    return len(bases) == 1 or bases == {"pound", "pound-weight"}
