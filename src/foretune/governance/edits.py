"""Repairs and redactions in a text: which places change, and what comes out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from foretune.governance.types import Edit
from foretune.types import Finding

__all__ = ["apply", "edited", "mask", "masked", "occurrences"]

_NEEDLES_AT_ONCE = 1_000
_CJK = 0x2E80
"""From this code point on, scripts are written without spaces between words."""


def mask(finding_type: str) -> str:
    """What takes the place of redacted text: ``[EMAIL]``, ``[NATIONAL_ID]``; the same for the same type everywhere."""
    return f"[{finding_type.upper()}]"


def offered_repair(finding: Finding) -> tuple[Edit, ...]:
    """The repair that a finding offers for its place; nothing where it offers none."""
    if finding.start is None or finding.end is None or "repair" not in finding.evidence:
        return ()
    return (Edit(finding.start, finding.end, str(finding.evidence["repair"]), False),)


def edited(
    text: str, edits: Sequence[Edit], *, masks: Mapping[str, str], repairs: Mapping[str, str] | None = None
) -> str:
    """``text`` with ``edits`` made, and every other occurrence of what is in ``masks`` masked as well.

    ``masks`` and ``repairs`` go from what stands in the text to what takes its place, wherever it stands.
    """
    places = [
        *edits,
        *occurrences(text, masks, redacts=True),
        *occurrences(text, repairs or {}, redacts=False),
    ]
    if not places:
        return text
    text = apply(text, places)
    # A repair can bring to light what was to be masked.
    return masked(text, masks) if any(not place.redacts for place in places) else text


def masked(text: str, masks: Mapping[str, str]) -> str:
    """``text`` with every occurrence of the keys of ``masks`` replaced."""
    return apply(text, list(occurrences(text, masks, redacts=True)))


def masked_values(value: Any, masks: Mapping[str, str]) -> Any:
    """The same for all strings of a JSON value."""
    if isinstance(value, str):
        return masked(value, masks)
    if isinstance(value, Mapping):
        return {key: masked_values(item, masks) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [masked_values(item, masks) for item in value]
    return value


def apply(text: str, edits: Iterable[Edit]) -> str:
    """``text`` with the edits made in one pass, so that no offset goes stale.

    Where edits overlap, redactions are joined and beat repairs; of repairs the first holds.
    """
    pieces: list[str] = []
    position = 0
    for edit in _settled(edits):
        pieces += (text[position : edit.start], edit.replacement)
        position = edit.end
    return "".join(pieces) + text[position:]


def occurrences(text: str, needles: Mapping[str, str], *, redacts: bool) -> Iterator[Edit]:
    """Where the keys of ``needles`` stand in ``text`` as whole words, the longest first; linear in the text."""
    present = sorted((needle for needle in needles if needle and needle in text), key=lambda each: (-len(each), each))
    if not present:
        return
    import re2

    options = re2.Options()
    options.max_mem = 64 << 20
    for start in range(0, len(present), _NEEDLES_AT_ONCE):
        some = present[start : start + _NEEDLES_AT_ONCE]
        for match in re2.compile("|".join(map(re2.escape, some)), options).finditer(text):
            if _whole(text, match.start(), match.end()):
                yield Edit(match.start(), match.end(), needles[match.group()], redacts)


def _whole(text: str, start: int, end: int) -> bool:
    """False in the middle of a word or number: "turn 7" does not stand in "return 75"."""
    return not (_joined(text[start - 1 : start], text[start]) or _joined(text[end - 1], text[end : end + 1]))


def _joined(left: str, right: str) -> bool:
    return left.isalnum() and right.isalnum() and max(ord(left), ord(right)) < _CJK


def _settled(edits: Iterable[Edit]) -> list[Edit]:
    """Edits that do not overlap, in order of place."""
    redactions: list[Edit] = []
    widest = 0
    for edit in sorted((e for e in edits if e.redacts), key=lambda e: (e.start, -e.end, e.replacement)):
        last = redactions[-1] if redactions else None
        if last is None or edit.start >= last.end:
            redactions.append(edit)
            widest = edit.end - edit.start
        elif edit.end > last.end:
            wider = edit.end - edit.start > widest
            widest = max(widest, edit.end - edit.start)
            redactions[-1] = Edit(last.start, edit.end, (edit if wider else last).replacement, True)
    settled = list(redactions)
    repaired_to = 0
    ahead = iter(redactions)
    redaction = next(ahead, None)
    for edit in sorted((e for e in edits if not e.redacts), key=lambda e: (e.start, -e.end, e.replacement)):
        while redaction is not None and redaction.end <= edit.start:
            redaction = next(ahead, None)
        if edit.start >= repaired_to and (redaction is None or edit.end <= redaction.start):
            settled.append(edit)
            repaired_to = edit.end
    return sorted(settled, key=lambda e: e.start)
