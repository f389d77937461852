"""The bench over a project: what its answers depend on, and what it starts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from foretune.bench import Bench, BenchSummary, load_questions, questions_digest, run_bench
from foretune.progress import Progress
from foretune.project.adapters import current_adapter
from foretune.types import Arm, digest

if TYPE_CHECKING:
    from foretune.project.project import Project

__all__ = ["answering", "possible_arms", "run"]


def answering(project: Project) -> dict[str, Any]:
    """All that answers depend on, as hashes and settings: part of a bench run's and a release's identity."""
    from foretune.project.engine import model_hash
    from foretune.retrieval import PROMPT, index_state

    adapter = current_adapter(project)
    return {
        "engine": {
            **project.config.engine.model_dump(mode="json", exclude={"approved_for"}),
            "hash": model_hash(project),
        },
        "adapter": adapter.id if adapter else "",
        "adapter_hash": adapter.hash if adapter else "",
        "index": index_state(project.vault),
        "retrieval": project.config.retrieval.model_dump(mode="json"),
        "prompt": PROMPT,
        "max_answer_tokens": project.config.bench.max_answer_tokens,
        "seed": project.config.bench.seed,
        "scorers": digest("scorers", 1)[:8],
    }


def possible_arms(project: Project) -> list[Arm]:
    """The plan's arms, without the tuned ones while there is no adapter."""
    tuned = current_adapter(project) is not None
    return [arm for arm in project.config.bench.arms if tuned or not arm.tuned]


def run(project: Project, *, arms: Sequence[Arm] | None = None, progress: Progress) -> BenchSummary:
    """Read the questions, ask them, score the answers.

    Raises:
        InputError: the questions file is missing or cannot be used, there is no index, or no adapter for a tuned arm.
    """
    questions = project.questions()
    project.require_index()
    load_questions(project.vault, questions)
    adapter = current_adapter(project)
    bench = Bench(
        engine=project.engine,
        searcher=project.searcher,
        answerer=project.answerer,
        adapter=adapter.path if adapter else None,
        max_answer_tokens=project.config.bench.max_answer_tokens,
        seed=project.config.bench.seed,
        saved_seconds=lambda: project.engine.saved_seconds,
    )
    chosen = list(arms) if arms else possible_arms(project)
    inputs = {**answering(project), "questions": questions_digest(questions)}
    return run_bench(project.vault, questions, bench, chosen, inputs=inputs, progress=progress)
