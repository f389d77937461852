"""A dataset folder as the Hugging Face Hub and ``datasets`` know it: Parquet and a card."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from foretune.pairs.formats.base import DataFile, Format, formatted
from foretune.pairs.formats.record import Record
from foretune.pairs.formats.shapes import SHAPES

if TYPE_CHECKING:
    import pyarrow as pa
    from typing_extensions import Buffer

__all__: list[str] = []

_ROWS = 1000
"""Of a row group: what is in memory at a time."""

_CARD = """\
---
configs:
- config_name: default
  data_files:
{files}
task_categories:
- text-generation
tags:
- conversational
size_categories:
- {size}
---

# Prompts and responses

{train} conversations to train on and {evaluation} kept for evaluation; no source document is on both sides.

| column | what it holds |
|---|---|
| `messages` | `role` (system, user, assistant) and `content` of each message; the last is the reply to learn |
| `id` | stable for the same document, prompt writer and settings |
| `source` | the document it was made from |
| `recipe` | how |
| `writer` | who wrote the prompt: `engine` (a language model), `template`, or `imported` |

Made by: {recipes}.

State the licence of the documents in the front matter (`license:`) before you publish this.
"""


@formatted
class HuggingFace(Format):
    """``data/*.parquet`` and ``README.md`` with the splits in its front matter.

    https://huggingface.co/docs/datasets/repository_structure
    """

    name = "huggingface"
    title = "Hugging Face dataset folder"
    shape = SHAPES["messages"]
    train = "data/train-00000-of-00001.parquet"
    evaluation = "data/validation-00000-of-00001.parquet"
    beside = frozenset({"id", "source", "recipe", "writer"})
    load = '`load_dataset("FOLDER")`; to publish: `hf upload-large-folder NAME FOLDER --repo-type dataset`.'
    notes = (
        "The only training format that keeps where a row came from.",
        "The card names no licence: state that of your documents before you publish.",
    )
    sources = ("https://huggingface.co/docs/datasets/repository_structure",)

    def files(self, train: Sequence[Record], evaluation: Sequence[Record]) -> Iterator[DataFile]:
        yield from super().files(train, evaluation)
        yield DataFile("README.md", "", 0, [self._card(train, evaluation).encode()])

    def _card(self, train: Sequence[Record], evaluation: Sequence[Record]) -> str:
        splits = (("train", train, self.train), ("validation", evaluation, self.evaluation))
        files = "\n".join(f"  - split: {split}\n    path: {path}" for split, each, path in splits if each)
        recipes = Counter(str(record.metadata.get("recipe", "")) for record in (*train, *evaluation))
        total = len(train) + len(evaluation)
        size = next((name for most, name in _SIZES if total < most), "n>1M")
        made = ", ".join(f"{name or 'unknown'} ({count})" for name, count in sorted(recipes.items()))
        return _CARD.format(files=files, size=size, train=len(train), evaluation=len(evaluation), recipes=made)

    def written(self, name: str, records: Sequence[Record]) -> Iterator[bytes]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        sink = _Pieces()
        with pq.ParquetWriter(pa.PythonFile(sink, mode="w"), _schema(), compression="zstd") as writer:
            for start in range(0, len(records), _ROWS):
                rows = [self._row(record) for record in records[start : start + _ROWS]]
                writer.write_batch(pa.RecordBatch.from_pylist(rows, schema=_schema()))
                yield sink.take()
        yield sink.take()

    def _row(self, record: Record) -> dict[str, object]:
        known = {name: str(record.metadata.get(name, "")) for name in ("id", "source", "recipe", "writer")}
        return {**self.encode(record), **known}


class _Pieces(io.RawIOBase):
    """A file to write to whose bytes are taken away piece by piece."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []
        self._length = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._length

    def write(self, piece: Buffer) -> int:
        self._pieces.append(bytes(piece))
        self._length += len(self._pieces[-1])
        return len(self._pieces[-1])

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
"""Size categories of the Hub's cards."""


def _schema() -> pa.Schema:
    import pyarrow as pa

    message = pa.struct([("role", pa.string()), ("content", pa.string())])
    texts = [(name, pa.string()) for name in ("id", "source", "recipe", "writer")]
    return pa.schema([("messages", pa.list_(message)), *texts])
