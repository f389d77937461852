"""Cells of tables and forms: what a column is called says what stands in it, whatever its form.

Two ways of writing them are read: records of ``label: value`` lines (as spreadsheets
and CSV files are rendered) and Markdown tables with a header.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Cell", "cells", "kind_of"]

# What columns are called, in English, German, French and Spanish.
_LABELS = {
    "person": """
        name, names, full name, first name, given name, forename, last name, surname, family name, middle name,
        middle initial, maiden name, maiden, mothers maiden, mothers maiden name, nickname, user name, username, login,
        login name, spouse, partner, next of kin, guardian, contact, contact person, contact name, vorname,
        nachname, familienname, nom, prénom, prenom, nom de famille, nombre, apellido, apellidos, nombre
        completo
    """,
    "email": "email, e mail, email address, e mail address, mail, courriel, correo, correo electrónico",
    "phone": """
        phone, phone number, phone no, telephone, telephone number, tel, tel no, mobile, mobile number, mobile
        phone, cell, cell phone, cellphone, fax, fax number, whatsapp, telefon, telefonnummer, handy, téléphone,
        teléfono
    """,
    "address": """
        address, street, street address, street name, address line, street number, house number, mailing
        address, postal address, zip, zip code, postcode, post code, postal code, po box, adresse, straße,
        strasse, hausnummer, plz, postleitzahl, rue, code postal, dirección, calle, código postal
    """,
    "town": """
        city, town, suburb, county, state, state full, province, place, ort, stadt, wohnort, ville, ciudad,
        localidad
    """,
    "national_id": """
        ssn, social security, social security number, national id, national identity number, national number, id
        number, identity number, tax id, tax number, tax identification number, tin, itin, passport, passport
        number, passport no, nino, ni number, national insurance number, sin, social insurance number, dni, nif,
        nie, nir, cpf, pesel, aadhaar, personnummer, steuer id, steuernummer
    """,
    "card": """
        card number, card no, credit card, credit card number, debit card, cc, cc number, cc no, cardnumber,
        cvv, cvc, cvv2, cc expires, cc expiry, card expires, card expiry, expiry date, expiration date,
        kartennummer
    """,
    "iban": "iban",
    "account": """
        account number, account no, bank account, bank account number, routing number, sort code, bic, swift,
        kontonummer, bankverbindung
    """,
    "birth_date": """
        birthday, birth date, birthdate, date of birth, dob, born, geburtsdatum, geburtstag, date de naissance,
        fecha de nacimiento
    """,
    "age": "age, alter, âge, edad",
    "ip": "ip, ip address, last ip, login ip",
    "domain": "domain, website, web site, homepage, home page, personal website, blog",
    "licence": """
        driver license, drivers license, driver licence, drivers licence, driving licence, driving license,
        drivers license number, driver license number, license number, licence number, license plate
    """,
    "secret": """
        password, passwd, pwd, passcode, passphrase, pin, pin code, secret, token, access token, api key,
        security question, security answer, passwort, kennwort, mot de passe, contraseña
    """,
    "health": """
        diagnosis, diagnoses, medical condition, condition, medication, medications, allergies, allergy, blood
        type, blood group, disability, mrn, medical record number, patient id, patient number, insurance id,
        insurance number, nhs number, symptoms, treatment, diagnose, medikation
    """,
}
_KINDS = {" ".join(label.split()): kind for kind, labels in _LABELS.items() for label in labels.split(",")}
_OWNER_WORDS = """
customer client employee user patient contact member applicant candidate student home work mobile business personal
billing shipping delivery emergency primary secondary main alternate other your current cardholder
"""
_OWNERS = frozenset(_OWNER_WORDS.split())
"""Words before a label that do not change what it is."""
_WEAK = frozenset(("name", "names", "contact", "nom", "nombre", "state", "place", "condition", "treatment", "login"))
"""Labels that are about people only beside others that are: products have names too."""
_EMPTY = frozenset(("", "-", "--", "n/a", "na", "none", "null", "nan", "unknown", "yes", "no", "tbd", "?"))
_CAMEL = re.compile(r"(?<=[a-zà-ÿ])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_LINE = re.compile(
    r"^[ \t*_>-]{0,6}([^\W\d_][\w .'’/()-]{0,40}?)[*_]{0,2}:[*_]{0,2}[ \t]{1,4}(\S[^\n]{0,1000})$", re.MULTILINE
)
_ROW = re.compile(r"^[ \t]{0,3}\|?([^\n|]{0,2000}\|[^\n]{0,4000})$", re.MULTILINE)
_RULE = re.compile(r"[\s|:-]{3,2000}\Z")


_DIGITS_NEEDED = {
    "phone": 4,
    "card": 1,
    "national_id": 3,
    "iban": 4,
    "account": 4,
    "licence": 3,
    "birth_date": 1,
    "age": 1,
}
_MOST_WORDS = {"person": 7, "secret": 3, "age": 4, "domain": 1, "ip": 2}
"""Longer values are sentences about the thing, not the thing."""


class Cell(NamedTuple):
    """Where a value stands, and what its label says it is."""

    start: int
    end: int
    type: str
    label: str


def kind_of(label: str) -> str:
    """The type of personal data that a column of this name holds; empty for any other column."""
    bare = re.sub(r"[_./()-]+", " ", _CAMEL.sub(" ", label.strip())).lower().replace("’", "'").replace("'", "")
    words = re.sub(r"\s*\d{1,2}$", "", " ".join(bare.split())).split()
    while words:
        if kind := _KINDS.get(" ".join(words)) or _KINDS.get("".join(words)):
            return kind
        if words[0] not in _OWNERS:
            return ""
        words = words[1:]
    return ""


def cells(text: str) -> Iterator[Cell]:
    """Values whose label says they are personal, in order of place."""
    found = [*_records(text), *_tables(text)]
    yield from sorted(found)


def _records(text: str) -> Iterator[Cell]:
    """Of two or more ``label: value`` lines below one another."""
    if ": " not in text and ":\t" not in text:
        return
    record: list[tuple[int, int, str]] = []
    last = -2
    for line in _labelled(text):
        if line.start() > last + 1:
            yield from _private(text, record)
            record = []
        record.append((line.start(2), line.end(2), line[1]))
        last = line.end()
    yield from _private(text, record)


def _labelled(text: str) -> Iterator[re.Match[str]]:
    """The lines that :data:`_LINE` matches; it is tried on those with a colon only."""
    colon = text.find(":")
    while colon >= 0:
        line = _LINE.match(text, text.rfind("\n", 0, colon) + 1)
        if line:
            yield line
        end = text.find("\n", colon)
        colon = text.find(":", end) if end >= 0 else -1


def _private(text: str, record: list[tuple[int, int, str]]) -> Iterator[Cell]:
    """Of one record; towns only beside an address, weak labels only beside others."""
    if len(record) < 2:
        return
    kinds = [kind_of(label) for _, _, label in record]
    strong = {kind for kind, (_, _, label) in zip(kinds, record, strict=True) if kind and label.lower() not in _WEAK}
    if not strong - {"town", "domain", "age"}:
        return
    for (start, end, label), kind in zip(record, kinds, strict=True):
        if not kind or (kind == "town" and "address" not in strong):
            continue
        value = text[start:end].rstrip(" \t\r*_")
        if _plausible(kind, value):
            yield Cell(start, start + len(value), "address" if kind == "town" else kind, label)


def _plausible(kind: str, value: str) -> bool:
    """Whether ``value`` can be what its label says."""
    if value.lower() in _EMPTY or (kind == "email" and "@" not in value):
        return False
    digits = sum(map(str.isdigit, value))
    return digits >= _DIGITS_NEEDED.get(kind, 0) and len(value.split()) <= _MOST_WORDS.get(kind, 40)


def _tables(text: str) -> Iterator[Cell]:
    """Of Markdown tables: a row of labels, a rule, and rows."""
    if "|" not in text or "-" not in text:
        return
    header: list[str] = []
    before: re.Match[str] | None = None
    for row in _ROW.finditer(text):
        adjacent = before is not None and row.start() == before.end() + 1
        if adjacent and _RULE.match(row[1]) and before is not None and not header:
            header = [text[start:end] for start, end in _parts(before)]
        elif not adjacent:
            header = []
        elif header:
            yield from _private(text, [(*span, label) for span, label in zip(_parts(row), header, strict=False)])
        before = row


def _parts(row: re.Match[str]) -> list[tuple[int, int]]:
    """The cells of a row between its bars, without the spaces around them."""
    parts = []
    start = row.start(1)
    for cell in row[1].rstrip(" \t|").split("|"):
        bare = cell.strip()
        left = start + cell.index(bare) if bare else start
        parts.append((left, left + len(bare)))
        start += len(cell) + 1
    return parts
