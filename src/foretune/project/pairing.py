"""What a project asks of its pairs beside writing them: the review sheet, leaks, variety, a judge."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from foretune.pairs import (
    Judged,
    Leak,
    PairsSummary,
    ReviewOutcome,
    Variety,
    curate,
    find_leaks,
    imported_pairs,
    judge_pairs,
    keep_imported,
    load_framework,
    load_rubric,
    read_review,
    stored_pairs,
    summarised,
    variety,
)
from foretune.progress import Progress
from foretune.types import GovernedDocument, Use

if TYPE_CHECKING:
    from foretune.project.project import Project

__all__ = ["bench_texts", "judge", "leaks", "prompt_variety", "take_conversations", "take_review"]


def bench_texts(project: Project) -> list[tuple[str, str]]:
    """Bench questions and paraphrases, each with its answer; none of them may be learned from."""
    if not (project.folder / project.config.purpose.questions).exists():
        return []
    return [
        (text, "" if q.kind == "unanswerable" else q.answer)
        for q in project.questions()
        for text in (q.question, q.paraphrase)
        if text
    ]


def take_review(project: Project, path: Path, *, reason: str) -> ReviewOutcome:
    """Take in a filled-in sheet, and curate again by what was decided."""
    outcome = read_review(project.vault, path, reason=reason)
    if outcome.decided:
        _curate(project, _documents(project))
    return outcome


def take_conversations(project: Project) -> PairsSummary:
    """Make pairs of the conversations that were imported, and curate all; no engine is asked.

    Pairs of documents that do not go on have to be gone.
    """
    documents = _documents(project)
    keep_imported(project.vault, imported_pairs(documents).values())
    _curate(project, documents)
    return summarised(project.vault)


def _documents(project: Project) -> list[GovernedDocument]:
    from foretune.governance import governed

    return list(governed(project.vault, project.config.governance, use=Use.TUNING))


def _curate(project: Project, documents: Sequence[GovernedDocument]) -> None:
    settings, bench = project.config.pairs, [text for text, _ in bench_texts(project)]
    curate(
        project.vault,
        documents,
        load_framework(settings.framework, folder=project.folder),
        settings,
        bench,
        similarity=project.embedder.embed if bench else None,
    )


def leaks(project: Project, *, by_meaning: bool = True) -> list[Leak]:
    """Every leak among the pairs; ``by_meaning`` also finds questions in other words, which takes the embedder."""
    bench = bench_texts(project)
    framework = load_framework(project.config.pairs.framework, folder=project.folder)
    embed = project.embedder.embed if bench and by_meaning else None
    return find_leaks(stored_pairs(project.vault), bench, framework, embed=embed)


def prompt_variety(project: Project) -> Variety:
    """How unlike each other the kept prompts are."""
    return variety([pair.prompt for pair in stored_pairs(project.vault, kept_only=True) if pair.document_id])


def judge(project: Project, *, sample: int, rubric: Path | None, progress: Progress) -> Judged:
    """Have the plan's engine judge pairs by a rubric."""
    return judge_pairs(
        project.vault,
        project.engine,
        load_rubric(rubric),
        sample=sample,
        seed=project.config.pairs.seed,
        progress=progress,
    )
