"""How often the scorers agree with people on whether an answer is right.

    python benchmarks/scorers.py            agreement, beside exact match, token F1 and inclusion
    python benchmarks/scorers.py --fit      fit the weights anew (minutes) and print them cross-validated

Data: EVOUNA (QA-Eval: NQ and TriviaQA questions, five systems) and OpenQA-eval (NQ301),
the parts kept for development. Shares are of answers judged as people judged them,
with their 95 % Wilson interval.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import string
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from foretune.evidence import infer_kind, score
from foretune.evidence.calibration import Case, cross_validated, fit
from foretune.evidence.equivalence import features, read_response
from foretune.intervals import wilson
from foretune.types import Outcome, Question

ROOT = Path(__file__).resolve().parent.parent
WEIGHTS = ROOT / "src" / "foretune" / "evidence" / "equivalence.json"
_START = {"words": 1.0, "phrase": 1.0, "spelled": 1.0}
_OPENQA_WEIGHT = 4.0
"""The set with several annotators an answer is small; each of its answers counts for this many."""


@dataclass(frozen=True)
class Judged:
    """One answer of one system, and what people said of it."""

    data: str
    question: str
    forms: tuple[str, ...]
    response: str
    accepted: bool


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--fit", action="store_true")
    options = parser.parse_args()
    if not (options.data / "labels-evouna").is_dir():
        sys.exit(f"The labelled answers are not in {options.data}: say where with --data.")
    rows = [*_evouna(options.data, "NQ"), *_evouna(options.data, "TQ"), *_openqa(options.data)]
    if options.fit:
        _fit(rows)
    _report(rows)


def _evouna(folder: Path, name: str) -> Iterator[Judged]:
    rows = json.loads((folder / "labels-evouna" / "dev" / f"{name}.json").read_text(encoding="utf-8"))
    for row in rows:
        if row["improper"]:
            continue
        forms = tuple(form.strip() for form in row["golden_answer"].split("/") if form.strip())
        for system in ("fid", "gpt35", "chatgpt", "gpt4", "newbing"):
            if row[f"judge_{system}"] is not None:
                answer = row[f"answer_{system}"] or ""
                yield Judged(f"evouna {name}", row["question"], forms, answer, bool(row[f"judge_{system}"]))


def _openqa(folder: Path) -> Iterator[Judged]:
    dev = folder / "labels-openqa-eval" / "dev"
    gold = {row["Question"]: row["Gold answers"].split(" | ") for row in _table(dev / "gold_answers.tsv")}
    for row in _table(dev / "NQ301_human.tsv"):
        forms = tuple(form.strip() for form in gold[row["Question"]])
        yield Judged("openqa NQ301", row["Question"], forms, row["Model answer"], row["Acceptable?"] == "Yes")


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def _fit(rows: list[Judged]) -> None:
    cases = []
    for row in rows:
        reading = read_response(row.question, row.response)
        found = tuple(values for form in row.forms if (values := features(reading, form)))
        weight = _OPENQA_WEIGHT if row.data.startswith("openqa") else 1.0
        cases.append(Case(found, row.accepted, row.question, weight))
    verdicts = cross_validated(cases, best=True, start=_START)
    agreement = {}
    print("likeness alone, weights fitted on other questions (5 folds):")
    for data in dict.fromkeys(row.data for row in rows):
        same = [verdict == row.accepted for row, verdict in zip(rows, verdicts, strict=True) if row.data == data]
        print(f"  {data:14} {_shown(sum(same), len(same))}")
        agreement[data] = round(sum(same) / len(same), 4)
    weights = fit(cases, best=True, start=_START)
    document = {
        "what": "Weights of foretune.evidence.equivalence, fitted by benchmarks/scorers.py on people's verdicts",
        "data": "EVOUNA (Apache-2.0) and OpenQA-eval (MIT), development parts",
        "answers": len(rows),
        "agreement_cross_validated": agreement,
        "weights": {name: round(weight, 3) for name, weight in weights.items()},
    }
    WEIGHTS.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _report(rows: list[Judged]) -> None:
    judges: dict[str, Callable[[Judged], bool]] = {
        "exact match": _exact_match,
        "token F1 ≥ 0.5": _token_f1,
        "inclusion": _inclusion,
        "foretune name": lambda row: _foretune(row, "name"),
        "foretune free": lambda row: _foretune(row, "free"),
        "foretune, kind inferred": lambda row: _foretune(row, ""),
    }
    sets = list(dict.fromkeys(row.data for row in rows))
    print(f"{'':24}" + "".join(f"{data:>26}" for data in sets) + f"{'answers/s':>12}")
    for name, judge in judges.items():
        started = time.perf_counter()
        verdicts = [judge(row) for row in rows]
        speed = len(rows) / (time.perf_counter() - started)
        cells = []
        for data in sets:
            same = [v == row.accepted for row, v in zip(rows, verdicts, strict=True) if row.data == data]
            cells.append(_shown(sum(same), len(same)))
        print(f"{name:24}" + "".join(f"{cell:>26}" for cell in cells) + f"{speed:12,.0f}")


def _shown(same: int, total: int) -> str:
    low, high = wilson(same, total)
    return f"{same / total:.1%} ({low:.1%}–{high:.1%})"


def _foretune(row: Judged, kind: str) -> bool:
    kind = kind or infer_kind(row.question, row.forms[0])
    question = Question("", row.question, row.forms[0], kind, aliases=row.forms[1:])
    return score(question, row.response).outcome is Outcome.CORRECT


def _normal(text: str) -> str:
    """SQuAD's normalisation (Rajpurkar et al. 2016): lower case, no punctuation, no articles."""
    text = "".join(c for c in text.lower() if c not in set(string.punctuation))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def _exact_match(row: Judged) -> bool:
    return any(_normal(form) == _normal(row.response) for form in row.forms)


def _inclusion(row: Judged) -> bool:
    said = _normal(row.response)
    return any(_normal(form) in said for form in row.forms if _normal(form))


def _token_f1(row: Judged) -> bool:
    said = _normal(row.response).split()
    best = 0.0
    for form in row.forms:
        gold = _normal(form).split()
        common = sum((Counter(gold) & Counter(said)).values())
        if common:
            best = max(best, 2 * common / (len(gold) + len(said)))
    return best >= 0.5


if __name__ == "__main__":
    main()
