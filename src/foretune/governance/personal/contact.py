"""How to reach somebody: e-mail, telephone, address, network."""

from __future__ import annotations

import ipaddress
import re

from foretune.governance.personal.pattern import Pattern, digits, where
from foretune.types import Severity

__all__ = ["PATTERNS", "is_reserved", "is_role_address"]

# Reserved for documentation: RFC 2606 and RFC 6761.
_EXAMPLE_DOMAIN = re.compile(
    r"@(?:[\w.-]{1,200}\.)?(?:example\.(?:com|org|net)|[\w-]{1,63}\.(?:example|test|invalid))$"
)
_WELL_KNOWN = frozenset(("1.1.1.1", "1.0.0.1", "8.8.8.8", "8.8.4.4", "9.9.9.9", "1.2.3.4"))
"""Public name servers, and the address of examples."""
_FILE_ENDINGS = frozenset("png jpg jpeg gif svg webp ico css js ts map json html htm md txt pdf zip".split())  # noqa: SIM905
_LINK_DEFINITION = re.compile(r"[ ]{0,3}\[[^\]\n]{1,200}\]:\s{0,3}$")
_ROLES = """
abuse accounts admin administrator billing careers contact enquiries enquiry events feedback finance hello help helpdesk
hi hr info inquiries it jobs legal mail marketing media news newsletter no-reply noreply office orders postmaster press
privacy recruiting sales security service support team web webmaster
"""
_ROLE_NAMES = frozenset(_ROLES.split())


def is_role_address(address: str) -> bool:
    """True for ``info@…`` and its like, which reach an office and not a person (RFC 2142 and common use)."""
    return address.partition("@")[0].casefold() in _ROLE_NAMES


def _email(address: str) -> bool:
    local, _, domain = address.partition("@")
    if domain.rpartition(".")[2].lower() in _FILE_ENDINGS or local == "git":
        return False
    return not _EXAMPLE_DOMAIN.search(address.lower())


def _fiction(bare: str) -> bool:
    """555-01xx and 555-555-5555 belong to nobody (https://www.nanpa.com)."""
    return bare[3:6] == "555" and (bare[6:8] == "01" or bare[:3] == "555")


def is_reserved(kind: str, text: str) -> bool:
    """True for mail addresses and telephone numbers that are kept for examples and belong to nobody."""
    if kind == "email":
        return bool(_EXAMPLE_DOMAIN.search(text.lower()))
    bare = digits(text)[-10:]
    return kind == "phone" and len(bare) == 10 and _fiction(bare)


def _north_american(number: str) -> bool:
    """Area and exchange begin with 2 to 9 (https://www.nanpa.com)."""
    bare = digits(re.split("[a-z]", number.lower())[0])[-10:]
    return bare[0] in "23456789" and bare[3] in "23456789" and not _fiction(bare)


def _international(number: str) -> bool:
    return 8 <= len(digits(number)) <= 15  # ITU-T E.164


def _national(number: str) -> bool:
    bare = digits(number)
    something_else = re.fullmatch(r"\d{4}-\d{2}-\d{2}|\d{1,3}(?:[ .]000){1,4}|\d{1,9}\.\d{1,9}", number)
    return 7 <= len(bare) <= 13 and not something_else and not (len(bare) == 10 and _fiction(bare))


def _public_ip(text: str) -> bool:
    try:
        return text not in _WELL_KNOWN and ipaddress.ip_address(text).is_global
    except ValueError:
        return False


def _ipv6(text: str) -> bool:
    return text.count(":") >= 3 and _public_ip(text)


def _domain(match: re.Match[str]) -> tuple[int, int] | None:
    """Not where Markdown defines what a link points to: nobody wrote that about themselves."""
    line = match.string.rfind("\n", 0, match.start()) + 1
    return None if _LINK_DEFINITION.match(match.string, line, match.start()) else match.span()


_STATE = (
    r"(?:AL|AK|AZ|AR|CA|CO|CT|DE|DC|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH"
    r"|OK|OR|PA|PR|RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY|AA|AE|AP)"
)
_ROAD = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Drive|Dr|Lane|Ln|Court|Ct|Place|Pl|Square|Sq|Terrace|Ter|Way"
    r"|Parkway|Pkwy|Highway|Hwy|Circle|Cir|Crescent|Close|Gardens|Grove|Mews|Row|Walk)"
)
_COMPASS = r"(?:NE|NW|SE|SW|N|S|E|W|North|South|East|West)"
_UNIT = r"(?:Apt|Apartment|Suite|Ste|Unit|Floor|Fl|Rm|Room)\.?[ ]{0,1}#?\w{1,6}"
_CITY = rf"(?:[A-Z][\w'’.-]{{1,25}} ){{0,2}}[A-Z][\w'’.-]{{1,25}},? {_STATE}(?: \d{{5}}(?:-\d{{4}})?)?"

PATTERNS: tuple[Pattern, ...] = (
    Pattern(
        "email",
        re.compile(
            r"(?<![\w.+%'-])[A-Za-z0-9_](?:[\w.+%'-]{0,63})@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})\.){1,8}[A-Za-z]{2,24}(?![\w-])"
        ),
        Severity.MEDIUM,
        "An e-mail address",
        where(_email),
        ("@",),
        hint=r"@[A-Za-z0-9][A-Za-z0-9-]*\.",
        anchor="@",
        before=64,
    ),
    Pattern(
        "ip",
        re.compile(r"(?<![\w.:/-])(?:\d{1,3}\.){3}\d{1,3}(?![\w:]|\.\d|-\d)(?!/\d\d\b)"),
        Severity.LOW,
        "A public IP address",
        where(_public_ip),
        score=0.8,
        hint=r"(?:\p{Nd}{1,3}\.){3}\p{Nd}",
    ),
    Pattern(
        "ip",
        re.compile(r"(?<![\w:.])[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{0,4}){3,7}(?![\w:])"),
        Severity.LOW,
        "A public IP address",
        where(_ipv6),
        (":",),
        0.9,
        hint=r"[0-9A-Fa-f](?::[0-9A-Fa-f]{0,4}){3}",
    ),
    Pattern(
        "phone",
        re.compile(
            r"(?<![\w.+/=-])(?:\+?1[ .-]?)?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[ .-])[2-9]\d{2}[ .-]\d{4}"
            r"(?:,? ?(?:x|ext\.?|extension)[ ]{0,1}\d{1,6})?(?![\w-]|\.\d)",
            re.IGNORECASE,
        ),
        Severity.MEDIUM,
        "A telephone number",
        where(_north_american),
        score=0.95,
        in_code=False,
        hint=r"(?:\([2-9]\p{Nd}{2}\) ?|[2-9]\p{Nd}{2}[ .-])[2-9]\p{Nd}{2}[ .-]\p{Nd}{4}",
    ),
    Pattern(
        "phone",
        re.compile(r"(?<![\w+./=-])\+[1-9](?:[ .\-/()]{0,2}\d){6,14}(?![\w-])"),
        Severity.MEDIUM,
        "A telephone number",
        where(_international),
        ("+",),
        0.95,
        in_code=False,
        hint=r"\+[1-9](?:[ .\-/()]{0,2}\p{Nd}){6}",
    ),
    Pattern(
        "phone",
        re.compile(
            r"(?<![\w/])(?:call(?:ed|ing)?|phone|tel|telephone|mobile|cell|fax|dial|ring|text|whatsapp|answering|hotline"
            r"|(?:my|our|his|her|their) number)\b[^\n\d(+/=]{0,15}(\(?\d(?:[ .\-()]{0,2}\d){6,12})(?![\w-]|[.,]\d| ?%)",
            re.IGNORECASE,
        ),
        Severity.MEDIUM,
        "A telephone number",
        where(_national, 1),
        ("call", "phone", "tel", "mobile", "cell", "fax", "dial", "ring", "text", "whatsapp", "answering", "number"),
        0.7,
        in_code=False,
        hint=(
            r"\b(?i:call(?:ed|ing)?|phone|tel|telephone|mobile|cell|fax|dial|ring|text|whatsapp|answering|hotline|number)"
            r"\b[^\n\p{Nd}(+/=]{0,15}\(?\p{Nd}(?:[ .\-()]{0,2}\p{Nd}){6}"
        ),
    ),
    Pattern(
        "address",
        re.compile(
            rf"(?<![\w.,$#/-])\d{{1,6}}[A-Za-z]?(?:-\d{{1,4}})? (?:{_COMPASS}\.? )?"
            rf"(?:(?:[A-Z][\w'’.-]{{0,30}}|\d{{1,3}}(?:st|nd|rd|th)) ){{1,4}}{_ROAD}\b\.?(?: {_COMPASS}\b\.?)?"
            rf"(?:,? {_UNIT}\b)?(?:,?\s{{1,3}}{_CITY}\b)?"
        ),
        Severity.MEDIUM,
        "A street address",
        where(),
        score=0.9,
        hint=rf"\p{{Nd}}[A-Za-z]?(?:-\p{{Nd}}{{1,4}})? (?:\S+ ){{1,5}}{_ROAD}\b",
    ),
    Pattern(
        "address",
        re.compile(r"\bP\.?[ ]{0,1}O\.? Box \d{1,6}\b", re.IGNORECASE),
        Severity.MEDIUM,
        "A post office box",
        where(),
        ("box",),
        hint=r"\b[Pp]\.? ?[Oo]\.? (?i:box) \p{Nd}",
    ),
    Pattern(
        "address",
        re.compile(rf"\b(?:[A-Z][\w'’.-]{{1,25}} ){{0,2}}[A-Z][\w'’.-]{{1,25}},? {_STATE} \d{{5}}(?:-\d{{4}})?\b"),
        Severity.LOW,
        "A town with its ZIP code",
        where(),
        hint=rf" {_STATE} \p{{Nd}}{{5}}",
    ),
    Pattern(
        "address",
        re.compile(
            r"\b(?:ZIP|post(?:al)?)[ ]?(?:code)?(?: is|:)[ ]{0,2}([A-Z0-9]{2,5}(?:[ -]?[A-Z0-9]{2,5})?)\b",
            re.IGNORECASE,
        ),
        Severity.LOW,
        "A ZIP code",
        where(lambda code: any(map(str.isdigit, code)), 1),
        ("zip", "post"),
        hint=r"\b(?i:zip|post(?:al)?) ?(?i:code)?(?i: is|:) {0,2}[A-Za-z0-9]",
    ),
    Pattern(
        "address",
        re.compile(r"\b(?:Apt|Suite|Ste)\.? #?\d{1,5}[A-Z]?\b"),
        Severity.LOW,
        "Part of a street address",
        where(),
        ("apt", "suite", "ste"),
        hint=r"\b(?:Apt|Suite|Ste)\.? #?\p{Nd}",
    ),
    Pattern(
        "person",
        re.compile(
            r"\b(?:Mr|Mrs|Ms|Mx|Dr|Prof)\.? ((?:[A-Z][\w'’-]{1,30}|[A-Z]\.)(?: (?:[A-Z][\w'’-]{1,30}|[A-Z]\.)){0,2})"
        ),
        Severity.LOW,
        "A person's name",
        where(group=1),
        ("mr", "ms", "mx", "dr", "prof"),
        0.9,
        in_code=False,
        hint=r"\b(?:Mr|Mrs|Ms|Mx|Dr|Prof)\.? [A-Z]",
    ),
    Pattern(
        "person",
        re.compile(r"\b[Mm]y name is ([A-Z][\w'’-]{1,30}(?: [A-Z][\w'’.-]{0,30}){0,2})"),
        Severity.LOW,
        "A person's name",
        where(group=1),
        ("my name is",),
        in_code=False,
        hint=r"\b[Mm]y name is [A-Z]",
    ),
    Pattern(
        "domain",
        re.compile(
            r"(?<![\w/(\"'=<>\[:@.])(?:https?://|www\.)[A-Za-z0-9.-]{3,200}\.[A-Za-z]{2,24}(?::\d{2,5})?", re.IGNORECASE
        ),
        Severity.INFO,
        "A web address",
        _domain,
        ("://", "www."),
        0.5,
        in_code=False,
        hint=r"(?:^|[^A-Za-z0-9_/(\"'=<>\[:@.])(?i:https?://|www\.)",
    ),
)
