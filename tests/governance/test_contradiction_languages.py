"""Places that disagree in German, French or Spanish are found and shown as they were written."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foretune.evidence import quantities
from foretune.governance.checks.contradiction import contradictions, sign
from foretune.governance.contradiction.statements import statements
from foretune.governance.contradiction.translated import Language, language_of
from foretune.types import Document, Finding, digest

PROBES = Path(__file__).parents[2] / "benchmarks" / "accuracy" / "contradiction_probes.jsonl"
TUNED_ON = [
    row for line in PROBES.read_text(encoding="utf-8").splitlines() if (row := json.loads(line))["half"] == "tuned on"
]
OF = {
    "de": "Der Antrag auf Urlaub ist bei der Leitung und nicht im Büro einzureichen.",
    "fr": "La demande de congé est à déposer auprès de la direction et non au bureau.",
    "es": "La solicitud de vacaciones se presenta en la dirección y no en la oficina.",
}


def language(code: str) -> Language:
    found = language_of(OF[code])
    assert found is not None
    assert found.code == code
    return found


def between(one: str, other: str) -> list[Finding]:
    texts = {digest(text): text for text in (one, other)}
    pages = [
        Document(id=name, source="s", path=f"{n}.md", content_hash=name, text=text)
        for n, (name, text) in enumerate(texts.items())
    ]
    return list(contradictions([sign(page) for page in pages], texts.__getitem__))


@pytest.mark.parametrize("row", TUNED_ON, ids=lambda row: f"{row['language']} {row['one'][:40]}")
def test_two_sentences_disagree_where_people_say_so(row: dict[str, str]) -> None:
    types = [each.type for each in between(row["one"], row["other"])]
    assert types == ([row["differs"]] if row["differs"] else [])


def test_values_are_shown_as_they_were_written() -> None:
    one = "Für Hotels werden höchstens 1.000,50 € im Monat erstattet."
    other = "Für Hotels werden höchstens zweitausend Euro im Monat erstattet."
    (finding,) = between(one, other)
    assert finding.evidence["values"] == ["1.000,50 €", "zweitausend Euro"]
    assert (finding.text, finding.related[0].text) == (one, other)


@pytest.mark.parametrize(
    ("code", "said", "value"),
    [
        ("de", "1.000,50 Stunden", "1000.50"),
        ("de", "1.5 Stunden", "1.5"),
        ("de", "zweihundertfünfundvierzig Stunden", "245"),
        ("de", "zweieinhalb Stunden", "2.5"),
        ("fr", "1\u202f000,50 heures", "1000.50"),
        ("fr", "quatre-vingt-dix-sept heures", "97"),
        ("fr", "trois mille deux cent vingt et une heures", "3221"),
        ("es", "1.000,50 horas", "1000.50"),
        ("es", "ciento treinta y cinco horas", "135"),
    ],
)
def test_a_number_is_read_as_its_language_writes_it(code: str, said: str, value: str) -> None:
    (found,) = quantities(language(code).translate(said).text)
    assert (found.value, found.unit) == (Decimal(value), "hour")


def test_a_point_that_ends_no_sentence_leaves_it_whole() -> None:
    text = "Die Reisekosten sind, z. B. für die Messe, bis zum 31. März 2024 einzureichen."
    (statement,) = statements(text)
    assert (statement.start, statement.end) == (0, len(text))


@pytest.mark.parametrize(
    "text", ["Die hard fans in an office will die to see it.", "Leave requests are answered within 3 days.", "", "1,5"]
)
def test_english_and_what_tells_no_language_are_left_as_they_are(text: str) -> None:
    assert language_of(text) is None


@pytest.mark.parametrize(("code", "word"), [("fr", "quatre-vingt-"), ("de", "einund"), ("es", "treinta y ")])
def test_a_row_of_number_words_is_read_in_linear_time(code: str, word: str) -> None:
    assert language(code).translate(word * 2000 + "x").text


@pytest.mark.parametrize("code", OF)
@settings(max_examples=30)
@given(
    text=st.lists(
        st.text(alphabet="aeinrst dßéñ.,-'’0123456789\n€·XVI@ıİſ\u212a٣", max_size=9)
        | st.sampled_from(["drei", "ſechs", "dIX", "mİl", "nicht", "31. März", "1.000,5", "quatre-vingt", "hasta el"]),
        max_size=8,
    ).map(" ".join)
)
def test_every_piece_of_a_translation_is_found_again(code: str, text: str) -> None:
    made = language(code).translate(text)
    assert "\n" not in made.text
    for start, first, last in made.pieces:
        assert made.written(start, start + 1) == text[first:last].replace("·", ".")
