"""Characters that hide or disguise text: invisible ones, reversed order, letters of another script that look alike.

Sources: Unicode TR36 (security considerations) and TR39 (``confusables.txt``, version 16),
https://www.unicode.org/reports/tr39/; "Trojan Source" (CVE-2021-42574) for the order of writing;
the tag block U+E0000 and variation selectors as carriers of hidden ASCII.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

__all__ = ["Disguise", "disguises", "plain_ascii", "skeleton", "without_invisible"]


@dataclass(frozen=True, slots=True)
class Disguise:
    """A stretch of text that is not what it seems (code points, end exclusive)."""

    start: int
    end: int
    kind: str
    """``invisible``, ``direction`` or ``homoglyph``."""
    plain: str
    """What it should be."""
    says: str = ""
    """What invisible characters spell, where they spell anything."""


# Flags of England, Scotland and Wales are a black flag and tags that end with U+E007F (UTS 51).
_FLAG = "\U0001f3f4[\U000e0020-\U000e007e]{1,8}\U000e007f"
_TAGS = re.compile(f"{_FLAG}|(?P<tags>[\U000e0000-\U000e007f]+)")
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{3,}")
"""One selector chooses a glyph; three in a row choose nothing and can carry bytes."""
_RUN = re.compile("[\u200b-\u200d\u2060-\u2064\ufeff\u180e\u3164\uffa0]{4,}")
"""Single ones are a matter of clean text (the check ``garbled``); a run of them can carry a message."""
_OVERRIDE = re.compile("[\u202a-\u202e\u2066-\u2069]")
_FORCED = re.compile("[\u202d\u202e]")
_REVERSING = re.compile("[\u202b\u202d\u202e\u2067]")
"""In a text without right-to-left script; the other marks of direction come with copying and turn nothing round."""
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_DROPPED = re.compile(
    "[\u200b\u2060-\u2064\ufeff\u00ad\u180e\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f\U000e0100-\U000e01ef]"
)
_JOINERS = re.compile("(?<=[A-Za-z0-9])[\u200c\u200d]+(?=[A-Za-z0-9 ])")

_CONFUSABLE = {
    # Cyrillic
    **dict(zip("аАВсСеЕНіІјЈкКМоОрРѕЅТхХуУһԁԛԝӏѵԌᴦ", "aABcCeEHiIjJkKMoOpPsSTxXyYhdqwlvGr", strict=True)),
    # Greek; small letters that mathematics and biology join to Latin ones (α, β, γ, ν, μ) are left out
    **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧοϲϳ", "ABEZHIKMNOPTYXocj", strict=True)),
    # Armenian
    **dict(zip("օոսցհԼՕՍ", "onughLOU", strict=True)),
    # Latin of its own kind
    **dict(zip("ɑɡıȷ", "agij", strict=True)),
}
"""Letter to the Latin one it is confusable with: the part of ``confusables.txt`` that renders alike in common fonts."""
_LOOKALIKE = re.compile(f"[{''.join(set(_CONFUSABLE) - set('ɑɡıȷ'))}]")
_WORD = re.compile(r"[^\W\d_]{3,}")
_LATIN = re.compile(r"[A-Za-z]")
_TABLE = str.maketrans(_CONFUSABLE)
_FOLDED = re.compile("[\uff01-\uff5e\U0001d400-\U0001d7ff\u2460-\u24ff\U0001f130-\U0001f189]")
"""Full-width, mathematical and enclosed letters, which are the plain ones to a language model (NFKC)."""


@lru_cache(maxsize=1)
def _uncommon() -> Any:
    """Anything but Latin letters and the marks of typography: most texts with accents and quotes are done here."""
    import re2

    return re2.compile("[^\u0000-\u00ac\u00ae-\u017f–—‘’“”„…•€™→←↑↓\u2009\u202f]")


def disguises(text: str) -> Iterator[Disguise]:
    """Invisible messages, forced writing direction and mixed-script words of ``text``; nothing where it is ASCII."""
    if text.isascii() or not _uncommon().search(text):
        return
    for match in _TAGS.finditer(text):
        if tags := match["tags"]:
            yield Disguise(*match.span(), "invisible", "", plain_ascii(tags))
    for match in _SELECTORS.finditer(text):
        yield Disguise(*match.span(), "invisible", "", _selected(match.group()))
    for match in _RUN.finditer(text):
        yield Disguise(*match.span(), "invisible", "")
    right_to_left = bool(_RIGHT_TO_LEFT.search(text))
    for match in (_FORCED if right_to_left else _REVERSING).finditer(text):
        yield Disguise(*match.span(), "direction", "")
    yield from _homoglyphs(text)


def without_invisible(text: str) -> str:
    """``text`` without characters that nobody sees and no script needs."""
    if text.isascii() or not _uncommon().search(text):
        return text
    text = _TAGS.sub(lambda match: "" if match["tags"] else match.group(), text)
    text = _SELECTORS.sub("", text)
    # Joiners inside words of Latin letters do nothing; those of emoji and other scripts stay.
    text = _JOINERS.sub("", _RUN.sub("", text))
    text = re.sub("[\u200b\u2060-\u2064\ufeff\u00ad\u180e]", "", text)
    return (_FORCED if _RIGHT_TO_LEFT.search(text) else _OVERRIDE).sub("", text)


def plain_ascii(tags: str) -> str:
    """What tag characters (U+E0020 to U+E007E) spell."""
    return "".join(chr(ord(each) - 0xE0000) for each in tags if 0xE0020 <= ord(each) <= 0xE007E)


def skeleton(text: str) -> tuple[str, list[int] | None]:
    """``text`` as it reads, for matching: disguises resolved, and the place in ``text`` of each character.

    The places are None where they are the same. Tag characters come out as the letters they spell.
    """
    if text.isascii() or not _uncommon().search(text):
        return text, None
    if not (_DROPPED.search(text) or _JOINERS.search(text) or _LOOKALIKE.search(text) or _FOLDED.search(text)):
        return text, None
    spelled = _mixed_words(text)
    letters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(spelled):
        code = ord(character)
        if 0xE0020 <= code <= 0xE007E:
            plain = chr(code - 0xE0000)
        elif _DROPPED.match(character) or character in "\u200c\u200d":
            continue
        elif _FOLDED.match(character):
            plain = unicodedata.normalize("NFKC", character).strip("()")
        else:
            plain = character
        for each in plain:
            letters.append(each)
            places.append(place)
    places.append(len(text))
    return "".join(letters), places


def _mixed_words(text: str) -> str:
    """``text`` with look-alikes in words of mixed script made plain; as long as before."""

    def plain(match: re.Match[str]) -> str:
        word = match.group()
        return word.translate(_TABLE) if _LATIN.search(word) else word

    return _WORD.sub(plain, text) if _LOOKALIKE.search(text) else text


def _homoglyphs(text: str) -> Iterator[Disguise]:
    """Words in which Latin letters stand beside look-alikes, and words of look-alikes only in a Latin text."""
    if not _LOOKALIKE.search(text):
        return
    for match in _WORD.finditer(text):
        word = match.group()
        if word.isascii() or not _LOOKALIKE.search(word):
            continue
        plain = word.translate(_TABLE)
        # "TNFΑ": a Greek capital at the end of an acronym is a name; every foreign letter has to be a look-alike.
        if plain.isascii() and _LATIN.search(word):
            yield Disguise(*match.span(), "homoglyph", plain)


def _selected(selectors: str) -> str:
    """Bytes that variation selectors carry (U+FE00 = 0 … U+E01EF = 255), where they are readable."""
    values = [ord(each) - 0xFE00 if ord(each) < 0xFFFF else ord(each) - 0xE0100 + 16 for each in selectors]
    spelled = bytes(values).decode("utf-8", "replace")
    return spelled if spelled.isprintable() else ""
