"""Validity rules of numbers that people are known by."""

from __future__ import annotations

from foretune.governance.personal.pattern import digits

__all__ = [
    "IBAN_LENGTHS",
    "aadhaar",
    "aba",
    "card",
    "codice_fiscale",
    "cpf",
    "dni",
    "iban",
    "luhn",
    "nhs",
    "nino",
    "nir",
    "pesel",
    "sin",
    "ssn",
]

_IBAN_LENGTHS = """
AD:24 AE:23 AL:28 AT:20 AZ:28 BA:20 BE:16 BG:22 BH:22 BI:27 BR:29 BY:28 CH:21 CR:22 CY:28 CZ:24 DE:22 DJ:27 DK:18 DO:28
EE:20 EG:29 ES:24 FI:18 FK:18 FO:18 FR:27 GB:22 GE:22 GI:23 GL:18 GR:27 GT:28 HR:21 HU:28 IE:22 IL:23 IQ:23 IS:26 IT:27
JO:30 KW:30 KZ:20 LB:28 LC:32 LI:21 LT:20 LU:20 LV:21 LY:25 MC:27 MD:24 ME:22 MK:19 MN:20 MR:27 MT:31 MU:30 NI:28 NL:18
NO:15 OM:23 PK:24 PL:28 PS:29 PT:25 QA:29 RO:24 RS:22 RU:33 SA:24 SC:31 SD:18 SE:24 SI:19 SK:24 SM:27 SO:23 ST:25 SV:28
TL:23 TN:24 TR:26 UA:29 VA:22 VG:24 XK:20
"""
IBAN_LENGTHS = {entry[:2]: int(entry[3:]) for entry in _IBAN_LENGTHS.split()}
"""Characters of an IBAN by country: SWIFT IBAN Registry, https://www.swift.com/resource/iban-registry-pdf."""


def luhn(number: str) -> bool:
    """ISO/IEC 7812-1, annex B: every second digit from the right doubled, the sum divisible by ten."""
    total = 0
    for position, digit in enumerate(map(int, reversed(digits(number)))):
        doubled = digit * 2 if position % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def card(number: str) -> bool:
    """A payment card: Luhn, and a prefix and length in use (ISO/IEC 7812 ranges as the networks publish them)."""
    bare = digits(number)
    if len(set(bare)) == 1 or not luhn(bare):
        return False
    two, three, four, length = int(bare[:2]), int(bare[:3]), int(bare[:4]), len(bare)
    return (
        (bare[0] == "4" and length in (13, 16, 19))  # Visa
        or (length == 16 and (51 <= two <= 55 or 2221 <= four <= 2720))  # Mastercard
        or (length == 15 and two in (34, 37))  # American Express
        or (16 <= length <= 19 and (four == 6011 or 644 <= three <= 649 or two == 65))  # Discover
        or (14 <= length <= 19 and (300 <= three <= 305 or two in (36, 38, 39)))  # Diners
        or (16 <= length <= 19 and 3528 <= four <= 3589)  # JCB
        or (length == 15 and four in (1800, 2131))  # JCB, old
        or (16 <= length <= 19 and two == 62)  # UnionPay
    )


def iban(number: str) -> bool:
    """ISO 13616: the country's length, and modulo 97 (ISO 7064) equal to one."""
    bare = number.replace(" ", "").upper()
    if IBAN_LENGTHS.get(bare[:2]) != len(bare):
        return False
    return int("".join(str(int(each, 36)) for each in bare[4:] + bare[:4])) % 97 == 1


def aba(number: str) -> bool:
    """A US routing number: weights 3, 7, 1, the sum divisible by ten; first two digits in an assigned range."""
    prefix = int(number[:2])
    assigned = prefix <= 12 or 21 <= prefix <= 32 or 61 <= prefix <= 72 or prefix == 80
    return assigned and sum(w * int(d) for w, d in zip((3, 7, 1) * 3, number, strict=True)) % 10 == 0


def ssn(number: str) -> bool:
    """A US social security or taxpayer number that can have been issued.

    https://www.ssa.gov/employer/randomization.html: no area 000, 666 or 900-999, no group 00, no serial 0000, and
    not one of the numbers made famous by advertisements; https://www.irs.gov/individuals/itin-expiration-faqs for 9xx.
    """
    bare = digits(number)
    area, group, serial = int(bare[:3]), int(bare[3:5]), int(bare[5:])
    if bare in ("078051120", "219099999", "123456789", "987654321"):
        return False
    if area >= 900:
        return serial > 0 and (50 <= group <= 65 or 70 <= group <= 88 or 90 <= group <= 92 or 94 <= group <= 99)
    return area not in (0, 666) and group > 0 and serial > 0


def nino(number: str) -> bool:
    """A UK national insurance number: prefixes that are not given out (HMRC NIM39110)."""
    return number[:2] not in ("BG", "GB", "NK", "KN", "TN", "NT", "ZZ")


def nhs(number: str) -> bool:
    """A UK NHS number: ten digits, weights 10 to 2, modulo 11."""
    bare = digits(number)
    check = 11 - sum(w * int(d) for w, d in zip(range(10, 1, -1), bare, strict=False)) % 11
    return len(bare) == 10 and check % 11 == int(bare[9])


def dni(number: str) -> bool:
    """A Spanish DNI or NIE: the letter is the number modulo 23."""
    bare = number.replace("-", "").upper()
    value = int(bare[:-1].replace("X", "0").replace("Y", "1").replace("Z", "2"))
    return "TRWAGMYFPDXBNJZSQVHLCKE"[value % 23] == bare[-1]


def nir(number: str) -> bool:
    """A French social security number: key = 97 - number modulo 97; Corsica's 2A and 2B count as 19 and 18."""
    bare = number.replace(" ", "").upper().replace("2A", "19").replace("2B", "18")
    return 97 - int(bare[:13]) % 97 == int(bare[13:])


def codice_fiscale(number: str) -> bool:
    """An Italian tax code: its last letter (Decreto Ministeriale 23 dicembre 1976)."""
    odd = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23]
    values = [int(each) if each.isdigit() else ord(each) - ord("A") for each in number.upper()]
    total = sum(odd[value] if position % 2 == 0 else value for position, value in enumerate(values[:15]))
    return total % 26 == values[15]


def pesel(number: str) -> bool:
    """A Polish PESEL: weights 1, 3, 7, 9, and a month that exists (centuries add 20, 40, 60 or 80)."""
    weights = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)
    check = -sum(w * int(d) for w, d in zip(weights, number, strict=False)) % 10
    return check == int(number[10]) and 1 <= int(number[2:4]) % 20 <= 12 and 1 <= int(number[4:6]) <= 31


def sin(number: str) -> bool:
    """A Canadian social insurance number: nine digits, Luhn, not beginning with 0 or 8."""
    bare = digits(number)
    return len(bare) == 9 and bare[0] not in "08" and luhn(bare)


def cpf(number: str) -> bool:
    """A Brazilian CPF: two check digits modulo 11."""
    bare = [int(each) for each in digits(number)]
    for length in (9, 10):
        total = sum(w * d for w, d in zip(range(length + 1, 1, -1), bare, strict=False))
        if (total * 10 % 11) % 10 != bare[length]:
            return False
    return len(set(bare)) > 1


_VERHOEFF_TIMES = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_VERHOEFF_PERMUTE = (
    "0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip


def aadhaar(number: str) -> bool:
    """An Indian Aadhaar number: twelve digits, not beginning with 0 or 1, Verhoeff's check digit (Verhoeff 1969)."""
    bare = digits(number)
    if bare[0] in "01":
        return False
    check = 0
    for position, digit in enumerate(map(int, reversed(bare))):
        check = int(_VERHOEFF_TIMES[check][int(_VERHOEFF_PERMUTE[position % 8][digit])])
    return check == 0
