"""Does a small model know the handbook after tuning: base and tuned arm on the dev questions, from memory.

    python benchmarks/facts.py WORK                          make the project in WORK, write pairs, train, ask
    python benchmarks/facts.py WORK --facts 600 --hours 0.5  less of it, and in half an hour
    python benchmarks/facts.py WORK --so-far                 ask the adapter of a training that is under way
    python benchmarks/facts.py WORK --questions benchmarks/handbook_facts.jsonl

Killed at any point and started again, it goes on where it was. Settings were chosen on
``benchmarks/handbook_facts.jsonl``; the dev questions are only asked. Each asking is kept in ``WORK/asked.jsonl``, and
all of them are printed at the end: right answers by tokens read.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from foretune.bench.arms import Bench, arms
from foretune.bench.questions import read_questions
from foretune.bench.statistics import mcnemar
from foretune.cli.progress import terminal
from foretune.engines import Engine, open_engine
from foretune.evidence import score
from foretune.intervals import wilson
from foretune.models import locate
from foretune.plan import read_answers, settle
from foretune.project import Project
from foretune.project.adapters import adapter_id, find_adapter, training_pairs
from foretune.tuning.forgetting import ask_general
from foretune.types import Arm, Outcome, Question

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "handbook"
SETTINGS = {
    "engine.model": "smollm2-135m",
    "pairs.recipes": ["recall", "replay:4%"],
    "pairs.writer": "rules",
    "pairs.paraphrases": 9,
    "pairs.limit": 0,
    "pairs.evaluation_fraction": 0.0,  # facts that are kept from training cannot be known
    "tuning.run": "full",
    "tuning.rank": 32,
    "tuning.alpha": 64,
    "tuning.learning_rate": 1.5e-3,
    "tuning.batch_size": 16,
    "tuning.max_tokens": 128,
    "tuning.warmup_fraction": 0.03,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One arm's answers to all questions, and to the general ones."""

    questions: str
    tokens: int
    """Read in training; 0 for the base model."""
    epochs: float
    hours: float
    right: list[str]
    """Ids of the questions answered right."""
    general: list[str]
    final: bool
    """Whether training was over."""


def project_in(work: Path, options: argparse.Namespace) -> Project:
    """The project, made where there is none yet, its documents read and reviewed."""
    folder = work / "project"
    if (folder / "foretune.toml").exists():
        return Project.open(folder)
    chosen: dict[str, Any] = {
        "pairs.facts": options.facts,
        "tuning.max_hours": options.hours,
        "tuning.epochs": options.epochs,
    }
    project = Project.create(folder, settle(read_answers(EXAMPLE / "plan.toml") | SETTINGS | chosen))
    (folder / "questions.csv").write_bytes((EXAMPLE / "questions.csv").read_bytes())
    for _ in project.add([options.documents], progress=terminal()):
        pass
    project.review(progress=terminal())
    return project


def ask(engine: Engine, adapter: Path | None, asked: Sequence[Question], **how_far: Any) -> Asked:
    """Ask every question as the bench's base and tuned arms do, and the general ones."""
    nothing: Any = SimpleNamespace()  # arms without documents search nothing
    bench = Bench(engine, nothing, nothing, adapter, max_answer_tokens=48, seed=0)
    arm = arms()[Arm.TUNED if adapter else Arm.BASE]
    right = [q.id for q in asked if score(q, arm(q, bench).response).outcome is Outcome.CORRECT]
    general = [question.id for question, fine in ask_general(engine, adapter) if fine]
    return Asked(right=right, general=general, **how_far)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path, help="folder for the project and for what was asked")
    parser.add_argument("--documents", type=Path, default=EXAMPLE / "documents")
    parser.add_argument("--questions", type=Path, default=EXAMPLE / "questions.csv")
    parser.add_argument("--facts", type=int, default=0, help="facts to learn at most; 0: all the recipe takes")
    parser.add_argument("--epochs", type=int, default=2, help="passes over the pairs (2)")
    parser.add_argument("--hours", type=float, default=0.0, help="of training at most; 0: until the epochs are over")
    parser.add_argument("--threads", type=int, default=2, help="of the processor (2)")
    parser.add_argument("--so-far", action="store_true", help="train nothing, ask what there is")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    questions = [q for q in read_questions(options.questions) if q.kind != "unanswerable"]
    with project_in(options.work, options) as project:
        if not training_pairs(project):
            project.write_pairs(progress=terminal())
        if not options.so_far:
            from foretune.tuning.runtime import torch

            torch.set_num_threads(options.threads)
            project.tune(pilot=False, progress=terminal())
        record = options.work / "asked.jsonl"
        before = _read(record, options.questions.name)
        asked = _ask_what_is_new(project, options, questions, before)
        with record.open("a", encoding="utf-8") as out:
            out.writelines(json.dumps(asdict(each)) + "\n" for each in asked)
        report(project, questions, [*before, *asked])


def _read(record: Path, questions: str) -> list[Asked]:
    if not record.exists():
        return []
    found = [Asked(**json.loads(line)) for line in record.read_text(encoding="utf-8").splitlines()]
    return [each for each in found if each.questions == questions]


def _ask_what_is_new(
    project: Project, options: argparse.Namespace, questions: Sequence[Question], before: Sequence[Asked]
) -> list[Asked]:
    """The base model where it was not asked yet, then the adapter as it is now."""
    from foretune.tuning.so_far import adapter_so_far

    settings, base = project.config.tuning, locate(project.config.engine.model)
    identity, name = adapter_id(project, pilot=False), options.questions.name
    found: list[Asked] = []
    with open_engine("llama", model=project.config.engine.model, context=4096) as engine:
        if not any(each.tokens == 0 for each in before):
            found.append(ask(engine, None, questions, questions=name, tokens=0, epochs=0, hours=0, final=True))
        if (adapter := find_adapter(project, identity)) is not None:
            path, tokens, seconds = adapter.path, adapter.metrics["tokens"], adapter.metrics["seconds"]
            steps, final = len(adapter.metrics["losses"]), True
        else:
            folder = project.vault.folder / "adapters" / identity
            so_far = adapter_so_far(
                folder / "checkpoint.pt", options.work / f"so-far-{time.time():.0f}.gguf", base=base, settings=settings
            )
            if so_far is None:
                return found
            path, tokens, seconds, steps = so_far.path, so_far.tokens, so_far.seconds, so_far.steps
            final = False
        if all(each.tokens != tokens for each in before):
            epochs = steps * settings.batch_size / len(training_pairs(project))
            found.append(
                ask(
                    engine,
                    path,
                    questions,
                    questions=name,
                    tokens=tokens,
                    epochs=round(epochs, 2),
                    hours=round(seconds / 3600, 2),
                    final=final,
                )
            )
    return found


def report(project: Project, questions: Sequence[Question], asked: Sequence[Asked]) -> None:
    """Print what it took, the curve, and the two tests."""
    pairs = training_pairs(project)
    own = [pair for pair in pairs if pair.document_id]
    print(f"{len(own):,} pairs on {len({(p.path, p.response) for p in own}):,} facts, {len(pairs) - len(own)} general")
    print()
    print("| tokens read | epochs | hours | right answers | only tuned : only base | p | general questions right |")
    print("|---|---|---|---|---|---|---|")
    base = asked[0]
    for each in sorted(asked, key=lambda each: each.tokens):
        gained, lost = len(set(each.right) - set(base.right)), len(set(base.right) - set(each.right))
        tested = f"{gained} : {lost} | {mcnemar(gained, lost):.3f}" if each.tokens else "– | –"
        kept = f"{len(each.general)} ({len(each.general) / len(base.general) - 1:+.0%})"
        at = f"{each.tokens:,}{'' if each.final else ' (under way)'} | {each.epochs:g} | {each.hours:g}"
        print(f"| {at} | {_rate(len(each.right), len(questions))} | {tested} | {kept} |")


def _rate(count: int, total: int) -> str:
    low, high = wilson(count, total)
    return f"{count} of {total} ({low:.0%}–{high:.0%})"


if __name__ == "__main__":
    main()
