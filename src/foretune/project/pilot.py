"""What a pilot is for: does it run, does loss fall, does it learn by heart, does it forget, what will all cost."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from foretune.progress import Progress, duration
from foretune.project.adapter_checks import answering_with, ask_before_and_after, checks_of, keep_check, trained_pairs
from foretune.project.adapters import (
    StoredAdapter,
    adapters,
    evaluation_pairs,
    example,
    training_pairs,
)

if TYPE_CHECKING:
    from foretune.project.project import Project
    from foretune.tuning.projection import Projection

__all__ = ["expected", "newest_timed", "pilot_answers", "projected", "told_truth"]

_QUESTIONS = 2
"""Every second general question: a quarter of a minute, and enough to see a model that lost its mind."""


def pilot_answers(project: Project, adapter: StoredAdapter, progress: Progress) -> dict[str, Any]:
    """Ask the pilot's questions and keep the answers with it; asked before, they are not asked again.

    Returns JSON values with ``sentences``, one an answer.
    """
    from foretune.tuning.forgetting import general_questions
    from foretune.tuning.memorisation import copied_answers

    if known := checks_of(adapter).get("pilot"):
        return dict(known)
    trained = trained_pairs(project, adapter)
    questions = general_questions()[::_QUESTIONS]
    with answering_with(project, adapter) as asking:
        with progress.step("trained answers", total=len(trained), unit="answers") as bar:
            copied = []
            for each in copied_answers(asking.tuned, [example(pair) for pair in trained], asking.adapter):
                copied.append(each)
                bar.advance()
        general = ask_before_and_after(asking, questions, progress)
    by_heart = sum(each.by_heart for each in copied)
    projection = projected(project, adapter)
    losses, evaluation = adapter.metrics["losses"], adapter.metrics["evaluation_losses"]
    result: dict[str, Any] = {
        "sentences": [
            f"Does it run? Yes: {adapter.metrics['examples']} examples, {adapter.metrics['epochs']} epochs, "
            f"{duration(adapter.metrics['seconds'])} of training.",
            _loss_sentence(losses, evaluation),
            f"Does it learn by heart? {by_heart} of {len(copied)} trained answers come back word for word: "
            + (
                "so few examples, read so often, show that it can learn, not that it understood."
                if by_heart
                else "so few passes do not show yet that it can (tuning.epochs)."
            ),
            f"Does it forget? {general['sentence'][0].upper()}{general['sentence'][1:]}",
            f"How long will all take? About {duration(projection.seconds)} for {projection.examples:,} examples, "
            f"{projection.epochs} epochs, {projection.tokens:,} tokens"
            + (f", at {projection.cost:,.2f} for the machine" if projection.cost else "")
            + f" (at the {projection.tokens / projection.seconds:,.0f} tokens a second of this pilot, loading "
            f"included{_kept_waiting(adapter, 'not counted')}).",
        ],
        "sentence": f"{by_heart} of {len(copied)} by heart, {general['before']} → {general['after']} of "
        f"{len(questions)} general questions, {duration(projection.seconds)} projected for all.",
        "by_heart": by_heart,
        "asked": len(copied),
        "general": general,
        "projection": asdict(projection),
    }
    keep_check(project, adapter, "pilot", result)
    return result


def _loss_sentence(losses: list[float], evaluation: list[float]) -> str:
    fell = losses[-1] < losses[0]
    text = f"Does loss fall? {'Yes' if fell else 'No'}: {losses[0]:.2f} → {losses[-1]:.2f} on what it reads"
    if evaluation:
        text += f", {evaluation[0]:.2f} → {evaluation[-1]:.2f} on texts it never saw"
    return text + "."


def _kept_waiting(adapter: StoredAdapter, how: str) -> str:
    """A clause on what other programs added to its training; empty where that was hardly anything."""
    from foretune.tuning.projection import undisturbed_seconds

    seconds = adapter.metrics["seconds"]
    waited = seconds - undisturbed_seconds(adapter.metrics)
    return f"; {duration(waited)} for which other programs kept it waiting {how}" if waited > seconds / 10 else ""


def projected(project: Project, measured: StoredAdapter) -> Projection:
    """What training on all pairs will take where nothing else runs, at the speed that ``measured`` was trained with."""
    from foretune.models import locate
    from foretune.tuning.projection import project_training

    return project_training(
        [example(pair) for pair in training_pairs(project)],
        [example(pair) for pair in evaluation_pairs(project)],
        base=locate(project.config.engine.model),
        settings=project.config.tuning,
        measured=measured.metrics,
    )


def expected(project: Project) -> str:
    """A sentence on how long training on all pairs will take, from the newest run here; empty without one."""
    if project.config.engine.kind != "llama" or (measured := newest_timed(project)) is None:
        return ""
    found = projected(project, measured)
    cost = f", at {found.cost:,.2f} for the machine" if found.cost else ""
    return f"Expected: about {duration(found.seconds)} for {found.tokens:,} tokens{cost} (as {measured.name} ran)."


def newest_timed(project: Project) -> StoredAdapter | None:
    """The newest adapter that was trained here on the plan's model; None without one."""
    from foretune.models import locate

    base = locate(project.config.engine.model).hash
    found = [a for a in adapters(project) if a.base_hash == base and a.metrics.get("startup_seconds")]
    return found[-1] if found else None


def told_truth(project: Project, adapter: StoredAdapter) -> str:
    """How the last pilot's projection compares with what a full run took; empty where there is none for these pairs."""
    if adapter.kind != "full":
        return ""
    pilots = [a for a in adapters(project) if a.kind == "pilot" and a.base_hash == adapter.base_hash]
    found = [known["projection"] for a in pilots if (known := checks_of(a).get("pilot"))]
    matching = [each for each in found if each["examples"] == adapter.metrics["examples"]]
    if not matching or adapter.metrics["stopped"]:
        return ""
    took, said = adapter.metrics["seconds"] + adapter.metrics["startup_seconds"], matching[-1]["seconds"]
    return (
        f"The pilot projected {duration(said)}; training took {duration(took)}, {took / said:.2f} times that"
        f"{_kept_waiting(adapter, 'included')}."
    )
