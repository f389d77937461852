"""How often ``ground`` agrees with people on whether a text is supported by another.

    python benchmarks/grounding.py          balanced accuracy beside the majority baseline
    python benchmarks/grounding.py --fit    fit the weights anew and print them cross-validated

Data: SummEdits (summaries with one edited detail: sales calls, sales mails, meetings) and
BEGIN (replies to knowledge), the parts kept for development. Balanced accuracy is the mean
of the shares of supported and of unsupported texts judged right; its interval is the
bootstrap's over documents, because texts about one document hang together.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from foretune.evidence import content_stems, ground, sentences
from foretune.evidence.calibration import Case, cross_validated, fit
from foretune.evidence.grounding import SIGNS, grounding_features

ROOT = Path(__file__).resolve().parent.parent
WEIGHTS = ROOT / "src" / "foretune" / "evidence" / "grounding.json"
_START = {"words": 1.0, "pairs": 1.0}
_RESAMPLES = 2000


@dataclass(frozen=True)
class Judged:
    """A text, the context it should rest on, and whether people found that it does."""

    data: str
    context: str
    text: str
    supported: bool


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--fit", action="store_true")
    options = parser.parse_args()
    if not (options.data / "labels-summedits").is_dir():
        sys.exit(f"The labelled texts are not in {options.data}: say where with --data.")
    rows = [*_summedits(options.data), *_begin(options.data)]
    if options.fit:
        _fit(rows)
    _report(rows)


def _summedits(folder: Path) -> Iterator[Judged]:
    for name in ("sales_call", "sales_email", "qmsumm"):
        path = folder / "labels-summedits" / "dev" / f"summedits_{name}.json"
        for row in json.loads(path.read_text(encoding="utf-8")):
            yield Judged(f"summedits {name}", row["doc"], row["summary"], row["label"] == 1)


def _begin(folder: Path) -> Iterator[Judged]:
    with (folder / "labels-begin" / "dev" / "begin_dev_wow.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            yield Judged("begin wow", row["knowledge"], row["response"], row["begin_label"] == "Fully attributable")


def _fit(rows: Sequence[Judged]) -> None:
    # Each set counts the same, and in it both verdicts do: the aim is balanced accuracy everywhere.
    sizes: dict[tuple[str, bool], int] = defaultdict(int)
    for row in rows:
        sizes[row.data, row.supported] += 1
    cases = []
    for row in rows:
        found = tuple(v for span in sentences(row.text) if (v := grounding_features(row.context, span.text)))
        cases.append(Case(found, row.supported, row.context, 100 / sizes[row.data, row.supported]))
    verdicts = cross_validated(cases, best=False, start=_START, signs=SIGNS)
    print("words and facts weighed, weights fitted on other documents (5 folds):")
    agreement = {}
    for data in dict.fromkeys(row.data for row in rows):
        of_set = [(row, verdict) for row, verdict in zip(rows, verdicts, strict=True) if row.data == data]
        agreement[data] = round(_balanced([r.supported for r, _ in of_set], [v for _, v in of_set]), 4)
        print(f"  {data:22} {agreement[data]:.1%}")
    weights = fit(cases, best=False, start=_START, signs=SIGNS)
    document = {
        "what": "Weights of foretune.evidence.grounding, fitted by benchmarks/grounding.py on people's verdicts",
        "data": "SummEdits (Apache-2.0) and BEGIN (CC-BY-4.0), development parts",
        "texts": len(rows),
        "balanced_accuracy_cross_validated": agreement,
        "weights": {name: round(weight, 3) for name, weight in weights.items()},
    }
    WEIGHTS.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _report(rows: Sequence[Judged]) -> None:
    started = time.perf_counter()
    verdicts = [ground(row.context, row.text).verdict == "supported" for row in rows]
    seconds = time.perf_counter() - started
    words = [_covered(row) for row in rows]
    print(f"{'':22}{'texts':>7}{'majority':>10}{'words covered':>24}{'ground':>24}{'supported':>11}{'not':>7}")
    for data in dict.fromkeys(row.data for row in rows):
        at = [i for i, row in enumerate(rows) if row.data == data]
        truth = [rows[i].supported for i in at]
        documents = [rows[i].context for i in at]
        cells = [_with_interval(truth, [judged[i] for i in at], documents) for judged in (words, verdicts)]
        right = [
            sum(verdicts[i] == rows[i].supported for i in at if rows[i].supported is side) for side in (True, False)
        ]
        shares = [right[0] / truth.count(True), right[1] / truth.count(False)]
        majority = max(truth.count(True), truth.count(False)) / len(truth)
        print(f"{data:22}{len(at):7}{majority:10.1%}{cells[0]:>24}{cells[1]:>24}{shares[0]:11.0%}{shares[1]:7.0%}")
    print("majority: share right when always saying the more frequent verdict; its balanced accuracy is 50 %.")
    print(f"ground: {len(rows) / seconds:.0f} texts a second.")


def _covered(row: Judged) -> bool:
    """The naive check: nine in ten content words of the text occur in the context."""
    wanted, have = content_stems(row.text), set(content_stems(row.context))
    return sum(stem in have for stem in wanted) >= 0.9 * len(wanted)


def _balanced(truth: Sequence[bool], judged: Sequence[bool]) -> float:
    right = np.array(truth) == np.array(judged)
    supported = np.array(truth)
    if supported.all() or not supported.any():
        return float(right.mean())
    return float((right[supported].mean() + right[~supported].mean()) / 2)


def _with_interval(truth: Sequence[bool], judged: Sequence[bool], documents: Sequence[str]) -> str:
    groups: dict[str, list[int]] = defaultdict(list)
    for i, document in enumerate(documents):
        groups[document].append(i)
    members = [np.array(group) for group in groups.values()]
    truths, verdicts = np.array(truth), np.array(judged)
    random = np.random.default_rng(0)
    drawn = []
    for _ in range(_RESAMPLES):
        picked = np.concatenate([members[k] for k in random.integers(0, len(members), len(members))])
        drawn.append(_balanced(truths[picked].tolist(), verdicts[picked].tolist()))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return f"{_balanced(truth, judged):.1%} ({low:.0%}–{high:.0%})"


if __name__ == "__main__":
    main()
