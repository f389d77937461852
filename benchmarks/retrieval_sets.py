"""The data sets of ``benchmarks/retrieval.py``: documents, what is asked of them, and where the answer stands."""

from __future__ import annotations

import json
import random
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import frontmatter

from foretune.types import GovernedDocument, Use, digest

__all__ = ["SETS", "Asked", "Set", "Span"]

_CITED = re.compile(r"\[([^\]#]+)#page=(\d+)\]")
_MEETINGS = 20
"""Of the transcripts of QMSum, drawn with seed 0: all would take most of the time of a run."""


@dataclass(frozen=True)
class Span:
    """A stretch of a document's text: code points, end exclusive."""

    path: str
    start: int
    end: int


@dataclass(frozen=True)
class Asked:
    """A query and where its answer stands: in any of some units, or in spans of one document that is searched alone."""

    query: str
    units: frozenset[str] = frozenset()
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Set:
    """Documents and queries by name."""

    documents: list[GovernedDocument]
    asked: dict[str, list[Asked]]
    page_starts: dict[str, list[int]] = field(default_factory=dict)
    """Of documents whose pages are what has to be found: where each begins."""

    def units(self, piece: Span) -> Sequence[str]:
        """What a piece of a document stands for: the document, or those of its pages it has a part of."""
        starts = self.page_starts.get(piece.path)
        if starts is None:
            return (piece.path,)
        first, last = bisect_right(starts, piece.start), bisect_right(starts, max(piece.start, piece.end - 1))
        return [f"{piece.path}#page={page}" for page in range(first, last + 1)]


def _handbook(data: Path) -> Set:
    base = data / "handbook-18f" / "corpus"
    documents = []
    for path in sorted(base.rglob("*.md")):
        page = frontmatter.loads(path.read_text(encoding="utf-8"))
        keywords = [word.strip() for word in str(page.metadata.get("keywords") or "").split(",")]
        title = str(page.metadata.get("title") or "")
        name = path.relative_to(base).as_posix()
        documents.append(_document(name, page.content, "text/markdown", title, keywords))
    asked: dict[str, list[Asked]] = {}
    for name, path in (
        ("handbook", data / "handbook-18f" / "bench_dev.jsonl"),
        ("handbook, more", Path(__file__).with_name("handbook_more.jsonl")),
    ):
        rows = [row for row in _rows(path) if row["source"]]
        for kind in ("question", "paraphrase"):
            asked[f"{name}: {kind}s"] = [Asked(row[kind], frozenset({row["source"]})) for row in rows]
    return Set(documents, asked)


def _xquad(data: Path) -> Set:
    base = data / "qa-xquad" / "dev"
    documents = [
        _document(f"docs/{path.name}", path.read_text(encoding="utf-8"), "text/plain")
        for path in sorted((base / "docs").glob("*.txt"))
    ]
    asked = [Asked(row["question"], frozenset({row["source"]})) for row in _rows(base / "questions.jsonl")]
    return Set(documents, {"XQuAD, English": asked})


def _clapnq(data: Path) -> Set:
    documents: list[GovernedDocument] = []
    asked: list[Asked] = []
    for kind in ("answerable", "unanswerable"):
        for row in _rows(data / "qa-clapnq" / "dev" / f"clapnq_dev_{kind}.jsonl"):
            passage = row["passages"][0]
            documents.append(_document(row["id"], passage["text"], "text/plain", passage["title"]))
            if kind == "answerable":
                asked.append(Asked(row["input"], frozenset({row["id"]})))
    return Set(documents, {"CLAP NQ": asked})


def _contoso(data: Path) -> Set:
    from foretune.corpus.readers import read
    from foretune.corpus.readers.reading import Raw

    documents: list[GovernedDocument] = []
    page_starts: dict[str, list[int]] = {}
    for path in sorted((data / "qa-contoso" / "docs").glob("*.pdf")):
        reading = read(Raw(path.name, path.read_bytes(), 10_000_000))[0]
        documents.append(_document(path.name, reading.text, reading.media_type, reading.description.title))
        page_starts[path.name] = reading.description.properties["page_starts"]
    asked = []
    for row in _rows(data / "qa-contoso" / "dev" / "qa.jsonl"):
        cited = frozenset(f"{name}#page={page}" for name, page in _CITED.findall(row["truth"]) if name in page_starts)
        if cited:
            asked.append(Asked(row["question"], cited))
    return Set(documents, {"Contoso, pages": asked}, page_starts)


def _qmsum(data: Path) -> Set:
    documents: list[GovernedDocument] = []
    asked: list[Asked] = []
    paths = sorted((data / "meetings-qmsum" / "dev").glob("*/*.json"))
    for path in sorted(random.Random(0).sample(paths, min(_MEETINGS, len(paths)))):
        meeting = json.loads(path.read_text(encoding="utf-8"))
        turns, text = [], ""
        for turn in meeting["meeting_transcripts"]:
            said = f"{turn['speaker']}: {turn['content']}\n\n"
            turns.append((len(text), len(text) + len(said)))
            text += said
        documents.append(_document(path.stem, text, "text/plain"))
        for row in meeting["specific_query_list"]:
            spans = tuple(
                Span(path.stem, turns[int(first)][0], turns[min(int(last), len(turns) - 1)][1])
                for first, last in row["relevant_text_span"]
            )
            asked.append(Asked(row["query"], spans=spans))
    return Set(documents, {"QMSum, spans of a meeting": asked})


SETS: dict[str, Callable[[Path], Set]] = {
    "handbook": _handbook,
    "xquad": _xquad,
    "clapnq": _clapnq,
    "contoso": _contoso,
    "qmsum": _qmsum,
}


def _document(
    path: str, content: str, media_type: str, title: str = "", keywords: Sequence[str] = ()
) -> GovernedDocument:
    words = tuple(word for word in keywords if word)
    identity = digest(content, title, words)
    return GovernedDocument(
        digest(path)[:16], path, content, Use.BOTH, identity, title=title, keywords=words, media_type=media_type
    )


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        yield json.loads(line)
