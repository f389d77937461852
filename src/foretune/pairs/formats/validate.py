"""Would the consumer take this file? Its rules, row by row, before it is uploaded or a GPU is rented."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foretune.errors import InputError
from foretune.pairs.formats.base import BOM, Format
from foretune.pairs.formats.rows import RawRow, raw_rows
from foretune.pairs.formats.tokens import Counter, estimate
from foretune.types import Message

__all__ = ["FormatFinding", "validate"]

_PARQUET = ".parquet"


@dataclass(frozen=True, slots=True)
class FormatFinding:
    """What is wrong with a row, or with a file as a whole."""

    file: str
    line: int | None
    """None: the file as a whole."""
    severity: str
    """``error``: it is refused, skipped or loses what was to be learned; ``warning``: it works, with a loss."""
    message: str

    def as_json(self) -> dict[str, Any]:
        return {"file": self.file, "line": self.line, "severity": self.severity, "message": self.message}


def validate(
    path: Path, form: Format, *, counter: Counter = estimate, cutoff: int | None = None
) -> Iterator[FormatFinding]:
    """What ``form``'s consumer would refuse, skip or cut, in the order of the lines; one finding a row.

    Args:
        path: a file, or a folder as it was exported.
        counter: counts tokens; its estimates are reported as such.
        cutoff: tokens of a row, where they are set otherwise than the consumer's default.

    Raises:
        InputError: there is nothing, or nothing of this format.
    """
    if not path.exists():
        raise InputError(f"There is nothing at {path}: check the path.")
    if path.is_dir():
        files = [path / name for name in form.data_files if (path / name).is_file()]
        if not files:
            raise InputError(
                f"There is none of {', '.join(form.data_files)} in {path}: is it an export for {form.title}?"
            )
    else:
        files = [path]
    evaluation = {Path(name).name for name in form.data_files[1:]}
    for file in files:
        yield from _validated(file, form, counter, cutoff, training=file.name not in evaluation)


def _validated(
    path: Path, form: Format, counter: Counter, cutoff: int | None, *, training: bool
) -> Iterator[FormatFinding]:
    rules = form.rules

    def about_file(message: str) -> FormatFinding:
        return FormatFinding(path.name, None, "error", message)

    expected, given = Path(form.train).suffix, path.suffix.lower()
    if given != expected:
        yield about_file(f"it is a {given or 'nameless'} file, and {form.title} reads {expected}")
    if expected != _PARQUET:
        with path.open("rb") as stream:
            marked = stream.read(3) == BOM
        if rules.bom and not marked:
            yield about_file("it has no byte order mark, and the upload is refused without: save as “UTF-8 with BOM”")
        if marked and not rules.bom:
            yield about_file(
                "it begins with a byte order mark, which readers of JSON stumble over: save as UTF-8 without"
            )
    size = path.stat().st_size
    if rules.most_bytes is not None and size > rules.most_bytes:
        yield about_file(f"it has {size:,} bytes, and at most {rules.most_bytes:,} are taken: split it")
    rows = 0
    limit = cutoff or rules.cutoff
    shown = "" if counter.exact else "about "
    for row in raw_rows(path):
        rows += 1
        faults, messages = _faults(row, form)
        if faults:
            yield FormatFinding(path.name, row.line, "error", "; ".join(faults))
            continue
        length = counter.row(messages)
        if limit is not None and length > limit:
            said = f"it has {shown}{length:,} tokens and is {rules.beyond}: the cut-off is {limit:,}"
            yield FormatFinding(path.name, row.line, "warning", said)
    if training and rows < rules.fewest:
        yield about_file(f"it has {rows} rows, and fewer than {rules.fewest} are refused")
    most = rules.most if training else rules.most_evaluation
    if most is not None and rows > most:
        yield about_file(f"it has {rows:,} rows, and at most {most:,} are taken")


def _faults(row: RawRow, form: Format) -> tuple[list[str], Sequence[Message]]:
    if row.problem:
        return [row.problem], ()
    faults = []
    more = sorted(row.values.keys() - form.shape.columns - form.beside)
    if more:
        faults.append(f"it has columns that do not belong there ({', '.join(more)})")
    try:
        messages = form.shape.decode(row.values)
    except ValueError as error:
        return [*faults, str(error)], ()
    faults += [*_keys(row, form), *form.conversation_faults(messages), *form.row_faults(row.values)]
    return faults, messages


def _keys(row: RawRow, form: Format) -> list[str]:
    allowed = form.rules.message_keys
    if allowed is None:
        return []
    more = sorted({key for item in row.values.get("messages", ()) for key in item} - allowed)
    return [f"a message has keys that are not known there ({', '.join(more)})"] if more else []
