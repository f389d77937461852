"""The store at 100,000 passages: how fast it takes them in, opens, and answers, beside other stores.

    python benchmarks/store.py [--passages 100000] [--others] [--scratch FOLDER]

Everything gets the same passages and the same vectors, so no embedding is in any figure. The texts are real: pages of
two handbooks and two blogs in pieces of about 790 characters; where there are not enough they come again, every third
word changed. The queries are the questions of the handbook and of XQuAD. The vectors are random and of unit length
(384 numbers), which is harder than real ones: no query has near neighbours.

"Hybrid" is BM25 and vectors in one ranking of the best ten: Foretune's own, once more by best sentence; reciprocal rank
fusion with their defaults for LanceDB and LlamaIndex; of plain SQLite FTS5's best hundred and all vectors in numpy;
Chroma ranks by vectors alone. Foretune takes in documents of ten passages that are cut already, with a vector for each
sentence as well, which no other has, and once more without. Taking in and asking are processes of their own; memory is
what the asking one holds at its end. A query's time is told twice, because what a word comes to is kept in memory: of
the first hundred queries after opening, and of all that follow; who needs more than two minutes is asked no further.
Opening is told with what a program imports for it. On a busy machine rather look at processor time.

--others makes an environment of its own for Chroma, LanceDB and LlamaIndex, and takes half an hour. With --scratch,
what was taken in stays there, and is asked again.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from rewording import text_number  # type: ignore[import-not-found]
from store_others import STORES, Ask, asked, batches, run, timed  # type: ignore[import-not-found]

ROOT = Path(__file__).resolve().parent.parent
PIECE = 790
"""Characters of a passage."""
DIMENSIONS = 384
_IN_A_DOCUMENT = 10
_BETWEEN = "\n\n\f"
"""Between the passages of a document; in no text."""
_TITLE = "A page"
_FIRST = 100
"""Queries that are told apart: they look up words for the first time."""
_QUERIES = 400
_FUSED = 100
_OTHERS = ("chromadb==1.*", "lancedb==0.*", "llama-index-core==0.14.*", "llama-index-retrievers-bm25==0.*")
_INSTALL_SECONDS = 1800
_KEY = "0123456789abcdef" * 4
"""Of vaults that hold nothing secret, so that one that was kept can be opened again."""


# -- data -------------------------------------------------------------------------------------------


def prepare(folder: Path, data: Path, count: int) -> None:
    """Write the passages, the vectors and the queries where every arm finds them."""
    pieces = list(_pieces(data))
    with (folder / "texts.jsonl").open("w", encoding="utf-8") as file:
        for number in range(count):
            text = text_number(number, pieces, most=PIECE)
            file.write(json.dumps(text, ensure_ascii=False) + "\n")
    random = np.random.default_rng(11)
    vectors = np.lib.format.open_memmap(folder / "vectors.npy", "w+", np.float32, (count, DIMENSIONS))
    for start in range(0, count, 10_000):
        vectors[start : start + 10_000] = _unit(random, min(10_000, count - start))
    vectors.flush()
    queries = list(dict.fromkeys(_questions(data)))[:_QUERIES]
    np.save(folder / "asked.npy", _unit(random, len(queries)))
    (folder / "queries.json").write_text(json.dumps(queries), encoding="utf-8")


def _pieces(data: Path) -> Iterator[str]:
    for path in sorted([*data.glob("handbook-*/**/*.md"), *data.glob("blog-*/**/*.md")]):
        text = path.read_text(encoding="utf-8", errors="replace")
        # The last piece of a page is shorter.
        yield from (text[at : at + PIECE] for at in range(0, len(text) - PIECE, PIECE))


def _unit(random: np.random.Generator, count: int) -> NDArray[np.float32]:
    drawn = random.standard_normal((count, DIMENSIONS), dtype=np.float32)
    unit: NDArray[np.float32] = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return unit


def _questions(data: Path) -> Iterator[str]:
    paths = (data / "handbook-18f" / "bench_dev.jsonl", Path(__file__).with_name("handbook_more.jsonl"))
    rows = [json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").splitlines()]
    for field in ("question", "paraphrase"):
        yield from (row[field] for row in rows if row.get(field))
    for line in (data / "qa-xquad" / "dev" / "questions.jsonl").read_text(encoding="utf-8").splitlines():
        yield json.loads(line)["question"]


# -- arms -------------------------------------------------------------------------------------------


class Ready:
    """An embedder whose vectors are there already: of passages in order, of queries, and for sentences some in turn."""

    dimensions = DIMENSIONS
    max_tokens = 256
    hash = "0" * 64
    name = "ready"
    remote = False

    def __init__(self, folder: Path) -> None:
        self._asked = dict(asked(folder))
        self._vectors = np.load(folder / "vectors.npy", mmap_mode="r")
        self._passages = self._sentences = 0

    def embed(self, given: Sequence[str]) -> NDArray[np.float32]:
        if given[0] in self._asked:
            return np.array([self._asked[each] for each in given])
        if given[0].startswith(f"{_TITLE}\n"):  # a passage comes with its heading path
            start, self._passages = self._passages, self._passages + len(given)
        else:
            start = self._sentences % (len(self._vectors) - len(given))
            self._sentences = start + len(given)
        return np.asarray(self._vectors[start : start + len(given)])

    def count_tokens(self, given: Sequence[str]) -> list[int]:
        return [len(each) // 4 for each in given]


def _vault(folder: Path, *, sentences: bool) -> Path:
    return folder / ("foretune" if sentences else "foretune-wholes")


def write_foretune(folder: Path, *, sentences: bool) -> dict[str, Any]:
    """Documents of ten passages, cut where the passages end, through :func:`foretune.retrieval.build_index`."""
    from sqlalchemy import insert

    from foretune.plan.config import RetrievalSettings
    from foretune.retrieval import PassageDraft, build_index, index
    from foretune.types import GovernedDocument, Use, digest
    from foretune.vault import Vault, tables

    def documents() -> Iterator[GovernedDocument]:
        for start, some, _ in batches(folder):
            for at in range(0, len(some), _IN_A_DOCUMENT):
                whole, name = _BETWEEN.join(some[at : at + _IN_A_DOCUMENT]), f"{start + at}"
                yield GovernedDocument(name, name, whole, Use.BOTH, digest(whole), title=_TITLE)

    def as_given(document: GovernedDocument, **_: int) -> list[PassageDraft]:
        drafts, start = [], 0
        for ordinal, text in enumerate(document.text.split(_BETWEEN)):
            drafts.append(PassageDraft(ordinal, start, start + len(text), text, (document.title,)))
            start += len(text) + len(_BETWEEN)
        return drafts

    with Vault.create(_vault(folder, sentences=sentences)) as vault:
        source = {"id": "s", "location": "/", "kind": "folder", "label": "internal", "added_at": ""}
        nothing = {"content_hash": "", "size": 0, "mtime_ns": 0, "added_at": "", "changed_at": "", "source_id": "s"}
        with vault.writing() as connection:
            connection.execute(insert(tables.source).values(source))
            rows = [
                nothing | {"id": each.id, "path": each.path, "text": "", "media_type": "", "label": each.label.value}
                for each in documents()
            ]
            connection.execute(insert(tables.document), rows)
        del rows
        settings = RetrievalSettings(sentences=sentences)
        build = partial(build_index, vault, documents(), embedder=Ready(folder), settings=settings)
        with patch.object(index, "split", as_given):
            return {"writing": timed(build)[1], "log": (vault.folder / "vault.db-wal").stat().st_size / 1e6}


def open_foretune(folder: Path) -> Ask:
    """Unlocked, with everything in memory that searching needs."""
    from foretune.plan.config import RetrievalSettings
    from foretune.retrieval import Searcher
    from foretune.vault import Vault

    searcher = Searcher(Vault.open(_vault(folder, sentences=True)), Ready(folder), RetrievalSettings())
    searcher.load()
    return lambda query, _: searcher.search(query)


def write_plain(folder: Path) -> None:
    """SQLite as it comes with Python: texts, vectors and FTS5 with the same stemmer, 1,000 passages a transaction."""
    made = sqlite3.connect(folder / "plain.db", isolation_level=None)
    made.execute("PRAGMA journal_mode = WAL")
    made.execute("CREATE TABLE passage (id INTEGER PRIMARY KEY, vector BLOB)")
    made.execute("CREATE VIRTUAL TABLE words USING fts5(text, tokenize = 'porter unicode61')")
    for start, some, vectors in batches(folder):
        made.execute("BEGIN")
        blobs = ((number, vector.tobytes()) for number, vector in enumerate(vectors, start=start))
        made.executemany("INSERT INTO passage VALUES (?, ?)", blobs)
        made.executemany("INSERT INTO words(rowid, text) VALUES (?, ?)", enumerate(some, start=start))
        made.execute("COMMIT")
    made.close()


def open_plain(folder: Path) -> Ask:
    """A query asks FTS5 for the best hundred, and numpy for the best hundred of all vectors, and fuses their ranks."""
    opened = sqlite3.connect(folder / "plain.db")
    rows = opened.execute("SELECT vector FROM passage ORDER BY id").fetchall()
    matrix = np.frombuffer(b"".join(row[0] for row in rows), np.float32).reshape(-1, DIMENSIONS)
    match = f"SELECT rowid FROM words WHERE words MATCH ? ORDER BY rank LIMIT {_FUSED}"

    def ask(query: str, meaning: NDArray[np.float32]) -> list[tuple[str]]:
        words = " OR ".join(f'"{word}"' for word in "".join(c if c.isalnum() else " " for c in query).split())
        by_words = [row[0] for row in opened.execute(match, (words,))]
        by_meaning = np.argsort(-np.einsum("ij,j->i", matrix, meaning))[:_FUSED].tolist()
        scores: dict[int, float] = {}
        for ranking in (by_words, by_meaning):
            for rank, each in enumerate(ranking, start=1):
                scores[each] = scores.get(each, 0) + 1 / (60 + rank)
        best = sorted(scores, key=lambda each: -scores[each])[:10]
        found = f"SELECT text FROM words WHERE rowid IN ({', '.join(map(str, best))})"
        return opened.execute(found).fetchall()

    return ask


def events(folder: Path) -> dict[str, Any]:
    """What the event costs that names what a search found."""
    from foretune.vault import Vault

    with Vault.open(_vault(folder, sentences=True)) as vault:
        detail = {"passages": list(range(10)), "documents": ["0" * 64] * 10}
        note = partial(vault.note, "document.search", "index", detail)
        return {"asking": [timed(note)[1] for _ in range(_FIRST)]}


ARMS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "foretune-write": partial(write_foretune, sentences=True),
    "foretune-ask": partial(run, (write_plain, open_foretune), "ask"),
    "foretune-wholes-write": partial(write_foretune, sentences=False),
    "foretune-events": events,
    "plain-write": partial(run, (write_plain, open_plain), "write"),
    "plain-ask": partial(run, (write_plain, open_plain), "ask"),
}


# -- running them -----------------------------------------------------------------------------------


def figures(folder: Path, name: str, command: Sequence[str]) -> dict[str, Any]:
    """What an arm prints, in a process of its own; as it was printed before, where its store was kept."""
    kept = folder / f"{name}.json"
    if not kept.exists():
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_INSTALL_SECONDS)
        printed = done.stdout.splitlines()[-1]
        if not name.endswith("-write"):
            return dict(json.loads(printed))
        kept.write_text(printed)
    return dict(json.loads(kept.read_text()))


def own(folder: Path, name: str) -> dict[str, Any]:
    """Figures of one of :data:`ARMS`."""
    return figures(folder, name, [sys.executable, __file__, "--arm", name, "--scratch", str(folder)])


def other(folder: Path, name: str, environment: Path) -> dict[str, Any] | str:
    """Figures of another store, or why there are none."""
    python = str(environment / "bin" / "python")
    script = str(Path(__file__).with_name("store_others.py"))
    try:
        if not Path(python).exists():
            print("making an environment for the other stores", file=sys.stderr)
            venv.create(environment, with_pip=True)
            install = [python, "-m", "pip", "install", "-q", *_OTHERS]
            subprocess.run(install, check=True, capture_output=True, text=True, timeout=_INSTALL_SECONDS)
        written = figures(folder, f"{name}-write", [python, script, name, "write", str(folder)])
        return written | figures(folder, f"{name}-ask", [python, script, name, "ask", str(folder)])
    except subprocess.TimeoutExpired:
        return "not measured: it took longer than half an hour"
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines() or ["it failed"]
        return f"not measured: {lines[-1][:150]}"


# -- what is printed ----------------------------------------------------------------------------------


def _row(name: str, of: dict[str, Any] | str, count: int) -> str:
    if isinstance(of, str):
        return f"| {name} | {of} | | | | |"
    writing = of["writing"]
    taken_in = f"{count / writing['wall']:,.0f} ({count / writing['cpu']:,.0f})"
    if "asking" not in of:
        return f"| {name} | {taken_in} | | | | |"
    opening = of["opening"]
    return (
        f"| {name} | {taken_in} | {opening['wall']:.1f} ({opening['cpu']:.1f}) | {_times(of['asking'][:_FIRST])} "
        f"| {_times(of['asking'][_FIRST:])} | {of['megabytes']:,.0f} |"
    )


def _times(asking: Sequence[dict[str, float]]) -> str:
    if not asking:
        return "not reached"
    wall = np.percentile([each["wall"] for each in asking], [50, 95]) * 1000
    used = np.percentile([each["cpu"] for each in asking], [50, 95]) * 1000
    return f"{wall[0]:.1f}, {wall[1]:.1f} ({used[0]:.1f}, {used[1]:.1f})"


def compare(arguments: argparse.Namespace, folder: Path) -> None:
    """Print the table; in brackets processor time, which counts the work of all threads."""
    count = arguments.passages
    if not (folder / "queries.json").exists():
        prepare(folder, arguments.data, count)
    print(
        f"{count:,} passages; wall time, and in brackets processor time\n\n"
        f"| store | passages/s taken in | s to open and load | first {_FIRST} queries: p50, p95 in ms "
        "| later queries: p50, p95 in ms | MB of memory |\n|---|---|---|---|---|---|"
    )
    ours = own(folder, "foretune-write")
    print(_row("**Foretune**, hybrid, encrypted", ours | own(folder, "foretune-ask"), count), flush=True)
    print(_row("Foretune, no sentences", own(folder, "foretune-wholes-write"), count), flush=True)
    plain = own(folder, "plain-write") | own(folder, "plain-ask")
    print(_row("plain SQLite + FTS5, numpy, not encrypted", plain, count), flush=True)
    names = {"chroma": "Chroma (vectors alone)", "lancedb": "LanceDB", "llamaindex": "LlamaIndex"}
    for name in STORES if arguments.others else ():
        print(_row(names[name], other(folder, name, arguments.environments / "stores"), count), flush=True)
    event = _times(own(folder, "foretune-events")["asking"])
    print(
        f"\nForetune's event for each search: p50, p95 in ms {event}, besides."
        f" Its write-ahead log after taking in: {ours['log']:,.0f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--others", action="store_true")
    parser.add_argument("--environments", type=Path, default=Path.home() / ".cache" / "foretune-benchmarks")
    parser.add_argument("--scratch", type=Path, help="where stores are made and kept: 2 GB for 100,000 passages")
    parser.add_argument("--arm", choices=ARMS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    os.environ["FORETUNE_KEY"] = _KEY
    if arguments.arm:
        print(json.dumps(ARMS[arguments.arm](arguments.scratch)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.scratch or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        compare(arguments, folder)


if __name__ == "__main__":
    main()
