"""What a question asks for."""

from __future__ import annotations

import pytest

from foretune.evidence import AnswerType, asked


@pytest.mark.parametrize(
    ("question", "kind", "unit"),
    [
        ("How many hours of annual leave per pay period?", AnswerType.NUMBER, "hour"),
        ("Within how many business days should it be filed?", AnswerType.NUMBER, "day"),
        ("At what percentage of the normal rate are meals paid?", AnswerType.NUMBER, "percent"),
        ("What is the maximum monthly transit subsidy in dollars?", AnswerType.NUMBER, "dollar"),
        ("What is the biweekly premium for self plus one?", AnswerType.NUMBER, "dollar"),
        ("How soon must IT be notified?", AnswerType.NUMBER, ""),
        ("On what date did GSA launch 18F?", AnswerType.DATE, ""),
        ("When is the last day to file?", AnswerType.DATE, ""),
        ("Which phone is issued?", AnswerType.NAME, ""),
        ("Who signs the form?", AnswerType.NAME, ""),
        ("Do credit hours expire?", AnswerType.YES_NO, ""),
        ("I resign next week. Will I get money for them?", AnswerType.YES_NO, ""),
        ("Why should you not turn off your computer?", AnswerType.REASON, ""),
        ("The police found my laptop. What now?", AnswerType.OTHER, ""),
    ],
)
def test_the_type_and_unit_asked_for_are_read(question: str, kind: AnswerType, unit: str) -> None:
    found = asked(question)
    assert (found.type, found.unit) == (kind, unit)


def test_question_words_do_not_identify_a_fact() -> None:
    assert asked("How many hours of award leave are there?").stems == ("hour", "award", "leav")
