"""How often search finds the right place, beside BM25, MiniLM, Chroma and LlamaIndex; how fast; what indexing costs.

    python benchmarks/retrieval.py                    every set
    python benchmarks/retrieval.py --sets handbook    one of them
    python benchmarks/retrieval.py --alone            without Chroma and LlamaIndex

Arms: BM25 as SQLite's FTS5 has it (every word of the query, all fields alike) and MiniLM (cosine alone) over the
passages of Foretune; Chroma with these passages and vectors; LlamaIndex with its own splitter, whose pieces MiniLM
embeds; Foretune's search. Chroma and LlamaIndex are left at their defaults, in an environment under
``--environments`` that is made with pip and kept; where it cannot be made they are left out, with the reason. A page
counts by its best piece among the first 100. Shares have their 95 % Wilson interval.

Sets (kept for development; nothing is left out but where it says so): the handbook of 18F with its questions and
paraphrases, and sixty more written for this study (``handbook_more.jsonl``: some fit several pages, so that the best
that can be reached is below 60); XQuAD in English, all passages one corpus; CLAP NQ; pages of Contoso's PDF files;
20 meetings of QMSum (drawn with a fixed seed): each query is asked of its own meeting, and what counts is how much of
the passage of the transcript that answers it stands in the first 400, 800 and 1,600 words that are found.

Vectors are kept between runs under ``--environments``: indexing times are those of a run that embeds.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import insert, select, text

from foretune.embedding import Embedder, open_embedder
from foretune.intervals import wilson
from foretune.plan.config import RetrievalSettings
from foretune.retrieval import DocumentFilter, IndexSummary, Searcher, build_index
from foretune.types import GovernedDocument
from foretune.vault import Vault, tables

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # what is run by its path finds only what lies beside it

from benchmarks.cached_vectors import CachedVectors  # noqa: E402
from benchmarks.retrieval_sets import SETS, Asked, Set, Span  # noqa: E402

SETTINGS = RetrievalSettings()
DEPTH = 100
"""Pieces an arm ranks."""
WORDS = (400, 800, 1600)
_OTHERS = ("chromadb==1.5.9", "llama-index-core==0.14.25")
_SECONDS = 900


@dataclass(frozen=True)
class Piece:
    """What an arm ranks."""

    span: Span
    text: str


Found = list[list[Piece]]
"""For each query, the pieces an arm found, best first."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--sets", nargs="+", choices=sorted(SETS), default=list(SETS))
    parser.add_argument("--alone", action="store_true", help="without Chroma and LlamaIndex")
    parser.add_argument("--environments", type=Path, default=Path.home() / ".cache" / "foretune-benchmarks")
    options = parser.parse_args()
    if not (options.data / "handbook-18f").is_dir():
        sys.exit(f"The data sets are not in {options.data}: say where with --data.")
    os.environ.setdefault("FORETUNE_KEY", secrets.token_hex(32))  # of vaults that are gone when this ends
    embedder = CachedVectors(open_embedder(SETTINGS.embedder), options.environments / "vectors.sqlite")
    python = None if options.alone else _environment(options.environments / "retrieval")
    for name in options.sets:
        _measure(SETS[name](options.data), embedder, python)


def _measure(of: Set, embedder: Embedder, python: Path | None) -> None:
    with tempfile.TemporaryDirectory() as folder, Vault.create(Path(folder) / "vault") as vault:
        _put(vault, of.documents)
        summary = build_index(vault, of.documents, embedder=embedder, settings=SETTINGS)
        arms = Arms(vault, embedder, of.documents, python)
        for name, asked in of.asked.items():
            found = arms.found(asked)
            if asked[0].spans:
                _span_table(name, asked, found)
            else:
                _page_table(name, asked, found, of.units)
        _cost(summary, arms.searcher, [each.query for asked in of.asked.values() for each in asked][:200])


# -- tables -----------------------------------------------------------------------------------------


def _page_table(
    name: str, asked: Sequence[Asked], found: dict[str, Found | str], units: Callable[[Span], Sequence[str]]
) -> None:
    print(f"\n{name}: {len(asked)} queries\n")
    print("| arm | right page first | in five | nDCG@10 |\n|---|---|---|---|")
    for arm, lists in found.items():
        if isinstance(lists, str):
            print(f"| {arm} | {lists} | | |")
            continue
        ranks = np.array([_rank(pieces, each.units, units) for pieces, each in zip(lists, asked, strict=True)])
        ndcg = float(np.where(ranks <= 10, 1 / np.log2(ranks + 1), 0).mean())
        print(f"| {arm} | {_share(ranks, 1)} | {_share(ranks, 5)} | {ndcg:.3f} |", flush=True)


def _rank(pieces: Sequence[Piece], right: frozenset[str], units: Callable[[Span], Sequence[str]]) -> int:
    """Of the first right page, from 1."""
    seen = dict.fromkeys(unit for piece in pieces for unit in units(piece.span))
    return next((rank for rank, unit in enumerate(seen, start=1) if unit in right), 1_000_000)


def _share(ranks: NDArray[np.int64], k: int) -> str:
    right = int((ranks <= k).sum())
    low, high = wilson(right, len(ranks))
    return f"{right} ({low:.0%} to {high:.0%})"


def _span_table(name: str, asked: Sequence[Asked], found: dict[str, Found | str]) -> None:
    print(f"\n{name}: {len(asked)} queries\n")
    print(f"| arm | {' | '.join(f'of the answer in {words:,} words' for words in WORDS)} |\n|---|---|---|---|")
    for arm, lists in found.items():
        if isinstance(lists, str):
            print(f"| {arm} | {lists} | | |")
            continue
        cells = []
        for words in WORDS:
            shares = [_covered(pieces, each.spans, words) for pieces, each in zip(lists, asked, strict=True)]
            error = 1.96 * np.std(shares, ddof=1) / len(shares) ** 0.5
            cells.append(f"{np.mean(shares):.1%} (± {error:.1%})")
        print(f"| {arm} | {' | '.join(cells)} |", flush=True)


def _covered(pieces: Sequence[Piece], spans: Sequence[Span], words: int) -> float:
    """Share of ``spans`` in the first ``words`` words of ``pieces``; of the last piece, its first ones."""
    wanted = {place for span in spans for place in range(span.start, span.end)}
    got: set[int] = set()
    left = words
    for piece in pieces:
        long = len(piece.text.split())
        share = min(1.0, left / max(long, 1))
        got.update(range(piece.span.start, piece.span.start + round(share * (piece.span.end - piece.span.start))))
        left -= long
        if left <= 0:
            break
    return len(wanted & got) / len(wanted)


def _cost(summary: IndexSummary, searcher: Searcher, queries: Sequence[str]) -> None:
    processor: list[float] = []
    for query in [*queries[:5], *queries]:
        used = time.process_time()
        searcher.search(query)
        processor.append(time.process_time() - used)
    p50, p95 = np.percentile(processor[5:], [50, 95]) * 1000
    print(f"\n{summary.passages:,} passages; processor time of a query: p50 {p50:.1f} ms, p95 {p95:.1f} ms")


# -- arms -------------------------------------------------------------------------------------------


class Arms:
    """Everything that ranks, over one set's documents."""

    def __init__(
        self, vault: Vault, embedder: Embedder, documents: Sequence[GovernedDocument], python: Path | None
    ) -> None:
        self.searcher = Searcher(vault, embedder, SETTINGS)
        self._vault, self._embedder, self._documents, self._python = vault, embedder, documents, python
        p, d = tables.passage.c, tables.document.c
        rows = select(p.id, d.path, p.start, p.end, p.text, p.vector).join(tables.document, d.id == p.document_id)
        with vault.reading() as connection:
            found = connection.execute(rows.order_by(p.id)).all()
        self._pieces = {row.id: Piece(Span(row.path, row.start, row.end), row.text) for row in found}
        self._ids = [row.id for row in found]
        self._vectors = np.array([np.frombuffer(row.vector, "<f4") for row in found])

    def found(self, asked: Sequence[Asked]) -> dict[str, Found | str]:
        """By arm; a sentence where there is nothing."""
        queries = self._embedder.embed([each.query for each in asked])
        within = [each.spans[0].path if each.spans else "" for each in asked]
        found: dict[str, Found | str] = {
            "BM25 (FTS5)": [self._bm25(each.query, path) for each, path in zip(asked, within, strict=True)],
            "MiniLM": [self._cosine(query, path) for query, path in zip(queries, within, strict=True)],
        }
        if self._python is not None:
            found |= dict(self._others(queries, within))
        found["**Foretune**"] = [self._foretune(each.query, path) for each, path in zip(asked, within, strict=True)]
        return found

    def _foretune(self, query: str, path: str) -> list[Piece]:
        filters = [DocumentFilter("path", "=", path)] if path else []
        return [self._pieces[hit.passage.id] for hit in self.searcher.search(query, DEPTH, filters=filters)]

    def _cosine(self, query: NDArray[np.float32], path: str) -> list[Piece]:
        ranked = (self._pieces[self._ids[i]] for i in np.argsort(-(self._vectors @ query), kind="stable"))
        return [piece for piece in ranked if path in ("", piece.span.path)][:DEPTH]

    def _bm25(self, query: str, path: str) -> list[Piece]:
        words = " OR ".join(f'"{word}"' for word in "".join(c if c.isalnum() else " " for c in query).split())
        ranked = text("SELECT rowid FROM passage_fts WHERE passage_fts MATCH :match ORDER BY bm25(passage_fts)")
        with self._vault.reading() as connection:
            pieces = [self._pieces[number] for number in connection.execute(ranked, {"match": words}).scalars()]
        return [piece for piece in pieces if path in ("", piece.span.path)][:DEPTH]

    def _others(self, queries: NDArray[np.float32], within: Sequence[str]) -> Iterator[tuple[str, Found | str]]:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            np.save(folder / "queries.npy", queries)
            (folder / "within.json").write_text(json.dumps(within))
            try:
                pieces = [self._pieces[number] for number in self._ids]
                rows = ({"path": piece.span.path, "text": piece.text} for piece in pieces)
                yield "Chroma", self._ranked_by("chroma", folder, rows, pieces, self._vectors)
                documents = ({"path": each.path, "text": each.text} for each in self._documents)
                _write(folder / "documents.jsonl", documents)
                self._run("split", folder)
                rows_cut = [json.loads(line) for line in (folder / "pieces.jsonl").open(encoding="utf-8")]
                pieces = [Piece(Span(row["path"], row["start"], row["end"]), row["text"]) for row in rows_cut]
                vectors = self._embedder.embed([piece.text for piece in pieces])
                yield "LlamaIndex", self._ranked_by("llamaindex", folder, rows_cut, pieces, vectors)
            except subprocess.CalledProcessError as error:
                yield "Chroma, LlamaIndex", f"not measured: {error.stderr.strip().splitlines()[-1][:150]}"

    def _ranked_by(
        self, tool: str, folder: Path, rows: Any, pieces: Sequence[Piece], vectors: NDArray[np.float32]
    ) -> Found:
        _write(folder / "pieces.jsonl", rows)
        np.save(folder / "vectors.npy", vectors)
        self._run(tool, folder)
        return [[pieces[i] for i in found] for found in json.loads((folder / "found.json").read_text())]

    def _run(self, command: str, folder: Path) -> None:
        program = str(Path(__file__).with_name("retrieval_others.py"))
        subprocess.run(
            [str(self._python), program, command, str(folder)],
            check=True,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
        )


def _environment(folder: Path) -> Path | None:
    """The interpreter of an environment with Chroma and LlamaIndex, made where there is none."""
    python = folder / "bin" / "python"
    if not python.exists():
        print("making an environment with Chroma and LlamaIndex", file=sys.stderr)
        venv.create(folder, with_pip=True)
        command = [str(python), "-m", "pip", "install", "-q", *_OTHERS]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=_SECONDS)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            print(f"Chroma and LlamaIndex are left out: pip said {str(error.stderr)[-200:]}", file=sys.stderr)
            return None
    return python


def _write(path: Path, rows: Any) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def _put(vault: Vault, documents: Sequence[GovernedDocument]) -> None:
    source = {"id": "s", "location": "/", "kind": "folder", "label": "internal", "added_at": ""}
    nothing = {"content_hash": "", "size": 0, "mtime_ns": 0, "added_at": "", "changed_at": "", "source_id": "s"}
    rows = [
        nothing
        | {"id": each.id, "path": each.path, "text": each.text, "title": each.title}
        | {"media_type": each.media_type, "label": each.label.value}
        for each in documents
    ]
    with vault.writing() as connection:
        connection.execute(insert(tables.source).values(source))
        connection.execute(insert(tables.document), rows)


if __name__ == "__main__":
    main()
