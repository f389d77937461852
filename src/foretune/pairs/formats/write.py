"""Kept pairs written for a consumer: a folder with its files and a manifest, whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from foretune.errors import InputError
from foretune.files import replacing_folder
from foretune.pairs.formats.base import DataFile, Format, Unfit, find_format
from foretune.pairs.formats.record import Record, records
from foretune.pairs.formats.tokens import Counter, estimate
from foretune.pairs.formats.validate import FormatFinding, validate
from foretune.types import Pair

__all__ = ["Export", "WrittenFile", "export_format", "exported_format"]

_MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file of an export."""

    path: Path
    split: str
    """``train``, ``evaluation``, ``test``; empty for what holds no rows."""
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Export:
    """What was written, and what its consumer will say of it. ``kept`` = rows of all files + ``set_aside``."""

    format: Format
    folder: Path
    files: tuple[WrittenFile, ...]
    kept: int
    """Pairs that were to be written."""
    set_aside: tuple[tuple[str, str], ...]
    """Ids of pairs the format cannot carry, and why."""
    findings: tuple[FormatFinding, ...]


def export_format(pairs: Sequence[Pair], folder: Path, form: Format, *, counter: Counter = estimate) -> Export:
    """Write the kept pairs for ``form``'s consumer into ``folder``/<name of the format>, and check what was written.

    Pairs of the evaluation side go where the consumer evaluates, all others where it trains. The same pairs give the
    same bytes.

    Raises:
        InputError: the folder cannot be made, or holds files that were not written by an export.
    """
    target = folder / form.name
    _own(target)
    aside: list[tuple[str, str]] = []
    train = list(_fitting(records(each for each in pairs if each.split != "evaluation"), form, aside))
    evaluation = list(_fitting(records(pairs, split="evaluation"), form, aside))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"The folder {folder} cannot be made ({error.strerror}): choose another.") from None
    with replacing_folder(target) as draft:
        files = tuple(_write(draft, target, each) for each in form.files(train, evaluation))
        findings = tuple(validate(draft, form, counter=counter)) if train or evaluation else ()
        kept = sum(pair.state == "kept" for pair in pairs)
        export = Export(form, target, files, kept, tuple(aside), findings)
        lengths = [counter.row(record.messages) for record in train]
        manifest = _manifest(export, counter, lengths)
        (draft / _MANIFEST).write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return export


def exported_format(folder: Path) -> Format:
    """The format of a folder that was exported.

    Raises:
        InputError: nothing there says which.
    """
    manifest = folder / _MANIFEST
    try:
        return find_format(json.loads(manifest.read_text(encoding="utf-8"))["format"])
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(f"{folder} does not say whom it is for: name the format with --format.") from None


def _own(target: Path) -> None:
    """Refuses to replace a folder that holds anything but a former export."""
    if not target.exists():
        return
    try:
        listed = json.loads((target / _MANIFEST).read_text(encoding="utf-8"))["files"]
        known = {_MANIFEST, *(each["file"] for each in listed)}
    except (OSError, ValueError, KeyError, TypeError):
        known = set()
    held = (
        {file.relative_to(target).as_posix() for file in target.rglob("*") if not file.is_dir()}
        if target.is_dir()
        else {"."}
    )
    if more := sorted(held - known):
        raise InputError(
            f"{target} holds {more[0]}, which no export wrote, and would be replaced: choose another folder with --out."
        )


def _fitting(found: Iterable[Record], form: Format, aside: list[tuple[str, str]]) -> Iterable[Record]:
    for record in found:
        try:
            fitting = form.fit(record)
            form.encode(fitting)
        except Unfit as error:
            aside.append((str(record.metadata["id"]), str(error)))
        else:
            yield fitting


def _write(draft: Path, target: Path, each: DataFile) -> WrittenFile:
    path = draft / each.name
    path.parent.mkdir(parents=True, exist_ok=True)
    hashed = sha256()
    with path.open("wb") as stream:
        path.chmod(0o600)
        for piece in each.pieces:
            hashed.update(piece)
            stream.write(piece)
        stream.flush()
        os.fsync(stream.fileno())
    return WrittenFile(target / each.name, each.split, each.rows, hashed.hexdigest())


def _manifest(export: Export, counter: Counter, lengths: Sequence[int]) -> dict[str, Any]:
    """What was exported, without a word of it, and what its consumer wants to know."""
    form = export.format
    rows = {
        split: sum(each.rows for each in export.files if each.split == split)
        for split in ("train", "evaluation", "test")
    }
    return {
        "format": form.name,
        "consumer": form.title,
        "kept": export.kept,
        **rows,
        "set_aside": [{"id": pair, "reason": reason} for pair, reason in export.set_aside],
        "files": [
            {
                "file": each.path.relative_to(export.folder).as_posix(),
                "split": each.split,
                "rows": each.rows,
                "sha256": each.sha256,
            }
            for each in export.files
        ],
        "tokens": {
            "counted_by": counter.name,
            "train": sum(lengths),
            "longest": max(lengths, default=0),
            "cutoff": form.rules.cutoff,
        },
        "load": form.load,
        "rules": list(form.notes),
        "sources": list(form.sources),
        "findings": [each.as_json() for each in export.findings],
    }
