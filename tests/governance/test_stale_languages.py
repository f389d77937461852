"""Deadlines in German, French and Spanish."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.governance.pages import read_pages
from tests.helpers import shared

from foretune.governance.checks import CheckSettings
from foretune.governance.checks.stale import sign, stale
from foretune.governance.staleness import lines, translated_statements
from foretune.types import Document, Finding

TODAY = date(2026, 1, 15)


def found(text: str) -> list[Finding]:
    pages = {"p.md": text}
    signed = [sign(Document("p.md", "s", "p.md", "h", text))]
    return list(stale(signed, pages.__getitem__, CheckSettings(today=TODAY)))


@pytest.mark.parametrize(
    ("text", "kind", "until"),
    [
        ("Der Antrag ist spätestens bis zum 31. März 2021 zu stellen.", "expired", "2021-03-31"),
        ("Die Vereinbarung läuft am 30.06.2022 aus.", "expired", "2022-06-30"),
        ("Das Formular ist gültig bis Dezember 2020.", "expired", "2020-12-31"),
        ("Stand: Januar 2020", "as_of", "2020-01-31"),
        ("Les demandes sont reçues jusqu'au 1er mars 2021.", "expired", "2021-03-01"),
        ("Veuillez envoyer le formulaire avant le 15/09/2022.", "expired", "2022-09-15"),
        ("Dernière mise à jour : mars 2019", "as_of", "2019-03-31"),
        ("El plazo vence el 30 de junio de 2022.", "expired", "2022-06-30"),
        ("Esta tarifa es válida hasta finales de 2021.", "expired", "2021-12-31"),
        ("Última actualización: mayo de 2019", "as_of", "2019-05-31"),
    ],
)
def test_what_has_passed_is_found_in_other_languages(text: str, kind: str, until: str) -> None:
    [finding] = found(text)
    assert (finding.type, finding.evidence["until"], finding.text) == (kind, until, text)


@pytest.mark.parametrize(
    "text",
    [
        "Der Antrag ist spätestens bis zum 31. März 2027 zu stellen.",
        "Bis 2019 waren wir in Bonn.",
        "Das Büro in Wien wurde 2014 eröffnet.",
        "Le bureau était ouvert jusqu'en 2018.",
        "La oficina fue de Ana hasta 2018.",
        "Hay que pagar hasta 2020,50 euros.",
        "Das gilt bis zum 31. Februar 2020.",
    ],
)
def test_what_still_holds_or_is_told_as_past_is_left_alone(text: str) -> None:
    assert found(text) == []


def test_no_english_page_is_read_as_another_language() -> None:
    pages = read_pages(shared("handbook-18f") / "corpus")
    assert [path for path, text in pages.items() if translated_statements(lines(text))] == []


@given(st.text(alphabet="bis zum 0123456789./märzJusqu'au hasta el de\n", max_size=80))
def test_any_text_is_read_without_an_error(text: str) -> None:
    for each in translated_statements(lines(text)):
        assert 0 <= each.start < each.end <= len(text)
