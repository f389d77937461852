"""Numbers, dates and words that say who somebody is, how old and how well."""

from __future__ import annotations

import re

from foretune.governance.personal import checksums
from foretune.governance.personal.pattern import Pattern, digits, where
from foretune.types import Severity

__all__ = ["PATTERNS"]

_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?"
    r"|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_DATE = (
    r"(?:\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[/.-]\d{1,2}[/.-](?:\d{4}|\d{2})"
    rf"|\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{_MONTH},? \d{{4}}|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}})(?!\d)"
)
# Words before or after an age that make it a rule for everybody and not the age of somebody.
_LIMIT_BEFORE = re.compile(
    r"(?:under|over|below|above|before|after|until|by|from|minimum|maximum|reach(?:es|ed|ing)?|least|than|"
    r"between|up to|to|retirement)(?: the| an| their| your)?\s$",
    re.IGNORECASE,
)
_LIMIT_AFTER = re.compile(
    r"\s?(?:\+|months?\b|weeks?\b|days?\b|or (?:older|over|above|younger|under|more)"
    r"|and (?:older|over|above|under|up)|(?:to|-|–|through) ?\d)",
    re.IGNORECASE,
)


def _age(match: re.Match[str]) -> tuple[int, int] | None:
    text, (start, end) = match.string, match.span()
    if not 1 <= int(digits(match[1])) <= 120:
        return None
    if _LIMIT_BEFORE.search(text[max(0, start - 20) : start]) or _LIMIT_AFTER.match(text[end : end + 20]):
        return None
    return start, end


def _not_a_year(number: str) -> bool:
    return not re.fullmatch(r"(?:19|20)\d\d", number)


def _number(cue: str, body: str) -> re.Pattern[str]:
    """A number after the words that say what it is."""
    return re.compile(
        rf"\b(?:{cue})(?: (?:number|num|no\.?|code|id))?(?: is| was|:|#|=){{0,2}}[ ]{{0,2}}#?({body})(?![\w-])",
        re.IGNORECASE,
    )


PATTERNS: tuple[Pattern, ...] = (
    Pattern(
        "licence",
        _number(r"driv(?:er|ing)(?:['’]?s)?['’]? licen[cs]e", r"[A-Z]{0,3}\d(?:[ -]?[A-Z0-9]){4,16}"),
        Severity.HIGH,
        "A driving licence number",
        where(group=1),
        ("driver", "driving"),
        0.9,
        hint=r"\b(?i:driv(?:er|ing)[s'’]{0,3} licen[cs]e)",
    ),
    Pattern(
        "national_id",
        re.compile(r"(?<![\w.-])\d{3}-\d{2}-\d{4}(?![\w-]|\.\d)"),
        Severity.HIGH,
        "A US social security number",
        where(checksums.ssn),
        score=0.95,
        hint=r"\p{Nd}{3}-\p{Nd}{2}-\p{Nd}{4}",
    ),
    Pattern(
        "national_id",
        _number(r"SSN|social security|ITIN|taxpayer identification", r"\d{3}[ .-]?\d{2}[ .-]?\d{4}"),
        Severity.HIGH,
        "A US social security number",
        where(checksums.ssn, 1),
        ("ssn", "social security", "itin", "taxpayer"),
        hint=r"\b(?i:SSN|social security|ITIN|taxpayer identification)[ :#=\p{Nd}]",
    ),
    Pattern(
        "national_id",
        re.compile(r"(?<!\w)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D](?!\w)"),
        Severity.HIGH,
        "A UK national insurance number",
        where(checksums.nino),
        score=0.9,
        hint=r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\p{Nd}{2} ?\p{Nd}{2} ?\p{Nd}{2} ?[A-D]",
    ),
    Pattern(
        "national_id",
        re.compile(r"(?<!\w)(?:\d{8}|[XYZ]-?\d{7})-?[A-HJ-NP-TV-Z](?!\w)"),
        Severity.HIGH,
        "A Spanish identity number (its checksum is right)",
        where(checksums.dni),
        score=0.9,
        hint=r"(?:\p{Nd}{8}|[XYZ]-?\p{Nd}{7})-?[A-HJ-NP-TV-Z]",
    ),
    Pattern(
        "national_id",
        re.compile(r"(?<!\w)[12] ?\d{2} ?(?:0[1-9]|1[0-2]) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}(?!\w)", re.IGNORECASE),
        Severity.HIGH,
        "A French social security number (its checksum is right)",
        where(checksums.nir),
        score=0.9,
        hint=r"[12] ?\p{Nd}{2} ?(?:0[1-9]|1[0-2]) ?(?:\p{Nd}{2}|2[ABab]) ?\p{Nd}{3} ?\p{Nd}{3}",
    ),
    Pattern(
        "national_id",
        re.compile(r"(?<!\w)[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z](?!\w)", re.IGNORECASE),
        Severity.HIGH,
        "An Italian tax code (its checksum is right)",
        where(checksums.codice_fiscale),
        hint=r"[A-Za-z]{6}\p{Nd}{2}[A-EHLMPRSTa-ehlmprst]\p{Nd}{2}[A-Za-z]\p{Nd}{3}",
    ),
    Pattern(
        "national_id",
        re.compile(r"(?<![\w.])\d{3}\.\d{3}\.\d{3}-\d{2}(?!\w)"),
        Severity.HIGH,
        "A Brazilian CPF (its checksum is right)",
        where(checksums.cpf),
        hint=r"\p{Nd}{3}\.\p{Nd}{3}\.\p{Nd}{3}-\p{Nd}{2}",
    ),
    Pattern(
        "national_id",
        re.compile(r"(?<![\w-])[2-9]\d{3}([ -])\d{4}\1\d{4}(?![\w-]| \d)"),
        Severity.HIGH,
        "An Indian Aadhaar number (its checksum is right)",
        where(checksums.aadhaar),
        ("aadhaar", "uidai"),
    ),
    Pattern(
        "national_id",
        _number("PESEL", r"\d{11}"),
        Severity.HIGH,
        "A Polish PESEL (its checksum is right)",
        where(checksums.pesel, 1),
        ("pesel",),
    ),
    Pattern(
        "national_id",
        _number("SIN|social insurance", r"\d{3}[ -]?\d{3}[ -]?\d{3}"),
        Severity.HIGH,
        "A Canadian social insurance number (its checksum is right)",
        where(checksums.sin, 1),
        ("sin", "social insurance"),
        hint=r"\b(?i:SIN|social insurance)[ :#=\p{Nd}]",
    ),
    Pattern(
        "national_id",
        _number("passport", r"[A-Z]{0,2}\d{6,9}"),
        Severity.HIGH,
        "A passport number",
        where(group=1),
        ("passport",),
        0.9,
    ),
    Pattern(
        "health",
        _number("NHS", r"\d{3}[ -]?\d{3}[ -]?\d{4}"),
        Severity.HIGH,
        "An NHS number (its checksum is right)",
        where(checksums.nhs, 1),
        ("nhs",),
    ),
    Pattern(
        "health",
        _number(r"MRN|medical record|patient(?: id)?", r"[A-Z]{0,3}-?\d{5,12}"),
        Severity.HIGH,
        "A patient's record number",
        where(group=1),
        ("mrn", "medical record", "patient"),
        0.9,
        hint=r"\b(?i:MRN|medical record|patient)",
    ),
    Pattern(
        "health",
        re.compile(
            r"\b(?:I|[Hh]e|[Ss]he|who|wife|husband|son|daughter|mother|father|patient) (?:was|is|am|were|has been) "
            r"(?:recently )?diagnosed with (?:an? )?[A-Za-z][\w'’-]{2,30}"
            r"(?: (?!and\b|in\b|at\b|on\b)[a-z][\w'’-]{2,30})?"
        ),
        Severity.MEDIUM,
        "Somebody's diagnosis",
        where(),
        ("diagnosed with",),
        0.8,
    ),
    Pattern(
        "birth_date",
        re.compile(
            rf"\b(?:born(?: on)?|d\.?o\.?b\.?|date of birth|birth ?date|birthday)\b[^\n\w]{{0,4}}"
            rf"(?:(?:is|was|on|the) ){{0,2}}({_DATE})",
            re.IGNORECASE,
        ),
        Severity.HIGH,
        "Somebody's date of birth",
        where(group=1),
        ("born", "dob", "d.o.b", "birth"),
        hint=r"\b(?i:born|d\.?o\.?b|date of birth|birth ?da)",
    ),
    Pattern(
        "age",
        re.compile(r"(?<![\w.,-])(\d{1,3})(?:[ -](?:years?|yrs?)[ -]old|[ -]?y/?o)\b", re.IGNORECASE),
        Severity.LOW,
        "Somebody's age",
        _age,
        ("old", "yo", "y/o"),
        0.7,
        in_code=False,
        hint=r"\p{Nd}[ -]?(?i:(?:years?|yrs?)[ -]old|y/?o)\b",
    ),
    Pattern(
        "age",
        re.compile(r"\b(?:aged?(?: of)?:? |turn(?:s|ed|ing)? )(\d{1,3})(?![\w%]|[.,:/-]\d)", re.IGNORECASE),
        Severity.LOW,
        "Somebody's age",
        _age,
        ("age", "turn"),
        0.6,
        in_code=False,
        hint=r"\b(?i:aged?(?: of)?:?|turn(?:s|ed|ing)?) \p{Nd}",
    ),
)
