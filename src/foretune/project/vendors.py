"""What vendors answered, kept beside the plan: one JSON file a vendor, meant for version control."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from foretune.errors import InputError
from foretune.files import replacing
from foretune.plan import Config
from foretune.plan.vendor import (
    VendorAnswer,
    VendorQuestion,
    VendorScore,
    invented_model,
    questionnaire,
    read_sheet,
    score_vendor,
)

__all__ = ["FOLDER", "answers_of", "known_vendors", "questions_here", "scores", "take_answers", "vendor_file"]

FOLDER = "vendors"
OWN_QUESTIONS = "questions.toml"
"""In that folder: a questionnaire of one's own."""
INVENTED_MODEL = "invented-model.txt"
"""In that folder: the model that does not exist, as the first vendor was asked about it."""
LONGEST_NAME = 60


def questions_here(folder: Path, config: Config) -> tuple[VendorQuestion, ...]:
    """The project's questions: its own file or the packaged one, with the same invented model for every vendor.

    Raises:
        InputError: the file of its own cannot be used.
    """
    own, kept = folder / FOLDER / OWN_QUESTIONS, folder / FOLDER / INVENTED_MODEL
    invented = kept.read_text(encoding="utf-8", errors="replace").strip() if kept.is_file() else ""
    questions = questionnaire(config, own if own.is_file() else None, invented=invented)
    if not invented:
        kept.parent.mkdir(exist_ok=True)
        with replacing(kept) as draft:
            draft.write_text(invented_model(config) + "\n", encoding="utf-8")
    return questions


def vendor_file(folder: Path, vendor: str, suffix: str = ".json") -> Path:
    """Where a vendor's answers are; two names that differ have two files.

    Raises:
        InputError: the name is empty, too long, or holds what cannot be printed.
    """
    name = " ".join(vendor.split())
    if not name or not name.isprintable() or len(name) > LONGEST_NAME:
        raise InputError(
            f"{vendor[:LONGEST_NAME]!r} is no name for a vendor: use at most {LONGEST_NAME} letters and numbers."
        )
    encoded = re.sub(r"[^\w-]|_", _encoded, name.casefold())
    return folder / FOLDER / f"{encoded}{suffix}"


def _encoded(character: re.Match[str]) -> str:
    """A character that is no letter or number as the code of its bytes, so that no two names come to one file."""
    return "_" if character[0] == " " else "".join(f"%{byte:02X}" for byte in character[0].encode())


def take_answers(
    folder: Path,
    config: Config,
    vendor: str,
    *,
    sheet: Path | None = None,
    graded: bool = False,
    single: Sequence[VendorAnswer] = (),
    grades: Mapping[str, int] | None = None,
    note: str = "",
) -> tuple[int, tuple[str, ...]]:
    """Take answers; a later one to the same question replaces the earlier, and grades of people stay beside it.

    Args:
        sheet: a filled-in spreadsheet; with ``graded`` its grades are ours.
        single: answers given one by one.
        grades: by question, 0 to 3, with a ``note`` on why.

    Returns:
        How many questions got an answer or a grade, and what was left aside.

    Raises:
        InputError: something cannot be used, and nothing was kept.
    """
    questions = questions_here(folder, config)
    path = vendor_file(folder, vendor)
    ids = {each.id for each in questions}
    for each in [*(answer.question for answer in single), *(grades or {})]:
        if each not in ids:
            raise InputError(f"There is no question {each!r}: `foretune vendor new` shows them with their ids.")
    known = dict(_load(path)[1]) if path.exists() else {}
    taken, aside = read_sheet(sheet, questions, graded=graded) if sheet else ((), ())
    touched: set[str] = set()
    for answer in (*taken, *single):
        before = known.get(answer.question)
        if before and answer.grade is None and answer.text == before.text:
            answer = before
        known[answer.question] = answer
        touched.add(answer.question)
    for question, grade in (grades or {}).items():
        text = known[question].text if question in known else ""
        known[question] = VendorAnswer(question, text, grade, note)
        touched.add(question)
    if touched:
        path.parent.mkdir(exist_ok=True)
        told = {"vendor": " ".join(vendor.split()), "answers": [asdict(each) for each in known.values()]}
        with replacing(path) as draft:
            draft.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", errors="replace")
    return len(touched), aside


def answers_of(folder: Path, vendor: str) -> Mapping[str, VendorAnswer]:
    """One vendor's answers by question; none where it is not known."""
    path = vendor_file(folder, vendor)
    return _load(path)[1] if path.exists() else {}


def known_vendors(folder: Path) -> Mapping[str, Mapping[str, VendorAnswer]]:
    """Every vendor with its answers by question, in the order of their names."""
    return dict(_load(path) for path in sorted((folder / FOLDER).glob("*.json")))


def scores(folder: Path, config: Config, vendors: Sequence[str] = ()) -> list[VendorScore]:
    """The vendors named, or all of them, the best first.

    Raises:
        InputError: a vendor is not known, or there is none.
    """
    known = known_vendors(folder)
    folded = {name.casefold(): name for name in known}
    wanted = [" ".join(vendor.split()).casefold() for vendor in vendors]
    for vendor, name in zip(vendors, wanted, strict=True):
        if name not in folded:
            raise InputError(
                f"There are no answers of {vendor!r}: there is {', '.join(known) or 'nobody'}; "
                f"`foretune vendor answer {vendor} SHEET` takes some."
            )
    if not known:
        raise InputError(
            "There are no answers yet: `foretune vendor new --out questions.xlsx` writes the questions to send out."
        )
    questions = questions_here(folder, config)
    chosen = [folded[name] for name in dict.fromkeys(wanted)] or list(known)
    found = [score_vendor(name, questions, known[name]) for name in chosen]
    return sorted(found, key=lambda score: (-score.share, score.vendor))


def _load(path: Path) -> tuple[str, dict[str, VendorAnswer]]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        answers = {each["question"]: VendorAnswer(**each) for each in told["answers"]}
        return str(told["vendor"]), answers
    except (ValueError, KeyError, TypeError, OSError):
        raise InputError(f"{path} is not what `foretune vendor answer` wrote: mend it, or remove it.") from None
