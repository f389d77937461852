"""How often the probe finds where a model's knowledge ends: simulated models, the packaged facts.

    python benchmarks/probe.py            # prints a table; half a minute

A simulated model knows a fact before its end with one probability and guesses one after it with another. No
language model is asked.
"""

from __future__ import annotations

import argparse
from datetime import date

import numpy as np

from foretune.plan.probe import chosen, knowledge_end, read_facts

MODELS = 100
CASES = ((0.9, 0.02), (0.6, 0.02), (0.4, 0.02), (0.2, 0.02), (0.05, 0.02), (0.02, 0.02))
"""Known before the end, guessed after it."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each-quarter", type=int, default=4)
    options = parser.parse_args()
    facts = chosen(read_facts(), each_quarter=options.each_quarter, today=date(2026, 11, 25), years=10)
    quarters = sorted({fact.quarter for fact in facts})
    print(f"{len(facts)} facts in {len(quarters)} quarters, {MODELS} models a row.\n")
    print("| knows before | guesses after | an end is found | true end inside the interval | width in quarters |")
    print("|---|---|---|---|---|")
    for before, after in CASES:
        generator = np.random.default_rng(0)
        found, covered, widths = 0, 0, []
        for _ in range(MODELS):
            true = int(generator.choice(quarters[8:-6]))
            known = [
                (fact.quarter, bool(generator.random() < (before if fact.quarter <= true else after))) for fact in facts
            ]
            end = knowledge_end(known)
            if end.quarter is None or end.low is None or end.high is None:
                continue
            found += 1
            covered += end.low <= true <= end.high
            widths.append(end.high - end.low + 1)
        inside = f"{covered} of {found}" if found else "–"
        width = f"{np.median(widths):.0f}" if widths else "–"
        print(f"| {before:.0%} | {after:.0%} | {found} of {MODELS} | {inside} | {width} |")


if __name__ == "__main__":
    main()
