"""Responses are whole documents or heading-sized pieces, and always a piece of the document."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from foretune.pairs import units
from foretune.types import GovernedDocument, Use


def document(text: str, name: str = "a.md", title: str = "Leave") -> GovernedDocument:
    return GovernedDocument(name, name, text, Use.BOTH, "0", title=title)


LONG = """Before the first heading there is a line of some length that says what follows.

# Annual leave

You earn four hours of annual leave in each pay period, from the day you start.

## Carrying over

At most 240 hours go into the next year. The rest is lost without compensation.

```
# not a heading, a comment in code that is long enough to be a response
```

# Sick leave

You earn four hours of sick leave in each pay period, and may keep all of it.
"""


def test_a_short_document_is_one_response() -> None:
    (unit,) = units(document("One paragraph about parking that is long enough."), max_words=50, min_characters=10)
    assert unit.recipe == "document"
    assert unit.text == "One paragraph about parking that is long enough."


def test_a_long_document_is_cut_at_its_headings() -> None:
    found = list(units(document(LONG), max_words=40, min_characters=20))
    assert [unit.headings for unit in found] == [
        (),
        ("Annual leave",),
        ("Annual leave", "Carrying over"),
        ("Sick leave",),
    ]
    assert found[1].text.startswith("You earn four hours of annual leave")
    assert "# not a heading" in found[2].text


def test_the_topic_names_heading_and_title_once() -> None:
    found = list(units(document(LONG), max_words=40, min_characters=20))
    assert found[2].topic == "Carrying over (Leave)"
    assert (
        next(units(document("Words enough to be a response.", title="Parking"), max_words=9, min_characters=5)).topic
        == "Parking"
    )


def test_pieces_shorter_than_the_minimum_make_no_pair() -> None:
    assert list(units(document("Too short."), max_words=50, min_characters=80)) == []


@given(st.text(alphabet="ab #\n.`é", max_size=400), st.integers(2, 30))
def test_units_lie_in_the_document_in_order_without_overlap(text: str, words: int) -> None:
    end = 0
    for unit in units(document(text), max_words=words, min_characters=1):
        assert unit.start >= end
        assert unit.text == text[unit.start : unit.end]
        assert unit.text == unit.text.strip() != ""
        end = unit.end
