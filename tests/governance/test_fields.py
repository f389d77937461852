"""What a column is called says what stands in it."""

from __future__ import annotations

import csv
import io
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.governance.pages import put
from tests.helpers import shared

from foretune.corpus.readers.tables import render
from foretune.governance import governed, review
from foretune.governance.edits import apply
from foretune.governance.personal.fields import cells, kind_of
from foretune.governance.personal.scan import scan
from foretune.governance.types import Edit
from foretune.plan.config import GovernanceSettings, Rule
from foretune.vault import Vault

PRIVATE_COLUMNS = (
    "GivenName MiddleInitial Surname StreetAddress City ZipCode EmailAddress Username Password TelephoneNumber "
    "MothersMaiden Birthday Age CCNumber CVV2 CCExpires NationalID Domain"
)
PRIVATE = PRIVATE_COLUMNS.split()


def customers(limit: int | None = None) -> list[dict[str, str]]:
    text = (shared("crm-fakename") / "dev" / "customers.csv").read_text(encoding="utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))[:limit]


def as_document(rows: list[dict[str, str]]) -> str:
    """As the corpus reads the file."""
    return "\n\n".join(render([list(rows[0]), *(list(row.values()) for row in rows)]))


def remains(rows: list[dict[str, str]], redacted: str) -> list[str]:
    """Private cells that still stand where they stood."""
    records = redacted.split("\n\n")
    assert len(records) == len(rows)
    return [
        f"{column}: {row[column]}"
        for row, record in zip(rows, records, strict=True)
        for column in PRIVATE
        if row[column] and f"{column}: {' '.join(row[column].split())}" in record.splitlines()
    ]


def test_no_private_cell_of_a_customer_table_is_left_even_without_the_model() -> None:
    rows = customers()
    text = as_document(rows)
    edits = [Edit(seen.start, seen.end, f"[{seen.type.upper()}]", True) for seen in scan(text, None)]
    assert len(rows) > 1_700
    assert remains(rows, apply(text, edits)) == []


def test_a_rule_redacts_every_private_cell_of_a_table_in_the_vault(vault: Vault) -> None:
    rows = customers(12)
    put(vault, {"customers.csv": as_document(rows)})
    settings = GovernanceSettings(rules=[Rule(check="personal", action="redact")])
    review(vault, settings)
    [document] = governed(vault, settings)
    assert remains(rows, document.text) == []
    for row in rows:
        for column in ("Surname", "StreetAddress", "EmailAddress", "Password", "TelephoneNumber", "CCNumber"):
            assert row[column] not in document.text
    assert f"Occupation: {rows[0]['Occupation']}" in document.text


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("GivenName", "person"),
        ("mothers_maiden_name", "person"),
        ("Customer Name", "person"),
        ("E-Mail", "email"),
        ("Home Phone", "phone"),
        ("Geburtsdatum", "birth_date"),
        ("Código Postal", "address"),
        ("SSN", "national_id"),
        ("CVV2", "card"),
        ("Address 2", "address"),
        ("Blood type", "health"),
        ("Company name", ""),
        ("Product", ""),
        ("Age group", ""),
        ("Title", ""),
    ],
)
def test_labels_are_understood_however_they_are_written(label: str, kind: str) -> None:
    assert kind_of(label) == kind


def marked(text: str) -> list[tuple[str, str]]:
    return [(cell.type, text[cell.start : cell.end]) for cell in cells(text)]


def test_tables_in_markdown_are_read_by_their_header() -> None:
    text = (
        "| Name | Phone | Team |\n|------|:-----:|------|\n| Li Wei | 55 12 | Data |\n| n/a | 55 13 | |\n\nName | x\n"
    )
    assert marked(text) == [("person", "Li Wei"), ("phone", "55 12"), ("phone", "55 13")]


def test_things_have_names_too() -> None:
    assert marked("Name: Widget\nPrice: 12\nState: new\n") == []
    assert marked("Name: Li Wei\nBirthday: 3 May\n") == [("person", "Li Wei"), ("birth_date", "3 May")]


def test_a_single_line_is_no_form() -> None:
    assert marked("Phone: call the desk before you leave.\n") == []


@given(st.text(alphabet="Name: |-\nPhoe\t*1", max_size=200))
def test_cells_lie_in_the_text_and_do_not_overlap(text: str) -> None:
    found = [cell for cell in cells(text) if cell.start < cell.end]
    assert all(0 <= cell.start < cell.end <= len(text) for cell in found)
    seen = list(scan(text, None))
    assert all(left.end <= right.start for left, right in pairwise(seen))
