"""Captions of meetings and films: WebVTT (https://www.w3.org/TR/webvtt1/) and SubRip.

The text is what was said, a paragraph a speaker; when it was said goes into the
properties, with offsets into the text.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from foretune.corpus.readers.decoding import decode
from foretune.corpus.readers.reading import DAMAGED, Extract, Raw, Unreadable
from foretune.corpus.readers.registry import reader

__all__ = ["Cue", "cues", "seconds", "transcript"]

_TIME = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_TIMING = re.compile(rf"[ \t]*{_TIME}[ \t]*-->[ \t]*{_TIME}(?![\d.,:])")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?[ \t]+([^>]{1,120})>")
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>|<[\d:.]{5,16}>|\{\\[^{}]{0,100}\}")
_SPEAKER = re.compile(r"(?P<name>[^\W\d_](?:[\w .'’()-]{0,58}[\w.)])?):[ \t]+(?=\S)")
_BLOCKS = re.compile(r"\n(?:[ \t]*\n)+")


@dataclass(frozen=True, slots=True)
class Cue:
    """What was said from ``start`` to ``end`` (seconds), by ``speaker`` where the file says so."""

    start: float
    end: float
    speaker: str
    text: str


@reader("a WebVTT file", suffixes=(".vtt",), opening=(b"webvtt\n", b"webvtt\r", b"webvtt "), isolated=False)
def read_vtt(raw: Raw) -> Iterable[Extract]:
    yield _extract(raw, "text/vtt", "a WebVTT file")


@reader("a SubRip file", suffixes=(".srt",), isolated=False)
def read_srt(raw: Raw) -> Iterable[Extract]:
    yield _extract(raw, "application/x-subrip", "a SubRip file")


def _extract(raw: Raw, media_type: str, kind: str) -> Extract:
    text, _ = decode(raw.data)
    found = cues(text)
    if not found and text.strip():
        raise Unreadable(DAMAGED.format(kind=kind))
    said, spoken = transcript(found)
    header = re.match(r"WEBVTT[ \t]*-?[ \t]*(.{0,200})", text)
    metadata: dict[str, Any] = {"title": header[1] if header and header[1] != "FILE" else "", "cues": spoken}
    metadata["speakers"] = list(dict.fromkeys(cue.speaker for cue in found if cue.speaker))
    if found:
        metadata["seconds"] = max(cue.end for cue in found)
    return Extract(said, media_type, metadata, headings=False)


def cues(text: str) -> list[Cue]:
    """The cues of a WebVTT or SubRip file, in its order; notes, styles and regions are passed over.

    A speaker is named by a voice tag, or by a name and a colon that begin at least
    two cues: once it may be a turn of phrase (``Remember: …``).
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    found = [cue for block in _BLOCKS.split(lines) if (cue := _cue(block))]
    names = Counter(match["name"] for cue in found if (match := _SPEAKER.match(cue.text)))
    return [_named(cue, names) for cue in found]


def _cue(block: str) -> Cue | None:
    lines = block.splitlines()
    timing = next(((number, match) for number, line in enumerate(lines[:2]) if (match := _TIMING.match(line))), None)
    if timing is None:
        return None
    payload = " ".join(lines[timing[0] + 1 :])
    voice = _VOICE.search(payload)
    spoken = " ".join(html.unescape(_TAG.sub("", payload)).split())
    times = timing[1].groups()
    speaker = " ".join(html.unescape(voice[1]).split()) if voice else ""
    return Cue(seconds(*times[:4]), seconds(*times[4:]), speaker, spoken) if spoken else None


def _named(cue: Cue, names: Counter[str]) -> Cue:
    match = _SPEAKER.match(cue.text)
    if cue.speaker or match is None or names[match["name"]] < 2:
        return cue
    return replace(cue, speaker=match["name"], text=cue.text[match.end() :])


def seconds(hours: str | None, minutes: str, whole: str, fraction: str) -> float:
    """Seconds of a time of a cue; a fraction of fewer than three digits is padded (``.5`` is half a second)."""
    return ((int(hours or 0) * 60 + int(minutes)) * 60_000 + int(whole) * 1000 + int(fraction.ljust(3, "0"))) / 1000


def transcript(found: Iterable[Cue]) -> tuple[str, list[list[float]]]:
    """What was said as text, and ``[start, end, offset]`` a cue (seconds, seconds, code points).

    Cues of one speaker run on in a paragraph; a cue without a speaker has a line of
    its own. A cue that says the same as the one before (captions that roll) is left out.
    """
    parts: list[str] = []
    spoken: list[list[float]] = []
    length = 0
    last = Cue(0, 0, "", "")
    for cue in found:
        if (cue.speaker, cue.text) == (last.speaker, last.text):
            continue
        if not parts:
            gap = ""
        elif cue.speaker != last.speaker:
            gap = "\n\n"
        else:
            gap = " " if cue.speaker else "\n"
        if cue.speaker and gap != " ":
            gap += f"{cue.speaker}: "
        spoken.append([cue.start, cue.end, length + len(gap)])
        parts += (gap, cue.text)
        length += len(gap) + len(cue.text)
        last = cue
    return "".join(parts), spoken
