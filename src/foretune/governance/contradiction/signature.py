"""What a document is compared by: its statements as places, hashed words and kinds of fact."""

from __future__ import annotations

import re
import zlib
from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from foretune.evidence import Facts, content, facts
from foretune.evidence.units import UNITS, in_base_unit
from foretune.governance.contradiction.acronyms import expansions
from foretune.governance.contradiction.identifiers import Identifier, identifiers
from foretune.governance.contradiction.links import Link, links
from foretune.governance.contradiction.statements import plain, statements

__all__ = ["Signed", "SignedStatement", "begins_or_ends", "canonical", "sign_text", "subject"]

_MAY_HOLD_A_FACT = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|sixty"
    r"|ninety|hundred|half|dozen|an? (?:hour|day|week|month|year)|january|february|march|april|june|july|august"
    r"|september|october|november|december)\b",
    re.IGNORECASE,
)
_SYNONYMS = {
    word: words.split()[0]
    for words in (
        "begin began begun start creat launch found establish form introduc debut inaugur",
        "end ended close closur retir sunset decommiss dissolv discontinu abolish",
        "join merg combin unit",
        "approv author",
        "supervisor manag boss",
        "employe staff worker",
        "pay salari wage compens",
        "reimburs refund repay",
        "purchas buy bought procur",
        "finish complet",
        "submit send sent file",
        "contact reach email",
        "vacat holiday",
        "ticket book",
        "maximum cap ceil limit",
    )
    for word in words.split()
}
"""Stems that say much the same in policies and histories, each by one of them."""
_FEWEST_WORDS = 4
"""Content words below which a statement without a value says too little to be denied."""


@dataclass(frozen=True, slots=True)
class SignedStatement:
    """A statement as hashes: about 100 bytes."""

    ordinal: int
    """Position among the statements of the document."""
    group: int
    own: array[int]
    """Hashes of the stems it consists of, values left out; sorted, each once."""
    around: array[int]
    """Those of title, headings, list introduction and the sentence before."""
    row: bool
    """One of several items of a list that state the same kind of fact: a row, and its first words its condition."""
    keys: tuple[int, ...]
    """Hashes of the kinds of fact it states; two statements are compared where one is shared."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A document as its statements."""

    id: str
    path: str
    title: str
    statements: tuple[SignedStatement, ...]
    identifiers: tuple[Identifier, ...]
    expansions: tuple[Identifier, ...]
    links: tuple[Link, ...]


def hashed(text: str) -> int:
    """32 bits, the same on every machine."""
    return zlib.crc32(text.encode("utf-8", "surrogatepass"))


def canonical(stem: str) -> str:
    """The stem that stands for all that say the same."""
    return _SYNONYMS.get(stem, stem)


def subject(text: str, stated: Facts | None) -> set[str]:
    """Stems of what ``text`` speaks of: its content words without the values themselves."""
    taken = [(q.start, q.end) for q in stated.quantities if not q.ordinal] if stated else []
    taken += [(d.start, d.end) for d in stated.dates] if stated else []
    found = {
        _SYNONYMS.get(word.stem, word.stem)
        for word in content(text)
        if not word.norm.isdigit()
        and not (word.norm in UNITS and len(word.norm) > 1)
        and not any(start <= word.start < end and _is_value(word.norm) for start, end in taken)
    }
    if _JOINING.search(text):
        found.add("join")
    return found | _acronyms(text)


_JOINING = re.compile(r"\b(?:c[ao]me together|bec[ao]me (?:a )?part of|(?:moved|merged|folded) into)\b", re.IGNORECASE)
_SPELLED_OUT = re.compile(r"(?:[A-Z][a-z]{2,}\s+(?:(?:and|of|for|the|&)\s+)?){2,5}[A-Z][a-z]{2,}")


def _acronyms(text: str) -> set[str]:
    """*Family and Medical Leave* is also spoken of as FML: initials of capitalised phrases."""
    found: set[str] = set()
    for match in _SPELLED_OUT.finditer(text):
        letters = "".join(word[0] for word in match.group().split() if word[0].isupper())
        found.update(letters[:length].lower() for length in range(3, len(letters) + 1))
    return found


@lru_cache(maxsize=4096)
def _is_value(word: str) -> bool:
    return bool(_MAY_HOLD_A_FACT.fullmatch(word))


def stated_in(text: str) -> Facts | None:
    """The facts of ``text``; None where a glance tells that there is no value."""
    return facts(text) if _MAY_HOLD_A_FACT.search(text) else None


def fact_keys(stated: Facts | None) -> Iterator[str]:
    """Names of the kinds of fact that are stated: what is counted, and which parts of a date are given."""
    if stated is not None:
        for quantity in stated.quantities:
            if quantity.weak or quantity.denied or quantity.ordinal:
                continue
            if quantity.unit:
                yield "number " + in_base_unit(quantity.value, quantity.unit)[1]
            elif quantity.noun:
                yield "number " + quantity.noun[-1]
        for date in stated.dates:
            if date.day:
                yield "day"
            elif date.first_year:
                yield "year"
    yield "polarity"


def sign_text(document_id: str, path: str, title: str, text: str) -> Signed:
    """Sign a document: reads each sentence once."""
    around_of = lru_cache(maxsize=64)(lambda words: frozenset(subject(words, None)))
    read = [(each, stated_in(each.text)) for each in statements(text, title)]
    keys_of = [frozenset(map(hashed, fact_keys(stated))) for each, stated in read]
    rows = Counter(
        (each.group, key) for (each, _), keys in zip(read, keys_of, strict=True) if each.group for key in keys
    )
    signed = []
    for ordinal, ((each, stated), keys) in enumerate(zip(read, keys_of, strict=True)):
        said = f"{each.text} {each.item}" if each.item else each.text
        wanted = keys - _POLAR if each.item else keys
        if not wanted:
            continue
        own = subject(said, stated if not each.item else facts(said))
        if not own or (wanted == _POLAR and len(own) < _FEWEST_WORDS):
            continue
        around = (around_of(each.under) | around_of(each.before)) - own
        row = any(rows[each.group, key] > 1 for key in wanted - _POLAR)
        signed.append(SignedStatement(ordinal, each.group, _packed(own), _packed(around), row, tuple(sorted(wanted))))
    return Signed(
        document_id,
        path,
        title,
        tuple(signed),
        tuple(identifiers(text)),
        tuple(expansions(text, plain(text))),
        tuple(links(text)),
    )


POLARITY = hashed("polarity")
_POLAR = frozenset({POLARITY})


def _packed(stems: set[str] | frozenset[str]) -> array[int]:
    return array("I", sorted({hashed(stem) for stem in stems}))


_EVENTS = frozenset({"begin", "end", "join", "renam"})


def begins_or_ends(stems: frozenset[str]) -> frozenset[str]:
    """What happens once: that something began, ended, joined another, was renamed."""
    return stems & _EVENTS
