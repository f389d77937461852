"""Words and lines as numbers: the same wherever they stand, and only where the words are the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from foretune.governance.words import lines_of, normalised_words, words_of

TEXTS = st.lists(st.text(alphabet="abAßé İ_-\n’7\U0001d400\U0001f30d", max_size=60), max_size=6)


@given(TEXTS)
def test_words_have_one_number_each_whatever_stands_around_them(texts: list[str]) -> None:
    found = words_of(texts)
    told: dict[str, int] = {}
    for number, text in enumerate(texts):
        hashes = found.hashes[found.bounds[number] : found.bounds[number + 1]].tolist()
        for word, hashed in zip(normalised_words(text), hashes, strict=True):
            assert told.setdefault(word, hashed) == hashed
    assert len(set(told.values())) == len(told)


@given(TEXTS, st.integers(0, 12), st.integers(1, 3))
def test_lines_are_told_apart_by_their_words(texts: list[str], shortest: int, fewest: int) -> None:
    found = lines_of(texts, shortest=shortest, fewest=fewest)
    seen = list(zip(found.texts.tolist(), found.numbers.tolist(), found.hashes.tolist(), strict=True))
    folded = any(len(text.casefold()) != len(text) for text in texts)
    expected = [
        (number, at, tuple(normalised_words(line)))
        for number, text in enumerate(texts)
        for at, line in enumerate(text.split("\n"))
        if len(line.casefold() if folded else line) >= shortest and len(normalised_words(line)) >= fewest
    ]
    assert [place[:2] for place in seen] == [line[:2] for line in expected]
    by_words = {line[2]: place[2] for place, line in zip(seen, expected, strict=True)}
    assert [by_words[line[2]] for line in expected] == [place[2] for place in seen]
    assert len(set(by_words.values())) == len(by_words)


def test_a_text_has_the_same_words_in_a_batch_that_is_too_large_to_keep() -> None:
    text = "A line of some words that goes on. " * 10
    alone, among = words_of([text]), words_of(["x " * 600_000, text])
    assert alone.hashes.tolist() == among.hashes[among.bounds[1] :].tolist()
