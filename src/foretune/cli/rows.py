"""JSON Lines in, JSON Lines out: for the verbs that judge rows of text.

Every line that is not blank is one row, and every row gets one answer: what cannot be
read is answered with the reason.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from foretune.errors import InputError

__all__ = ["Row", "print_row", "read_rows", "text_of"]

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Row:
    """One line: its object, or why there is none."""

    number: int
    """Line number, from 1."""
    values: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""


def read_rows(file: Path | None) -> Iterator[Row]:
    """Rows of ``file``, or of standard input where it is None or ``-``; reads as it goes.

    Raises :class:`~foretune.errors.InputError` where the file cannot be opened.
    """
    with _opened(file) as lines:
        for number, line in enumerate(lines, start=1):
            stripped = line.removeprefix(_BOM).strip() if number == 1 else line.strip()
            if stripped:
                yield _row(number, stripped)


@contextmanager
def _opened(file: Path | None) -> Iterator[BinaryIO]:
    if file is None or str(file) == "-":
        yield sys.stdin.buffer
        return
    try:
        opened = file.open("rb")
    except OSError as error:
        reason = (error.strerror or "it cannot be opened").lower()
        raise InputError(
            f"{file} cannot be read ({reason}): give a JSON Lines file, or rows on standard input."
        ) from None
    with opened:
        yield opened


def _row(number: int, line: bytes) -> Row:
    try:
        values = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError:
        return Row(number, problem=f"Line {number} is not UTF-8.")
    except (ValueError, RecursionError):
        return Row(number, problem=f"Line {number} is not JSON.")
    if not isinstance(values, dict):
        return Row(number, problem=f"Line {number} is not a JSON object.")
    return Row(number, values)


def text_of(values: Mapping[str, Any], name: str) -> str:
    """The text under ``name``: numbers as written, nothing as empty; ValueError says what is wrong."""
    if name not in values:
        raise ValueError(f"The row has no '{name}'.")
    value = values[name]
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (str, int, float)):
        return str(value)
    raise ValueError(f"'{name}' is not text.")


def print_row(values: Mapping[str, Any]) -> None:
    """One JSON line on standard output; text that UTF-8 cannot hold is escaped."""
    line = json.dumps(values, ensure_ascii=False)
    try:
        encoded = line.encode("utf-8")
    except UnicodeEncodeError:
        encoded = json.dumps(values).encode("ascii")
    sys.stdout.buffer.write(encoded + b"\n")
    sys.stdout.buffer.flush()
