"""How often search finds the right page, how fast, and what indexing costs over the bare embedding calls.

    python benchmarks/retrieval.py          the handbook's questions and paraphrases
    python benchmarks/retrieval.py --more   also questions of other data sets (minutes)

Arms, all over the same passages: BM25 as FTS5 has it (every word of the query, all
fields alike), MiniLM (cosine alone), their reciprocal rank fusion, and Foretune's
search. A page counts by its best passage. Shares have their 95 % Wilson interval.

Data: the handbook of 18F with the questions kept for development; sixty more
questions about it, written for this study (``handbook_more.jsonl``: some fit several
pages, so the best that can be reached is below 60); XQuAD and CLAP NQ.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import frontmatter
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import insert, text

from foretune.bench.statistics import wilson
from foretune.embedding import Embedder, open_embedder
from foretune.plan.config import RetrievalSettings
from foretune.retrieval import IndexSummary, Searcher, build_index
from foretune.types import GovernedDocument, Use, digest
from foretune.vault import Vault, tables

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = RetrievalSettings()
DEPTH = 1000
"""Passages an arm ranks; more than any document needs to be among the first ten."""
_RRF = 60
"""Source: Cormack, Clarke and Büttcher 2009, https://doi.org/10.1145/1571941.1572114"""


@dataclass(frozen=True)
class Asked:
    """A query and the page that answers it."""

    query: str
    source: str


Ranks = NDArray[np.int64]
"""Rank of the right page for each query, from 1."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--more", action="store_true")
    options = parser.parse_args()
    if not (options.data / "handbook-18f").is_dir():
        sys.exit(f"The handbook is not in {options.data}: say where with --data.")
    os.environ.setdefault("FORETUNE_KEY", secrets.token_hex(32))  # of vaults that are gone when this ends
    embedder = open_embedder(SETTINGS.embedder)
    sets = [(_handbook(options.data), _handbook_questions(options.data))]
    if options.more:
        sets += [_xquad(options.data), _clapnq(options.data)]
    for documents, asked in sets:
        _measure(documents, asked, embedder)


def _measure(documents: list[GovernedDocument], asked: dict[str, list[Asked]], embedder: Embedder) -> None:
    with tempfile.TemporaryDirectory() as folder, Vault.create(Path(folder) / "vault") as vault:
        _put(vault, documents)
        summary = build_index(vault, documents, embedder=embedder, settings=SETTINGS)
        searcher = Searcher(vault, embedder, SETTINGS)
        for name, questions in asked.items():
            _table(name, questions, vault, searcher)
        _cost(summary, searcher, [each.query for questions in asked.values() for each in questions][:200])


def _table(name: str, asked: Sequence[Asked], vault: Vault, searcher: Searcher) -> None:
    print(f"\n{name}: {len(asked)} queries\n")
    print("| arm | right page first | in five | nDCG@10 |\n|---|---|---|---|")
    lists = {
        "BM25 (FTS5)": [_bm25(vault, each.query) for each in asked],
        "MiniLM": [_cosine(searcher, each.query) for each in asked],
        "reciprocal rank fusion": [],
        "Foretune": [_pages(searcher, each.query) for each in asked],
    }
    lists["reciprocal rank fusion"] = [
        _fused(one, other) for one, other in zip(lists["BM25 (FTS5)"], lists["MiniLM"], strict=True)
    ]
    for arm, found in lists.items():
        ranks = np.array([_rank(pages, each.source) for pages, each in zip(found, asked, strict=True)])
        ndcg = float(np.where(ranks <= 10, 1 / np.log2(ranks + 1), 0).mean())
        print(f"| {arm} | {_share(ranks, 1)} | {_share(ranks, 5)} | {ndcg:.3f} |")


def _share(ranks: Ranks, k: int) -> str:
    right = int((ranks <= k).sum())
    low, high = wilson(right, len(ranks))
    return f"{right} ({low:.0%} to {high:.0%})"


def _cost(summary: IndexSummary, searcher: Searcher, queries: Sequence[str]) -> None:
    wall: list[float] = []
    processor: list[float] = []
    for query in [*queries[:5], *queries]:
        started, used = time.perf_counter(), time.process_time()
        searcher.search(query)
        wall.append(time.perf_counter() - started)
        processor.append(time.process_time() - used)
    print(
        f"\nindexing {summary.passages:,} passages: {summary.seconds:.1f} s, "
        f"{summary.seconds / summary.embedding_seconds:.2f} times the embedding calls in it\n"
        f"a query, its embedding included: {_percentiles(wall[5:])}; on a busy machine rather look at "
        f"processor time: {_percentiles(processor[5:])}"
    )


def _percentiles(seconds: Sequence[float]) -> str:
    p50, p95 = np.percentile(seconds, [50, 95]) * 1000
    return f"p50 {p50:.1f} ms, p95 {p95:.1f} ms"


# -- arms -------------------------------------------------------------------------------------------


def _pages(searcher: Searcher, query: str) -> list[str]:
    return list(dict.fromkeys(hit.passage.path for hit in searcher.search(query, DEPTH)))


def _cosine(searcher: Searcher, query: str) -> list[str]:
    hits = searcher.search(query, 1_000_000)
    return list(dict.fromkeys(hit.passage.path for hit in sorted(hits, key=lambda hit: -hit.cosine)))


def _bm25(vault: Vault, query: str) -> list[str]:
    words = " OR ".join(f'"{word}"' for word in "".join(c if c.isalnum() else " " for c in query).split())
    with vault.reading() as connection:
        rows = connection.execute(
            text(
                "SELECT document.path FROM passage_fts JOIN passage ON passage.id = passage_fts.rowid "
                "JOIN document ON document.id = passage.document_id WHERE passage_fts MATCH :match "
                "ORDER BY bm25(passage_fts) LIMIT :depth"
            ),
            {"match": words, "depth": DEPTH},
        )
        return list(dict.fromkeys(rows.scalars()))


def _fused(one: Sequence[str], other: Sequence[str]) -> list[str]:
    scores: dict[str, float] = {}
    for pages in (one, other):
        for rank, page in enumerate(pages, start=1):
            scores[page] = scores.get(page, 0.0) + 1 / (_RRF + rank)
    return sorted(scores, key=lambda page: -scores[page])


def _rank(pages: Sequence[str], source: str) -> int:
    return pages.index(source) + 1 if source in pages else 1_000_000


# -- data -------------------------------------------------------------------------------------------


def _handbook(data: Path) -> list[GovernedDocument]:
    base = data / "handbook-18f" / "corpus"
    found: list[GovernedDocument] = []
    for path in sorted(base.rglob("*.md")):
        page = frontmatter.loads(path.read_text(encoding="utf-8"))
        keywords = str(page.metadata.get("keywords") or "").split(",")
        title = str(page.metadata.get("title") or "")
        name = path.relative_to(base).as_posix()
        found.append(_document(name, page.content, "text/markdown", title, [word.strip() for word in keywords]))
    return found


def _handbook_questions(data: Path) -> dict[str, list[Asked]]:
    asked: dict[str, list[Asked]] = {}
    for name, path in (
        ("handbook, dev", data / "handbook-18f" / "bench_dev.jsonl"),
        ("handbook, more", Path(__file__).with_name("handbook_more.jsonl")),
    ):
        rows = [row for row in _rows(path) if row["source"]]
        asked[f"{name}: questions"] = [Asked(row["question"], row["source"]) for row in rows]
        asked[f"{name}: paraphrases"] = [Asked(row["paraphrase"], row["source"]) for row in rows]
    return asked


def _xquad(data: Path) -> tuple[list[GovernedDocument], dict[str, list[Asked]]]:
    base = data / "qa-xquad" / "dev"
    documents = [
        _document(f"docs/{path.name}", path.read_text(encoding="utf-8"), "text/plain")
        for path in sorted((base / "docs").glob("*.txt"))
    ]
    rows = list(_rows(base / "questions.jsonl"))
    return documents, {"XQuAD, English": [Asked(row["question"], row["source"]) for row in rows]}


def _clapnq(data: Path) -> tuple[list[GovernedDocument], dict[str, list[Asked]]]:
    documents: list[GovernedDocument] = []
    asked: list[Asked] = []
    for kind in ("answerable", "unanswerable"):
        for row in _rows(data / "qa-clapnq" / "dev" / f"clapnq_dev_{kind}.jsonl"):
            passage = row["passages"][0]
            documents.append(_document(row["id"], passage["text"], "text/plain", passage["title"]))
            if kind == "answerable":
                asked.append(Asked(row["input"], row["id"]))
    return documents, {"CLAP NQ": asked}


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
