"""Adapters leaving the project: exports with their card, and the blind sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foretune.errors import InputError, NothingToDoError
from foretune.progress import Progress
from foretune.project.adapter_checks import answering_with, checks_of, keep_check, written
from foretune.project.adapters import StoredAdapter, adapters, evaluation_pairs, named_adapter
from foretune.vault.sealed import opened_folder

if TYPE_CHECKING:
    from foretune.project.project import Project

__all__ = ["card_of", "export", "read_sheet", "write_sheet"]

_QUESTION = "which answer sounds more like us?"
_MOST_ROWS = 40
"""Rows of a sheet: half an hour's reading."""


def card_of(project: Project, adapter: StoredAdapter) -> str:
    """The model card, Markdown, as things stand now."""
    from foretune.engines.gguf_header import read_header
    from foretune.models import locate
    from foretune.tuning.card import model_card

    base = locate(project.config.engine.model)
    return model_card(
        adapter.name,
        base=base,
        base_hash=adapter.base_hash,
        licence=base.model.licence if base.model else read_header(base.weights).licence,
        label=adapter.label,
        adapter_hash=adapter.hash,
        settings=adapter.settings,
        metrics=adapter.metrics,
        checks=checks_of(adapter),
        at=adapter.at,
    )


def export(project: Project, name: str, formats: Sequence[str], folder: Path) -> list[Path]:
    """Write the adapter called ``name`` in each format.

    Raises:
        InputError: there is no such adapter or format, or the folder cannot be written.
        ModelError: the plan's model is not the one it was trained on.
    """
    from foretune.models import locate
    from foretune.tuning.exports import Exported, export_adapter

    adapter = named_adapter(project, name)
    base = locate(project.config.engine.model)
    with opened_folder(project.vault, adapter.folder / "peft") as peft:
        what = Exported(
            adapter.name,
            adapter.path,
            peft,
            base,
            adapter.base_hash,
            adapter.switchable,
            card_of(project, adapter),
        )
        paths = [export_adapter(what, format_, folder) for format_ in formats]
    with project.vault.writing() as connection:
        project.vault.record(connection, "adapter.export", adapter.id, {"formats": list(formats)})
    return paths


def write_sheet(project: Project, name: str, path: Path, *, seed: int, progress: Progress) -> int:
    """Write a blind sheet: what the adapter and the model without it write to the evaluation prompts.

    The key stays in the vault, beside the adapter. Returns the number of rows.

    Raises:
        NothingToDoError: no pairs are kept for evaluation.
    """
    from foretune.tuning.blind import BlindPair, make_sheet
    from foretune.tuning.blind import write_sheet as write

    adapter = named_adapter(project, name)
    prompts = evaluation_pairs(project)[:_MOST_ROWS]
    if not prompts:
        raise NothingToDoError(
            "No pairs are kept for evaluation, and the sheet asks their prompts: raise pairs.evaluation_fraction in "
            "foretune.toml and run `foretune pairs`."
        )
    rows = []
    with answering_with(project, adapter) as asking, progress.step("answers", total=len(prompts), unit="rows") as bar:
        for pair in prompts:
            asked = pair.messages[:-1]
            rows.append(
                BlindPair(pair.prompt, written(asking.tuned, asked, asking.adapter), written(asking.base, asked, None))
            )
            bar.advance()
    sheet = make_sheet(rows, seed=seed)
    try:
        write(sheet, path, question=_QUESTION)
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}): choose a file in another folder.") from None
    keep_check(project, adapter, f"blind-{sheet.id}", {"sentence": f"blind sheet {sheet.id} is out", "key": sheet.key})
    return len(rows)


def read_sheet(project: Project, path: Path) -> dict[str, Any]:
    """Count what people preferred, with its interval, and keep it beside the adapter.

    Raises:
        InputError: the file is no sheet of this project, or nothing in it can be counted.
    """
    from foretune.bench.statistics import mcnemar
    from foretune.intervals import wilson
    from foretune.tuning.blind import read_choices, score_sheet

    sheet, choices = read_choices(path)
    for adapter in adapters(project):
        stored = checks_of(adapter).get(f"blind-{sheet}")
        if stored:
            break
    else:
        raise InputError(f"{path} is sheet {sheet}, which is not of an adapter of this project: check the project.")
    found = score_sheet(stored["key"], choices)
    decided = found.tuned + found.other
    low, high = wilson(found.tuned, decided)
    # The sign test is McNemar's on the rows that decide.
    p = mcnemar(found.tuned, found.other)
    if p < 0.05:
        verdict = "the adapter sounds right more often" if found.tuned > found.other else "the model without it does"
    else:
        verdict = "cannot tell"
    sentence = (
        f"blind sheet {sheet}: of {decided} rows that decide the adapter was preferred in {found.tuned} "
        f"(95 %: {low:.0%} to {high:.0%}; sign test p = {p:.2f}): {verdict}; "
        f"{found.same} the same, {found.blank} blank."
    )
    result = {**stored, **asdict(found), "low": low, "high": high, "p": p, "verdict": verdict, "sentence": sentence}
    keep_check(project, adapter, f"blind-{sheet}", result)
    return {"adapter": adapter.name, **{key: value for key, value in result.items() if key != "key"}}
