"""Every arm's answers to the handbook's forty questions, with one or more models: the table of docs/results.md.

    python benchmarks/answers.py smollm2-135m qwen2.5-coder-1.5b

For each model it makes a project from the example, does every stage and prints
what the bench found. With the small model that takes minutes, with the larger
one half an hour on two cores.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

from foretune.bench.summary import BenchSummary
from foretune.cli.progress import terminal
from foretune.plan import read_answers, settle
from foretune.project import Project
from foretune.project.facts import latest_summary

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "handbook"


def measure(model: str) -> tuple[BenchSummary, dict[str, float]]:
    """Run the example with ``model``: what the bench found, and seconds a stage."""
    folder = Path(tempfile.mkdtemp(prefix="foretune-answers-"))
    answers = read_answers(EXAMPLE / "plan.toml") | {"engine.model": model}
    seconds: dict[str, float] = {}
    try:
        with Project.create(folder / "project", settle(answers)) as project:
            shutil.copy(EXAMPLE / "questions.csv", project.folder / "questions.csv")
            started = time.perf_counter()
            for _ in project.add([EXAMPLE / "documents"], progress=terminal()):
                pass
            seconds["add"] = time.perf_counter() - started
            for name, work in (
                ("review", project.review),
                ("index", project.index),
                ("pairs", project.write_pairs),
                ("all else", project.run),
            ):
                started = time.perf_counter()
                work(progress=terminal())
                seconds[name] = time.perf_counter() - started
            summary = latest_summary(project)
    finally:
        shutil.rmtree(folder)
    assert summary is not None
    return summary, seconds


def main() -> None:
    """Print one table a model."""
    for model in sys.argv[1:] or ["smollm2-135m"]:
        summary, seconds = measure(model)
        print(f"\n{model}\n\n| arm | right | unanswerable declined | median time | tokens read | tokens written |")
        print("|---|---|---|---|---|---|")
        for arm in summary.arms:
            print(
                f"| {arm.arm} | {arm.correct} | {arm.refused} | {arm.median_seconds:.2f} s "
                f"| {arm.tokens_in:,} | {arm.tokens_out:,} |"
            )
        print()
        for comparison in summary.comparisons:
            print(f"- {comparison.verdict}")
        print("\nSeconds: " + ", ".join(f"{name} {value:.0f}" for name, value in seconds.items()), flush=True)


if __name__ == "__main__":
    main()
