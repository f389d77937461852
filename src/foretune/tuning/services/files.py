"""The training files of a job, in memory: what goes to a service touches no disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from foretune.errors import InputError, NothingToDoError
from foretune.pairs.formats import find_format, records
from foretune.pairs.formats.base import Format, Unfit
from foretune.pairs.formats.record import Record
from foretune.tuning.services.base import Keep, Known, TuningJob

__all__ = ["SIDES", "left_out", "training_files", "upload_missing"]

SIDES = ("train", "evaluation")


def training_files(job: TuningJob, form: str) -> dict[str, bytes]:
    """Content by side, as the format's consumer wants it; no entry for a side without pairs.

    Raises:
        NothingToDoError: fewer rows fit than the consumer takes.
        InputError: a file is larger than it takes.
    """
    consumer = find_format(form)
    sides, reasons = _fitted(job, consumer)
    made: dict[str, bytes] = {}
    for side, fitting in sides.items():
        if side == "train" and len(fitting) < consumer.rules.fewest:
            raise NothingToDoError(
                f"{consumer.title} takes {consumer.rules.fewest} pairs or more, and {len(fitting)} "
                f"can be written for it ({len(reasons)} cannot): add documents or keep more pairs."
            )
        if not fitting:
            continue
        made[side] = b"".join(consumer.written(consumer.train, fitting))
        if consumer.rules.most_bytes is not None and len(made[side]) > consumer.rules.most_bytes:
            raise InputError(
                f"{consumer.title} takes files of {consumer.rules.most_bytes / 1e6:.0f} MB at most: set pairs.limit."
            )
    return made


def upload_missing(
    job: TuningJob,
    form: str,
    known: Known,
    keep: Keep,
    *,
    listed: Callable[[], Mapping[str, str]],
    upload: Callable[[str, bytes], str],
) -> dict[str, str]:
    """Ids of the files by side; only what is neither known nor there yet is uploaded.

    Args:
        listed: ids of the files that are there, by name: an upload may have arrived whose answer did not.
        upload: takes name and content, returns the id.
    """
    ids = {side: known[side] for side in SIDES if side in known}
    missing = {side: content for side, content in training_files(job, form).items() if side not in ids}
    there = listed() if missing else {}
    for side, content in missing.items():
        name = f"{job.name}-{side}.jsonl"
        ids[side] = there.get(name) or upload(name, content)
        keep(side, ids[side])
    return ids


def left_out(job: TuningJob, form: str) -> str:
    """A sentence on pairs that the format cannot carry, with the first reason; empty where it carries all."""
    consumer = find_format(form)
    _, reasons = _fitted(job, consumer)
    if not reasons:
        return ""
    return (
        f"{len(reasons)} of {len(job.pairs)} pairs were left out, which {consumer.title} cannot take ({reasons[0]}). "
    )


def _fitted(job: TuningJob, consumer: Format) -> tuple[dict[str, list[Record]], list[str]]:
    """Rows by side, as the consumer can have them, and why it cannot have the others."""
    sides: dict[str, list[Record]] = {}
    reasons: list[str] = []
    for side in SIDES:
        sides[side] = []
        for record in records(job.pairs, split=side):
            try:
                fitting = consumer.fit(record)
                consumer.encode(fitting)
            except Unfit as error:
                reasons.append(str(error))
            else:
                sides[side].append(fitting)
    return sides, reasons
