"""Writing what an inspection lets through, repaired, and the rest with the reason: as many out as in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from foretune.corpus.records import Aside, Read, RecordReader, Unit
from foretune.governance.checks import DocumentCheck, named
from foretune.governance.edits import apply, offered_repair
from foretune.governance.inspect.outputs import output_for
from foretune.governance.inspect.runners import Runner
from foretune.governance.inspect.types import Plan, Written
from foretune.progress import Progress
from foretune.types import Document, Finding

__all__ = ["check_outputs", "write_clean"]

_DESCRIBED = ("title", "author", "event", "date", "modified", "tags", "keywords", "label")


@dataclass(slots=True)
class _Cleaned:
    """Some documents, repaired."""

    rows: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """Id of the document and its row, in order; without an id what could not be read."""
    repaired: int = 0


class Cleaner:
    """Reads units again and makes the repairs that checks offer. Use it as a context manager."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._repairing = [each for each in named(plan.checks) if isinstance(each, DocumentCheck) and each.repairs]
        self._reader = RecordReader(plan.corpus)

    def run(self, unit: Unit) -> Iterator[_Cleaned]:
        """The documents of a unit, in order."""
        cleaned = _Cleaned()
        for read in unit.read(self._reader):
            if isinstance(read, Aside):
                cleaned.rows.append(("", {"id": read.document, "reason": read.reason}))
                continue
            text = self._repaired(read.document)
            cleaned.repaired += text != read.document.text
            cleaned.rows.append((read.document.id, _row(read, text)))
        yield cleaned

    def _repaired(self, document: Document) -> str:
        edits = list(self._plan.edits.get(document.id, ()))
        for check in self._repairing:
            for each in check.run(document, self._plan.settings):
                if isinstance(each, Finding):
                    edits += offered_repair(each)
        return apply(document.text, edits) if edits else document.text

    def __enter__(self) -> Self:
        self._reader.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.__exit__()


def check_outputs(clean: Path | None, set_aside: Path | None) -> None:
    """Raise what :func:`write_clean` would raise, before any work is done."""
    if clean is not None:
        output_for(clean, folders=True)
    if set_aside is not None:
        output_for(set_aside, folders=False)


def write_clean(
    plan: Plan,
    units: Iterator[Unit],
    dropped: Mapping[str, str],
    *,
    base: str,
    clean: Path | None,
    set_aside: Path | None,
    runner: Runner,
    progress: Progress,
) -> Written:
    """Write the documents of ``units`` to ``clean``, those in ``dropped`` (id to reason) and unreadable elsewhere.

    In a folder, names of files are relative to ``base``.

    Raises:
        InputError: an output that cannot be written.
    """
    written = Written()
    with ExitStack() as stack, progress.step("writing", total=None, unit="documents") as step:
        keep = stack.enter_context(output_for(clean, folders=True, base=base)) if clean else _nowhere
        leave = stack.enter_context(output_for(set_aside, folders=False)) if set_aside else _nowhere
        for _, cleaned in runner.results(Cleaner, plan, units):
            for document_id, row in cleaned.rows:
                if not document_id:
                    leave(row)
                    written.unreadable += 1
                elif document_id not in dropped:
                    keep(row)
                    written.clean += 1
                else:
                    leave({"id": row["id"], "reason": dropped[document_id], **row})
                    written.duplicates += 1
            written.repaired += cleaned.repaired
            step.advance(len(cleaned.rows))
    return written


def _nowhere(_: Mapping[str, Any]) -> None:
    pass


def _row(read: Read, text: str) -> dict[str, Any]:
    """The document as a row: what stood beside its text in a record, as it was; of a file, what is known about it."""
    document = read.document
    if read.row is not None:
        return {"id": document.path, "text": text, **read.row}
    described = {name: getattr(document, name) for name in _DESCRIBED}
    return {"id": document.path, "text": text, **{name: value for name, value in described.items() if value}}
