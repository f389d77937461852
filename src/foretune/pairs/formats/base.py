"""What a format is: a shape, the consumer's rules, and the files it wants. Formats register themselves by name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, ClassVar

from foretune.errors import InputError
from foretune.pairs.formats.record import Record, conversation_fault
from foretune.pairs.formats.shapes import Row, Shape
from foretune.types import Message

__all__ = ["BOM", "FORMATS", "DataFile", "Format", "Rules", "Unfit", "find_format", "formatted", "json_lines"]

BOM = b"\xef\xbb\xbf"
"""UTF-8's byte order mark."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the consumer accepts. Nothing said: no such rule."""

    fewest: int = 1
    """Rows to train on."""
    most: int | None = None
    most_evaluation: int | None = None
    most_bytes: int | None = None
    """Of one file."""
    cutoff: int | None = None
    """Tokens of a row, by the consumer's default."""
    beyond: str = "cut off there"
    """What happens to a longer row: ``it is …``."""
    bom: bool = False
    """Whether the file has to begin with a byte order mark; without it, it must not."""
    system: bool = True
    """Whether a row can say what stands before the conversation; else it goes in front of the first prompt."""
    turns: bool = True
    """Whether a row can hold more than one prompt and its response."""
    reserved: tuple[str, ...] = ()
    """What no prompt and no system message may contain."""
    message_keys: frozenset[str] | None = None
    """All that a message may hold."""


class Unfit(ValueError):
    """A record that the format cannot carry, and why."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file to write, in pieces."""

    name: str
    """Relative to the export's folder."""
    split: str
    """``train``, ``evaluation`` or ``test``; empty for settings."""
    rows: int
    pieces: Iterable[bytes] = field(repr=False)


class Format:
    """A consumer's format. Subclasses say what differs; most of them only name things."""

    name: ClassVar[str]
    title: ClassVar[str]
    shape: ClassVar[Shape]
    rules: ClassVar[Rules] = Rules()
    train: ClassVar[str] = "train.jsonl"
    evaluation: ClassVar[str] = "validation.jsonl"
    beside: ClassVar[frozenset[str]] = frozenset()
    """Columns beside the shape's that the consumer lets be."""
    load: ClassVar[str]
    """How to load it there, in a sentence."""
    notes: ClassVar[tuple[str, ...]] = ()
    """What people trip over there."""
    sources: ClassVar[tuple[str, ...]]
    """Where the rules are published."""

    @property
    def data_files(self) -> tuple[str, ...]:
        """Names of the files that hold rows."""
        return (self.train, self.evaluation)

    def fit(self, record: Record) -> Record:
        """The record as the consumer can have it.

        Raises:
            Unfit: it cannot.
        """
        for fault in self.conversation_faults(record.messages):
            raise Unfit(fault)
        if record.system and not self.rules.system:
            first, *others = record.turns
            first = Message("user", f"{record.system}\n\n{first.content}")
            record = Record((first, *others), record.metadata)
        return record

    def conversation_faults(self, messages: Sequence[Message]) -> Iterator[str]:
        """Why the consumer refuses a conversation, however it is written down."""
        if fault := conversation_fault(messages):
            yield fault
            return
        prompts = sum(message.role == "user" for message in messages)
        if prompts > 1 and not self.rules.turns:
            yield f"it has {prompts} prompts, and a row of this format holds one"
        for word in self.rules.reserved:
            if any(word in message.content for message in messages if message.role != "assistant"):
                yield f"a prompt or system message holds {word!r}, which is reserved there and fails the job"

    def encode(self, record: Record) -> dict[str, Any]:
        """The row of a record that fits.

        Raises:
            Unfit: the shape cannot hold its text.
        """
        try:
            return self.shape.encode(record)
        except ValueError as error:
            raise Unfit(str(error)) from None

    def files(self, train: Sequence[Record], evaluation: Sequence[Record]) -> Iterator[DataFile]:
        """The files to write, for records that fit; no file for a side that is empty."""
        for name, split, each in ((self.train, "train", train), (self.evaluation, "evaluation", evaluation)):
            if each:
                yield DataFile(name, split, len(each), self.written(name, each))
        for name, text in self.settings(evaluation=bool(evaluation)).items():
            yield DataFile(name, "", 0, [text.encode()])

    def written(self, name: str, records: Sequence[Record]) -> Iterator[bytes]:
        """A file's bytes, row by row."""
        rows = (self.encode(record) for record in records)
        mark = BOM if self.rules.bom else b""
        return json_array(rows) if name.endswith(".json") else json_lines(rows, mark)

    def settings(self, *, evaluation: bool) -> Mapping[str, str]:
        """Further files: what the consumer reads besides rows."""
        return {}

    def row_faults(self, row: Row) -> Iterator[str]:
        """What else the consumer refuses in a row whose messages could be read."""
        return iter(())


FORMATS: dict[str, Format] = {}
"""By name."""


def formatted(made: type[Format]) -> type[Format]:
    """Register a format."""
    FORMATS[made.name] = made()
    return made


def find_format(name: str) -> Format:
    """The format of that name.

    Raises:
        InputError: there is none; says the nearest.
    """
    if name in FORMATS:
        return FORMATS[name]
    near = get_close_matches(name, FORMATS, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]}? " if near else ""
    raise InputError(f"There is no format {name!r}: {hint}`foretune pairs formats` lists them.")


_SEPARATORS = str.maketrans({"\u2028": "\\u2028", "\u2029": "\\u2029", "\u0085": "\\u0085"})
"""Line ends to some readers of lines (Python's ``splitlines``) though not to JSON: written as escapes."""


def _line(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False).translate(_SEPARATORS)


def json_lines(rows: Iterable[Mapping[str, Any]], mark: bytes = b"") -> Iterator[bytes]:
    """One object a line."""
    if mark:
        yield mark
    for row in rows:
        yield f"{_line(row)}\n".encode()


def json_array(rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """An array with one object a line, so that the number of a line says which."""
    before = b"[\n"
    for row in rows:
        yield before + _line(row).encode()
        before = b",\n"
    yield b"\n]\n"
