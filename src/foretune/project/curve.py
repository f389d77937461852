"""``foretune tune --curve``: the same recipe on 10, 50, 200 and all pairs, size by size, each kept when it is done."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from foretune.errors import NothingToDoError
from foretune.intervals import wilson
from foretune.progress import Progress, duration
from foretune.project.adapters import (
    adapter_id,
    dev_questions,
    evaluation_pairs,
    example,
    find_adapter,
    require_enough,
    require_weights,
    train,
    training_pairs,
    weight_files,
)
from foretune.types import Arm
from foretune.vault.sealed import opened, opened_folder

if TYPE_CHECKING:
    from pathlib import Path

    from foretune.project.project import Project
    from foretune.tuning.curve import LearningCurve

__all__ = ["curve_expected", "stored_curve", "train_curve"]

_SETTING = "learning_curve"
"""Of the vault: what was measured so far, no text in it."""


def train_curve(project: Project, progress: Progress) -> dict[str, Any]:
    """Train on each size and measure; sizes that were measured before are not trained again.

    The adapters of the smaller sizes are removed once they are measured.

    Raises:
        NothingToDoError: too few pairs, or none kept for evaluation that can be measured.
    """
    from foretune import tuning
    from foretune.models import locate
    from foretune.tuning.curve import (
        DocumentLoss,
        document_losses,
        learning_curve,
        require_measurable,
        sizes,
        subset,
    )
    from foretune.tuning.types import AdapterResult

    pairs, held_out = _sides(project)
    settings, base = project.config.tuning, locate(project.config.engine.model)
    require_measurable(held_out, base=base, settings=settings)
    identity = _identity(project)
    stored = stored_curve(project) or {}
    measured: dict[str, Any] = stored["sizes"] if stored.get("identity") == identity else {}
    wanted = sizes(sum(not pair.replay for pair in pairs))
    files = weight_files(project, training_pairs(project))
    for size in wanted:
        if str(size) in measured:
            continue
        whole = size == wanted[-1]
        folder = project.vault.folder / "adapters" / f"curve-{identity}-{size}"
        if whole:
            adapter = train(project, pilot=False, progress=progress)
            folder = adapter.folder
            record = (folder / "result.json").read_text(encoding="utf-8")
            result = AdapterResult.from_json(record, path=adapter.path, peft=folder / "peft")
        else:
            chosen = subset(pairs, size, seed=settings.seed)
            result = tuning.tune(
                chosen,
                base=base,
                folder=folder,
                settings=settings,
                evaluation=held_out,
                dev=dev_questions(project),
                progress=progress,
                files=files,
            )
        with opened_folder(project.vault, result.peft) as peft:
            losses = document_losses(replace(result, peft=peft), held_out, base=base, settings=settings)
        path = opened(project.vault, result.path)
        measured[str(size)] = {
            "losses": [asdict(each) for each in losses],
            "bench": None if settings.method == "dora" else _bench(project, path, progress),
            "tokens": result.tokens,
            "seconds": result.seconds,
        }
        _keep(project, identity, measured)
        if not whole:
            shutil.rmtree(folder, ignore_errors=True)
    points = {size: [DocumentLoss(**each) for each in measured[str(size)]["losses"]] for size in wanted}
    return _keep(project, identity, measured, learning_curve(points, seed=settings.seed))


def stored_curve(project: Project) -> dict[str, Any] | None:
    """What the last learning curve came to, as far as it came; None without one."""
    found: dict[str, Any] | None = project.vault.setting(_SETTING)
    return found


def curve_expected(project: Project) -> str:
    """A sentence on how long what is left of the curve will take, from the newest run here."""
    from foretune.project.pilot import newest_timed, projected
    from foretune.tuning.curve import sizes
    from foretune.tuning.schedule import epochs_for

    pairs, _ = _sides(project)
    wanted = sizes(sum(not pair.replay for pair in pairs))
    told = ", ".join(map(str, wanted))
    stored = stored_curve(project) or {}
    measured = stored["sizes"] if stored.get("identity") == _identity(project) else {}
    left = [size for size in wanted if str(size) not in measured]
    if find_adapter(project, _identity(project)) is not None:
        left = [size for size in left if size != wanted[-1]]
    if not left:
        return f"Sizes {told}: all of them are trained."
    if (timed := newest_timed(project)) is None:
        return f"Sizes {told}: how long they take shows after the first; a pilot (`--pilot`) would tell beforehand."
    whole = projected(project, timed)
    rate = whole.tokens / whole.seconds
    each = whole.tokens / max(1, whole.epochs) / max(1, whole.examples)
    tokens = sum(size * each * epochs_for(size, project.config.tuning.epochs) for size in left)
    trained = f" for {', '.join(map(str, left))}, the others being trained" if left != wanted else " in all"
    return f"Sizes {told}: about {duration(tokens / rate)}{trained} (at the speed of {timed.name})."


def _sides(project: Project) -> tuple[list[Any], list[Any]]:
    require_weights(project)
    stored = training_pairs(project)
    require_enough(project, stored, "a learning curve")
    pairs = [example(pair) for pair in stored]
    held_out = [example(pair) for pair in evaluation_pairs(project)]
    if not held_out:
        raise NothingToDoError(
            "No pairs are kept for evaluation, and a learning curve is measured on them: raise "
            "pairs.evaluation_fraction in foretune.toml and run `foretune pairs`."
        )
    return pairs, held_out


def _identity(project: Project) -> str:
    return adapter_id(project, pilot=False)


def _keep(
    project: Project, identity: str, measured: Mapping[str, Any], curve: LearningCurve | None = None
) -> dict[str, Any]:
    value = {"identity": identity, "sizes": dict(measured), "curve": asdict(curve) if curve else None}
    with project.vault.writing() as connection:
        project.vault.set_setting(connection, _SETTING, value)
        project.vault.record(connection, "adapter.curve", identity, {"sizes": len(measured)})
    return value


def _bench(project: Project, adapter: Path, progress: Progress) -> dict[str, Any] | None:
    """Questions of the bench the tuned arm answers right, but for those that early stopping went by; None where there
    are none."""
    from foretune.bench.arms import Bench, arms
    from foretune.evidence import score
    from foretune.project.engine import open_project_engine
    from foretune.types import Outcome

    path = project.folder / project.config.purpose.questions
    if not path.exists():
        return None
    seen = {each.question.id for each in dev_questions(project)}
    questions = [each for each in project.questions() if each.kind != "unanswerable" and each.id not in seen]
    right = 0
    # An engine of its own: the project's would go on loading this adapter, which is soon removed.
    with open_project_engine(project) as engine, progress.step("bench", total=len(questions), unit="questions") as bar:
        bench = Bench(
            engine=engine,
            searcher=project.searcher,
            answerer=project.answerer,
            adapter=adapter,
            max_answer_tokens=project.config.bench.max_answer_tokens,
            seed=project.config.bench.seed,
        )
        for question in questions:
            answer = arms()[Arm.TUNED](question, bench)
            right += score(question, answer.response).outcome is Outcome.CORRECT
            bar.advance()
    low, high = wilson(right, len(questions))
    return {"right": right, "total": len(questions), "low": low, "high": high}
