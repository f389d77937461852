"""A hint must be found wherever its pattern matches, else personal data would be missed without a word."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.helpers import shared

from foretune.governance.personal import PATTERNS, Pattern
from foretune.governance.personal.hints import hinted


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: f"{PATTERNS.index(pattern)}-{pattern.type}")
def test_a_text_that_a_pattern_matches_holds_its_hint(pattern: Pattern) -> None:
    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(st.from_regex(pattern.regex))
    def holds(text: str) -> None:
        cued = not pattern.cues or any(cue in text.lower() for cue in pattern.cues)
        assert not cued or PATTERNS.index(pattern) in hinted(text)

    holds()


def test_on_real_texts_hints_leave_out_no_pattern_that_matches() -> None:
    rows = (shared("pii-presidio") / "dev" / "synth_v2.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(row)["text"] for row in rows[:400]]
    texts += [path.read_text(encoding="utf-8") for path in sorted(shared("handbook-18f").rglob("*.md"))[:40]]
    for text in texts:
        matching = {
            position
            for position, pattern in enumerate(PATTERNS)
            if (not pattern.cues or any(cue in text.lower() for cue in pattern.cues)) and pattern.regex.search(text)
        }
        assert matching <= set(hinted(text))


@pytest.mark.parametrize(
    "text", ["\u017f\u017fn 078-05-1120", "tele\u0130x 12", "your pass\u212aey \u0131t\u0131n: 900-70-0000"]
)
def test_letters_that_python_takes_for_ascii_ones_are_seen(text: str) -> None:
    matching = {position for position, pattern in enumerate(PATTERNS) if pattern.regex.search(text)}
    assert matching <= set(hinted(text))


def test_a_text_without_anything_personal_is_left_alone_at_once() -> None:
    assert hinted("The committee meets on Tuesdays and writes down what it decides.") == []


@given(st.text(alphabet="ab.@-_é 7\n", max_size=60))
def test_a_pattern_with_an_anchor_finds_what_trying_every_place_finds(text: str) -> None:
    anchored = [pattern for pattern in PATTERNS if pattern.anchor]
    assert anchored
    for pattern in anchored:
        for some in (text, f"a.b@c.de{text}x@y.org"):
            assert [m.span() for m in pattern.found(some)] == [m.span() for m in pattern.regex.finditer(some)]
