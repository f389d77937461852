"""The voice: known authors are told apart, on texts that took no part in calibration."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from tests.helpers import shared

from foretune.tuning.voice import Voice, calibrate, first_words


def texts(folder: Path, count: int) -> list[str]:
    pages = sorted(folder.rglob("*.md"))
    found = [re.sub(r"\A---\n.*?\n---\n", "", page.read_text(encoding="utf-8"), flags=re.DOTALL) for page in pages]
    long = [text for text in found if len(text.split()) > 200]
    return long[:: max(1, len(long) // count)][:count]


@pytest.fixture(scope="module")
def own() -> list[str]:
    return texts(shared("blog-remysharp"), 60)


@pytest.fixture(scope="module")
def others() -> list[str]:
    return texts(shared("blog-18f"), 60)


def test_texts_kept_apart_are_told_from_others(own: list[str], others: list[str]) -> None:
    voice = calibrate(own[:40], others[:40], words=150)
    assert voice is not None
    assert voice.own_rejected / voice.own < 0.25
    assert voice.others_accepted / voice.others < 0.25
    judged = [
        (voice.likeness(text), mine) for mine, group in ((True, own[40:]), (False, others[40:])) for text in group
    ]
    right = Counter((value >= voice.limit) == mine for value, mine in judged if value is not None)
    assert right[True] > 3 * right[False]


def test_without_others_the_limit_rests_on_the_author_and_says_nothing_of_others(own: list[str]) -> None:
    voice = calibrate(own[:40], [], words=150)
    assert isinstance(voice, Voice)
    assert (voice.others, voice.others_accepted) == (0, 0)
    assert voice.own_rejected / voice.own < 0.25


def test_too_little_is_not_calibrated(own: list[str]) -> None:
    assert calibrate(own[:9], [], words=150) is None
    assert calibrate(own[:40], [], words=20) is None
    assert calibrate(["1, 2, 3\n" * 200] * 40, [], words=150) is None


def test_a_text_too_short_or_no_prose_has_no_likeness(own: list[str]) -> None:
    voice = calibrate(own[:20], [], words=150)
    assert voice is not None
    assert voice.likeness("Yes, indeed.") is None
    assert voice.likeness("x = [1, 2];\n" * 100) is None


def test_the_first_words_keep_their_lines() -> None:
    assert first_words("a b\nc d\ne", 3) == "a b\nc"
    assert first_words("a b\nc d\ne", 9) == "a b\nc d\ne"
