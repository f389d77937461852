"""Personal and secret data is found by format and checksum, and other numbers are not."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.governance.pages import read_pages
from tests.helpers import shared

from foretune.governance.checks import CheckSettings, named, notices
from foretune.governance.checks.personal import TYPES, personal
from foretune.governance.personal import PATTERNS, checksums
from foretune.governance.personal.classifier import Classifier, classifier
from foretune.governance.personal.names import Place, is_doubtful
from foretune.governance.personal.scan import scan
from foretune.governance.personal.windows import windows
from foretune.types import Document, Finding, Severity


def found(text: str, **metadata: object) -> list[Finding]:
    page = Document(id="d", source="s", path="p.md", content_hash="h", text=text, **metadata)  # type: ignore[arg-type]
    return [each for each in personal(page, CheckSettings()) if isinstance(each, Finding)]


FOUND = [
    ("email", "Write to ana.lopez@firma.es today", "ana.lopez@firma.es"),
    ("email", "[mail](mailto:bo+hr@firm.co.uk)", "bo+hr@firm.co.uk"),
    ("phone", "Call (415) 844-9759.", "(415) 844-9759"),
    ("phone", "or 1-800-222-0364 ext. 12 now", "1-800-222-0364 ext. 12"),
    ("phone", "Ring +44 20 7946 0958", "+44 20 7946 0958"),
    ("phone", "you can call me at 0494 92 82 32", "0494 92 82 32"),
    ("national_id", "SSN 460-89-9847", "460-89-9847"),
    ("national_id", "her social security number is 460 89 9847", "460 89 9847"),
    ("national_id", "NI number AB 12 34 56 C", "AB 12 34 56 C"),
    ("national_id", "DNI 12345678Z", "12345678Z"),
    ("national_id", "NIR 2 55 08 14 168 025 38", "2 55 08 14 168 025 38"),
    ("national_id", "codice fiscale RSSMRA85T10A562S", "RSSMRA85T10A562S"),
    ("national_id", "CPF 529.982.247-25", "529.982.247-25"),
    ("national_id", "PESEL 44051401359", "44051401359"),
    ("national_id", "SIN: 130 692 544", "130 692 544"),
    ("national_id", "Aadhaar 2234 5678 9018", None),
    ("national_id", "passport number X1234567", "X1234567"),
    ("card", "Visa 4111 1111 1111 1111 exp", "4111 1111 1111 1111"),
    ("card", "paid with 5555555555554444.", "5555555555554444"),
    ("card", "amex 378282246310005", "378282246310005"),
    ("iban", "pay DE89 3704 0044 0532 0130 00 by Friday", "DE89 3704 0044 0532 0130 00"),
    ("iban", "my iban is gb82west12345698765432", "gb82west12345698765432"),
    ("account", "account number 12345678", "12345678"),
    ("account", "routing number 021000021", "021000021"),
    ("birth_date", "She was born on 31st August 2010.", "31st August 2010"),
    ("birth_date", "DOB: 02/08/1935", "02/08/1935"),
    ("age", "my 79 year old father", "79 year old"),
    ("age", "he retired at the age of 61", "age of 61"),
    ("ip", "from 185.65.110.157 again", "185.65.110.157"),
    ("ip", "from 2a00:1450:4009:81f:0:0:0:200e again", "2a00:1450:4009:81f:0:0:0:200e"),
    ("domain", "My site is https://www.ArtistMovie.se/", "https://www.ArtistMovie.se"),
    ("licence", "My driver's license number is F162823540116", "F162823540116"),
    ("health", "MRN: 00123456", "00123456"),
    ("health", "NHS number 943 476 5919", "943 476 5919"),
    ("health", "she was diagnosed with diabetes", "she was diagnosed with diabetes"),
    ("health", "Maria has been treated for breast cancer since May", "Maria has been treated for breast cancer"),
    ("health", "my wife is suffering from severe depression", "my wife is suffering from severe depression"),
    ("health", "He tested positive for COVID-19 on Monday", "He tested positive for COVID-19"),
    ("health", "after her miscarriage", "her miscarriage"),
    ("health", "Ingrid's chemotherapy ends in May", "Ingrid's chemotherapy"),
    ("health", "The patient was prescribed metformin 500 mg", "The patient was prescribed metformin 500 mg"),
    ("health", "Leila is pregnant", "Leila is pregnant"),
    ("address", "at 1800 F St NW, Washington", "1800 F St NW"),
    ("address", "to 9 Elm St., Suite 200, Chicago, IL 60604", "9 Elm St., Suite 200, Chicago, IL 60604"),
    ("address", "P.O. Box 4417", "P.O. Box 4417"),
    ("person", "ask Dr. Maria Lopez about it", "Maria Lopez"),
    ("secret", "key AKIAIOSFODNN7EXAMPLE here", "AKIAIOSFODNN7EXAMPLE"),
    ("secret", "token ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8", "ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"),
    ("secret", "password: Tr0ub4dor&3", "Tr0ub4dor&3"),
    ("secret", "postgres://app:s3cr3tPw@db.internal/x", None),
    ("secret", "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----", None),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text", "span"), FOUND)
def test_is_found(kind: str, text: str, span: str | None) -> None:
    if span is None:
        assert kind in {each.type for each in found(text)}
    else:
        assert (kind, span) in {(each.type, each.text) for each in found(text)}


NOT_FOUND = [
    "version 10.2.3.4 and 127.0.0.1, 192.168.0.12, 10.0.0.1",
    "write to someone@example.com or logo@2x.png or git@github.com:me/it",
    "call (212) 555-0142",
    "ISBN 978-3-16-148410-0, order 4111 1111 1111 1112",
    "on 2024-01-15 at 10:20:30, in 1999-2004",
    "078-05-1120 was printed on wallets; 000-12-3456, 666-12-3456 and 123-00-4567 were never issued",
    "GB82 WEST 1234 5698 7654 33 has a wrong checksum",
    "employees under the age of 26, from age 50 or older, aged 18 months",
    "password: <your password>, api_key = ${API_KEY}, password: ********",
    "the password is required",
    "a::before { content: '' } and 12:30:45",
    "[text](https://www.law.cornell.edu/uscode/text/18/1905)",
    "[1]: https://remy.blog\n[a link](https://firm.com/page)",
    "```\n.extract game.bas +83454 16384\n```",
    "the year 2023 2024 2025",
    "Employees who have diabetes or depression may ask for leave. Anyone who is pregnant too.",
    "This has cancer research as its aim; people living with HIV are welcome.",
]


@pytest.mark.parametrize("text", NOT_FOUND)
def test_is_left_alone(text: str) -> None:
    assert [(each.type, each.text) for each in found(text)] == []


def test_every_type_can_be_found_and_is_declared() -> None:
    assert {pattern.type for pattern in PATTERNS} == set(TYPES)
    assert {kind for kind, _, _ in FOUND} == set(TYPES)


def test_an_office_matters_less_than_a_person() -> None:
    severities = {each.text: each.severity for each in found("info@firm.com and ana@firm.com")}
    assert severities == {"info@firm.com": Severity.LOW, "ana@firm.com": Severity.MEDIUM}


def test_metadata_is_looked_at_too() -> None:
    [finding] = found("", properties={"contact": {"mail": ["ana@firm.com"]}})
    assert (finding.type, finding.text, finding.start) == ("email", "ana@firm.com", None)
    assert finding.evidence == {"field": "mail"}


def test_one_place_is_one_finding() -> None:
    spans = [(each.start, each.end) for each in found("card 4111 1111 1111 1111, ana@firm.com, +44 20 7946 0958")]
    assert len(spans) == len(set(spans)) == 3


FAMILIES = {
    "CREDIT_CARD": "card",
    "PHONE_NUMBER": "phone",
    "EMAIL_ADDRESS": "email",
    "IBAN_CODE": "iban",
    "US_SSN": "national_id",
    "IP_ADDRESS": "ip",
    "DOMAIN_NAME": "domain",
    "US_DRIVER_LICENSE": "licence",
    "AGE": "age",
}
NAMED = FAMILIES | {"PERSON": "person", "STREET_ADDRESS": "address", "ZIP_CODE": "address"}


def gold() -> list[dict[str, Any]]:
    lines = (shared("pii-presidio") / "dev" / "synth_v2.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def scores(samples: list[dict[str, Any]], families: dict[str, str], model: Classifier | None) -> tuple[float, float]:
    """Recall and precision: any overlap counts, and a stretch over a gold span of another type is not false."""
    hits = wanted = false = 0
    for sample in samples:
        here = [(each.start, each.end, each.type) for each in scan(sample["text"], model)]
        spans = sample["spans"]
        for span in spans:
            if family := families.get(span["type"]):
                wanted += 1
                hits += any(s < span["end"] and e > span["start"] and t == family for s, e, t in here)
        false += sum(not any(s < g["end"] and e > g["start"] for g in spans) for s, e, _ in here)
    return hits / wanted, hits / (hits + false)


def the_model() -> Classifier:
    model = classifier()
    if model is None:
        pytest.skip("the model for names is not on this machine: foretune models get rampart")
    return model


def test_numbers_and_mails_of_the_gold_set_are_found_without_a_model() -> None:
    recall, precision = scores(gold(), FAMILIES, None)
    assert recall >= 0.97
    assert precision >= 0.98


@pytest.mark.parametrize("half", [0, 1], ids=["the half that was tuned on", "the half that was only measured"])
def test_names_and_addresses_of_the_gold_set_are_found_with_the_model(half: int) -> None:
    samples = [sample for sample in gold() if sample["template_id"] % 2 == half]
    recall, precision = scores(samples, NAMED, the_model())
    assert recall >= 0.95
    assert precision >= 0.95


def test_without_the_model_patterns_go_on_alone_and_people_are_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    [check] = named(["personal"])
    the_model()
    assert notices(["personal"]) == []
    with_model = check.recipe(CheckSettings())
    monkeypatch.setenv("FORETUNE_MODELS", str(tmp_path))
    assert [each.text for each in found("Ask Katrine or ana.lopez@firma.es about it")] == ["ana.lopez@firma.es"]
    [notice] = notices(["short", "personal"])
    assert "foretune models get rampart" in notice
    assert check.recipe(CheckSettings()) != with_model  # so that the next review looks again once it is there


def test_what_a_text_holds_does_not_depend_on_its_company() -> None:
    model = the_model()
    one = "Why is Katrine so impulsive? Ask Logan Mahler at 90 Whitchurch Road today."
    alone = list(scan(one, model))
    assert {(each.type, one[each.start : each.end]) for each in alone} == {
        ("person", "Katrine"),
        ("person", "Logan Mahler"),
        ("address", "90 Whitchurch Road"),
    }
    list(scan("Greg Boone and Melody Kramer live at 12 Elm Street, Springfield, IL 62704.", model))
    assert list(scan(one, model)) == alone


def test_acronyms_and_products_are_no_people() -> None:
    assert list(scan("Ask the GSA help desk on GitHub or in Slack by Monday; OMB and FITARA apply.", the_model())) == []


def test_what_the_handbook_holds_was_counted_by_hand() -> None:
    kinds: Counter[str] = Counter()
    for text in read_pages(shared("handbook-18f") / "corpus").values():
        kinds.update(each.type for each in scan(text, None))
    assert set(kinds) == {"email", "phone", "address", "domain", "person"}  # persons in the example of a résumé's form
    assert kinds["phone"] == 28
    assert kinds["email"] == 286


@given(st.text(alphabet="0123456789 -.+()@abcxyz:/", max_size=120))
def test_places_hold_the_text_they_quote(text: str) -> None:
    for each in found(text):
        assert text[each.start : each.end] == each.text


@pytest.mark.parametrize(
    "text",
    [
        "1" * 200_000,
        "1 " * 100_000,
        "a@" * 100_000,
        "+1" * 100_000,
        "a." * 100_000,
        "Aa " * 70_000,
        "1 A " * 50_000,
        "://a:" * 40_000,
        "-----BEGIN PRIVATE KEY-----" * 4_000,
        "eyJaaaaaaaaaa." * 12_000,
        "password:" * 20_000,
        "age of " * 30_000,
        "GB82" * 50_000,
        "[a]: " * 40_000,
        "He is was has a " * 12_000,
        "Name: a\n" * 25_000,
        "| a " * 50_000,
        "| a | b |\n" * 20_000,
        "<a " * 70_000,
        "{{ " * 70_000,
    ],
)
def test_no_text_makes_it_slow(text: str) -> None:
    """A fifth of a megabyte of the worst text; real text of this size takes a tenth of a second."""
    began = time.process_time()
    list(scan(text, None))
    stretches = list(windows(text, lambda _: 1.0))
    assert time.process_time() - began < 8
    assert len(stretches) <= 2 * len(text) / 480 + 2


@pytest.mark.parametrize(
    ("valid", "good", "bad"),
    [
        (checksums.luhn, "79927398713", "79927398710"),
        (checksums.iban, "FR1420041010050500013M02606", "FR1420041010050500013M02607"),
        (checksums.aba, "021000021", "021000022"),
        (checksums.nhs, "9434765919", "9434765918"),
        (checksums.dni, "X1234567L", "X1234567M"),
        (checksums.nir, "255081416802538", "255081416802539"),
        (checksums.codice_fiscale, "RSSMRA85T10A562S", "RSSMRA85T10A562T"),
        (checksums.pesel, "44051401359", "44051401358"),
        (checksums.sin, "130692544", "130692545"),
        (checksums.cpf, "52998224725", "52998224724"),
        (checksums.aadhaar, "234123412346", "234123412347"),
        (checksums.ssn, "460899847", "000899847"),
    ],
)
def test_checksums_tell_right_from_wrong(valid: object, good: str, bad: str) -> None:
    assert callable(valid)
    assert valid(good)
    assert not valid(bad)


@pytest.mark.parametrize(
    ("text", "name", "score", "doubtful"),
    [
        ("ask Tock about it", "Tock", 0.38, True),
        ("ask Atul about it", "Atul", 0.93, False),
        ("- Done: the parser. It is done at last", "Done", 0.97, True),
        ("the async branch", "async", 0.99, True),
        ("reviewed by @kumavis", "kumavis", 0.4, False),
        ("- login.gov: Dan Lopez", "Dan Lopez", 0.45, False),
        ("Becky wrote it", "Becky", 0.3, False),
    ],
)
def test_a_lone_word_of_a_long_text_needs_more_to_be_a_name(text: str, name: str, score: float, doubtful: bool) -> None:
    start = text.index(name)
    place = Place(start, start + len(name), "person", score)
    assert is_doubtful(text, place, {"Becky", "Sweger"}) is doubtful
