"""Text that addresses the language model instead of its readers, and whether it means it.

A page about prompt injection quotes the same words as an attack. What is quoted, in code, or
introduced as an example is told apart, and so is a page that is about the subject.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from foretune.governance.hostile.characters import skeleton
from foretune.governance.hostile.phrases import compiled, may_address_a_model
from foretune.governance.markup import blank_code

__all__ = ["Instruction", "instructions"]

REPORTED = 0.5
"""Below this a passage is not reported: one weak phrase, as ordinary prose has it."""
_CERTAIN = 0.75
_NEAR = 300
"""Phrases this many characters apart, or fewer, belong to one attempt."""
_LONGEST = 600
"""An attempt is shown, and quoted to the model, in no more characters than this around its phrases."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """A stretch that addresses the model (code points, end exclusive; whole sentences)."""

    start: int
    end: int
    score: float
    """0 to 1: how sure it is."""
    kinds: tuple[str, ...]
    """Of :data:`~foretune.governance.hostile.phrases.PHRASES`; ``encoded`` where it was in Base64 or hexadecimal."""
    mentioned: bool
    """Quoted, in code, or given as an example: talked about, not meant."""
    decoded: str = ""

    @property
    def certain(self) -> bool:
        return self.score >= _CERTAIN


@dataclass(frozen=True, slots=True)
class _Hit:
    start: int
    end: int
    kind: str
    weight: float
    decoded: str = ""


_SUBJECT = re.compile(
    r"prompt[- ]injection|jailbreak(?:ing|s)?\b|prompt[- ]leak|adversarial prompt|red[- ]team|instruction hierarchy"
    r"|injection attack|LLM01|chat template|special tokens?\b",
    re.IGNORECASE,
)
_CUE = re.compile(
    r"\b(?:for example|for instance|e\.g\.|such as|examples?|attackers?|attacks?|malicious|phrases?|so-called"
    r"|things like|tr(?:y|ies|ied) to|attempts?|what if|never (?:paste|follow)|beware|suspicious|phishing|spam"
    r"|beispiel|exemple|ejemplo)\b",
    re.IGNORECASE,
)
_CUE_REACH = 160
_OPENING_QUOTES = {'"': '"', "“": "”", "„": "“", "«": "»", "‘": "’", "`": "`", "「": "」", "『": "』"}
_SENTENCE_END = re.compile(r"[.!?。！？](?=[\s\"'”’)\]]|$)|\n(?![ \t>]{0,4}[a-zß-ÿ])|\n(?=[ \t]*\n)|<!--|-->|[。！？]")
"""A line that goes on in small letters goes on with the sentence."""


def instructions(text: str) -> list[Instruction]:
    """Passages of ``text`` that address a language model, in order, none over another."""
    plain, places = skeleton(text)
    hits = list(_phrase_hits(plain)) if may_address_a_model(plain) else []
    hits += _encoded_hits(plain)
    if not hits:
        return []
    hits.sort(key=lambda hit: (hit.start, hit.end))
    code = blank_code(plain)
    subject = _SUBJECT.search(plain) is not None
    found: list[Instruction] = []
    for group in _groups(hits, plain):
        by_kind: dict[str, float] = {}
        for hit in group:
            by_kind[hit.kind] = max(by_kind.get(hit.kind, 0.0), hit.weight)
        score = 1.0
        for weight in by_kind.values():
            score *= 1.0 - weight
        score = round(1.0 - score, 3)
        if score < REPORTED:
            continue
        start, end = _sentences(plain, group[0].start, max(hit.end for hit in group))
        mentioned = all(_is_mention(plain, code, hit) for hit in group) or (subject and "encoded" not in by_kind)
        decoded = next((hit.decoded for hit in group if hit.decoded), "")
        if places is not None:
            start, end = places[start], places[end - 1] + 1
        if found and start < found[-1].end:
            start = found[-1].end
        if start < end:
            found.append(Instruction(start, end, score, tuple(sorted(by_kind)), mentioned, decoded))
    return found


def _phrase_hits(text: str) -> Iterator[_Hit]:
    for phrase, pattern in compiled():
        for match in pattern.finditer(text):
            start, end = match.span()
            while start < end and text[start].isspace():
                start += 1
            while end > start and text[end - 1].isspace():
                end -= 1
            if start < end:
                yield _Hit(start, end, phrase.kind, phrase.weight)


_ENCODED = r"[A-Za-z0-9+/_-]{28,}={0,2}"
_HEXADECIMAL = re.compile(r"(?:[0-9a-fA-F]{2}){14,}")
_MOST_ENCODED = 8_000
"""Longer pieces are pictures and programs; their beginning says enough."""


@lru_cache(maxsize=1)
def _encoded() -> Any:
    import re2

    return re2.compile(_ENCODED)


def _encoded_hits(text: str) -> Iterator[_Hit]:
    """Base64 (RFC 4648, sections 4 and 5) and hexadecimal that hold words that address a model."""
    for match in _encoded().finditer(text):
        for decoded in _decoded(match.group()[:_MOST_ENCODED]):
            best = max((phrase.weight for phrase, pattern in compiled() if pattern.search(decoded)), default=0.0)
            if best >= REPORTED:
                yield _Hit(match.start(), match.end(), "encoded", max(best, 0.8), decoded[:_LONGEST])
                break


def _decoded(piece: str) -> Iterator[str]:
    candidates = []
    if _HEXADECIMAL.fullmatch(piece):
        candidates.append(bytes.fromhex(piece))
    body = piece.rstrip("=").replace("-", "+").replace("_", "/")
    body = body[: len(body) - (len(body) % 4 == 1)]
    with contextlib.suppress(binascii.Error, ValueError):
        candidates.append(base64.b64decode(body + "=" * (-len(body) % 4), validate=True))
    for data in candidates:
        try:
            decoded = data.decode("utf-8")
        except UnicodeDecodeError:
            continue
        if sum(character.isprintable() or character.isspace() for character in decoded) == len(decoded):
            yield decoded


def _groups(hits: list[_Hit], text: str) -> Iterator[list[_Hit]]:
    group = [hits[0]]
    reach = hits[0].end
    for hit in hits[1:]:
        near = hit.start - reach <= _NEAR and "\n\n" not in text[reach : hit.start]
        if near and hit.end - group[0].start <= 4 * _LONGEST:
            group.append(hit)
            reach = max(reach, hit.end)
        else:
            yield group
            group, reach = [hit], hit.end
    yield group


def _sentences(text: str, start: int, end: int) -> tuple[int, int]:
    """The span grown to whole sentences of its lines, by a bounded number of characters."""
    floor = max(0, start - _LONGEST)
    begin = floor
    for match in _SENTENCE_END.finditer(text, floor, start):
        begin = match.end()
    close = _SENTENCE_END.search(text, max(start, end - 1), min(len(text), end + _LONGEST))
    finish = (
        min(len(text), end + _LONGEST) if close is None else max(end, close.start() + (close.group() in ".!?。！？"))
    )
    while begin < start and text[begin].isspace():
        begin += 1
    while finish > end and text[finish - 1].isspace():
        finish -= 1
    return begin, finish


def _is_mention(text: str, code: str, hit: _Hit) -> bool:
    if code[hit.start : hit.end].strip() != text[hit.start : hit.end].strip():
        return True
    before = text[max(0, hit.start - 60) : hit.start]
    line = before.rsplit("\n", 1)[-1]
    for opening, closing in _OPENING_QUOTES.items():
        place = line.rfind(opening)
        if place >= 0 and (closing != opening or line.count(opening) % 2):
            inside = line[place + 1 :]
            if closing not in inside and closing in text[hit.end - 1 : hit.end + 200].split("\n", 1)[0]:
                return True
    lead = text[max(0, hit.start - _CUE_REACH) : hit.start].rsplit("\n\n", 1)[-1]
    return _CUE.search(lead) is not None
