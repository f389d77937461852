"""Build the dated facts of ``foretune models probe`` from records that packages ship.

    python -m pip download --no-deps --no-binary :all: django pip flask requests sqlalchemy   # and unpack them
    python -m pip install --target FOLDER/holidays holidays
    python scripts/probe_facts.py FOLDER [DISTRO_INFO]   # writes src/foretune/plan/probe/facts.csv

FOLDER holds the unpacked source distributions, DISTRO_INFO the files of the Debian package distro-info-data
(``/usr/share/distro-info``). Nothing is written from memory: a fact is a row of a release table, of a change log, or
a public holiday that a calendar has in one year only, with the package and version it was read from.
"""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass, fields
from datetime import date, datetime
from pathlib import Path

FACTS = Path(__file__).resolve().parent.parent / "src" / "foretune" / "plan" / "probe" / "facts.csv"
FIRST_YEAR = 2012
COUNTRIES = {
    "AR": "Argentina",
    "AU": "Australia",
    "CL": "Chile",
    "GB": "the United Kingdom",
    "HK": "Hong Kong",
    "IE": "Ireland",
    "KE": "Kenya",
    "MY": "Malaysia",
    "NG": "Nigeria",
    "NZ": "New Zealand",
    "PH": "the Philippines",
    "PL": "Poland",
    "SG": "Singapore",
    "TH": "Thailand",
}
"""Those whose names of holidays are given in English; others would ask for a translation, not for a fact."""
MOVED = re.compile(r"substituted|observed|in lieu|\d{2}/\d{2}|poya|^Day off|following|day after|eve$", re.IGNORECASE)
"""Ordinary holidays that fell on another day."""


@dataclass(frozen=True)
class Fact:
    """One row; ``date`` is the first day on which the answer could be known."""

    date: str
    group: str
    question: str
    answer: str
    source: str


def distributions(folder: Path) -> Iterator[Fact]:
    """Code names, known from the day work begins, and days of release."""
    version = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", "distro-info-data"], capture_output=True, text=True, check=True
    ).stdout
    for name, what in (("ubuntu", "Ubuntu"), ("debian", "Debian")):
        source = f"distro-info-data {version}, {name}.csv"
        with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if not row["version"] or not row["created"]:
                    continue
                label = f"{what} {row['version'].removesuffix(' LTS')}"
                asked = f"What is the code name of {label}?"
                if not row["release"]:
                    continue
                yield Fact(row["created"], "code names", asked, row["codename"], source)
                yield Fact(row["release"], what, f"On which day was {label} released?", row["release"], source)


def django(folder: Path) -> Iterator[Fact]:
    """The date at the head of each feature release's notes."""
    for notes in sorted((folder / "docs" / "releases").glob("*.txt")):
        found = re.search(r"^\*([A-Z][a-z]+ \d{1,2}, \d{4})\*$", notes.read_text(encoding="utf-8"), re.MULTILINE)
        if found and re.fullmatch(r"\d+\.\d+", notes.stem):
            day = datetime.strptime(found[1], "%B %d, %Y").date().isoformat()
            yield _release("Django", notes.stem, day, f"{folder.name}, docs/releases/{notes.name}")


def _log(name: str, file: str, pattern: str, version: str) -> Callable[[Path], Iterator[Fact]]:
    """A change log whose ``pattern`` finds version and date, for the versions that fit ``version``."""

    def read(folder: Path) -> Iterator[Fact]:
        for log in sorted(folder.glob(file)):
            for found in re.finditer(pattern, log.read_text(encoding="utf-8"), re.MULTILINE):
                if re.fullmatch(version, found["version"]):
                    source = f"{folder.name}, {log.relative_to(folder)}"
                    yield _release(name, found["version"], _day(found["day"]), source)

    return read


def _day(text: str) -> str:
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return text
    return datetime.strptime(text, "%B %d, %Y").date().isoformat()


def _release(name: str, version: str, day: str, source: str) -> Fact:
    return Fact(day, name, f"On which day was {name} {version} released?", day, source)


LOGS = {
    "django": django,
    "pip": _log("pip", "NEWS.rst", r"^(?P<version>[\d.]+) \((?P<day>\d{4}-\d\d-\d\d)\)$", r"\d+\.\d"),
    "flask": _log(
        "Flask",
        "CHANGES.rst",
        r"^Version (?P<version>[\d.]+)\n-+\n\nReleased (?P<day>\d{4}-\d\d-\d\d)$",
        r"\d+\.\d(\.0)?",
    ),
    "requests": _log(
        "the Python package requests",
        "HISTORY.md",
        r"^(?P<version>[\d.]+) \((?P<day>\d{4}-\d\d-\d\d)\)$",
        r"\d+\.\d+\.0",
    ),
    "sqlalchemy": _log(
        "SQLAlchemy",
        "doc/build/changelog/changelog_*.rst",
        r":version: (?P<version>[\d.]+)\s+:released: (?P<day>[A-Z][a-z]+ \d{1,2}, \d{4})$",
        r"\d\.\d\.\d*0",
    ),
}


def holidays(folder: Path) -> Iterator[Fact]:
    """Public holidays that a country's calendar has in one year only."""
    sys.path.insert(0, str(folder))
    import holidays as package

    for code, country in COUNTRIES.items():
        years = range(FIRST_YEAR - 5, date.today().year + 2)
        days: dict[str, list[date]] = {}
        for day, names in package.country_holidays(code, years=years, language="en_US").items():
            for name in names.split("; "):
                days.setdefault(name, []).append(day)
        for name, found in days.items():
            if len(found) == 1 and not MOVED.search(name):
                asked = f"On which day was “{name}” a public holiday in {country}?"
                source = f"holidays {package.__version__}, {country.removeprefix('the ')}"
                yield Fact(found[0].isoformat(), "holidays", asked, found[0].isoformat(), source)


def main() -> None:
    """Write the file, oldest first."""
    folder = Path(sys.argv[1])
    facts = [*distributions(Path(sys.argv[2] if len(sys.argv) > 2 else "/usr/share/distro-info"))]
    for name, read in LOGS.items():
        (unpacked,) = (each for each in folder.glob(f"{name}-*") if each.is_dir())
        facts += read(unpacked)
    facts += holidays(folder / "holidays")
    today = date.today().isoformat()
    kept = sorted({each for each in facts if f"{FIRST_YEAR}" <= each.date <= today}, key=astuple)
    with FACTS.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([field.name for field in fields(Fact)])
        writer.writerows(astuple(each) for each in kept)
    print(f"{len(kept)} facts from {kept[0].date} to {kept[-1].date}")


if __name__ == "__main__":
    main()
