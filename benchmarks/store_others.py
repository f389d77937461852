"""Chroma, LanceDB and LlamaIndex as their first pages show them, run by ``benchmarks/store.py``.

    python store_others.py chroma write FOLDER   takes in FOLDER/texts.jsonl with FOLDER/vectors.npy
    python store_others.py chroma ask FOLDER     opens what was made and asks FOLDER/queries.json with FOLDER/asked.npy

Everything but the vectors is as it comes. What is printed last is one line of JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")
_BATCH = 1000
_FOUND = 10
_ASKING_SECONDS = 120
"""Of the slowest, only so many queries are asked."""

Ask = Callable[[str, Any], Any]
Store = tuple[Callable[[Path], None], Callable[[Path], Ask]]


def timed(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """What ``work`` returns, and the seconds it took: wall and processor time of all threads."""
    wall, used = time.perf_counter(), time.process_time()
    result = work()
    return result, {"wall": time.perf_counter() - wall, "cpu": time.process_time() - used}


def resident() -> float:
    """Megabytes of memory that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def texts(folder: Path) -> Iterator[str]:
    """The passages, in order."""
    with (folder / "texts.jsonl").open(encoding="utf-8") as rows:
        yield from map(json.loads, rows)


def batches(folder: Path) -> Iterator[tuple[int, list[str], Any]]:
    """Number of the first passage, texts, vectors; a thousand passages at a time."""
    import numpy as np

    vectors = np.load(folder / "vectors.npy", mmap_mode="r")
    some: list[str] = []
    for number, text in enumerate(texts(folder), start=1):
        some.append(text)
        if len(some) == _BATCH or number == len(vectors):
            start = number - len(some)
            yield start, some, np.asarray(vectors[start:number])
            some = []


def asked(folder: Path) -> list[tuple[str, Any]]:
    """Queries and their vectors."""
    import numpy as np

    queries = json.loads((folder / "queries.json").read_text(encoding="utf-8"))
    return list(zip(queries, np.load(folder / "asked.npy"), strict=True))


def write_chroma(folder: Path) -> None:
    import chromadb

    made = chromadb.PersistentClient(str(folder / "chroma")).create_collection("passages", embedding_function=None)
    for start, some, vectors in batches(folder):
        made.add(ids=[str(start + i) for i in range(len(some))], documents=some, embeddings=vectors)


def open_chroma(folder: Path) -> Ask:
    import chromadb

    collection = chromadb.PersistentClient(str(folder / "chroma")).get_collection("passages", embedding_function=None)
    return lambda _, vector: collection.query(query_embeddings=[vector], n_results=_FOUND)


def write_lancedb(folder: Path) -> None:
    import lancedb
    import pyarrow as pa

    schema = pa.schema([("id", pa.int64()), ("text", pa.string()), ("vector", pa.list_(pa.float32(), 384))])
    table = lancedb.connect(str(folder / "lancedb")).create_table("passages", schema=schema)
    for start, some, vectors in batches(folder):
        rows = enumerate(zip(some, vectors, strict=True), start=start)
        table.add([{"id": number, "text": text, "vector": vector} for number, (text, vector) in rows])
    table.create_fts_index("text")


def open_lancedb(folder: Path) -> Ask:
    import lancedb

    table = lancedb.connect(str(folder / "lancedb")).open_table("passages")

    def ask(query: str, vector: Any) -> Any:
        words = " ".join("".join(each if each.isalnum() else " " for each in query).split())
        return table.search(query_type="hybrid").vector(vector).text(words).limit(_FOUND).to_list()

    return ask


def write_llamaindex(folder: Path) -> None:
    from llama_index.core import VectorStoreIndex
    from llama_index.core.schema import TextNode
    from llama_index.retrievers.bm25 import BM25Retriever

    _settle_llamaindex(folder)
    nodes = [
        TextNode(id_=str(start + i), text=text, embedding=vector.tolist())
        for start, some, vectors in batches(folder)
        for i, (text, vector) in enumerate(zip(some, vectors, strict=True))
    ]
    VectorStoreIndex(nodes).storage_context.persist(str(folder / "llamaindex"))
    words = BM25Retriever.from_defaults(nodes=nodes, similarity_top_k=_FOUND)
    words.persist(str(folder / "llamaindex" / "bm25"))


def open_llamaindex(folder: Path) -> Ask:
    from llama_index.core import StorageContext, load_index_from_storage
    from llama_index.core.retrievers import QueryFusionRetriever
    from llama_index.retrievers.bm25 import BM25Retriever

    _settle_llamaindex(folder)
    kept = str(folder / "llamaindex")
    index = load_index_from_storage(StorageContext.from_defaults(persist_dir=kept))
    both = [index.as_retriever(similarity_top_k=_FOUND), BM25Retriever.from_persist_dir(f"{kept}/bm25")]
    fused = QueryFusionRetriever(
        both, similarity_top_k=_FOUND, num_queries=1, mode="reciprocal_rerank", use_async=False
    )
    return lambda query, _: fused.retrieve(query)


def _settle_llamaindex(folder: Path) -> None:
    """No language model, and the ready vectors in place of an embedding model."""
    from llama_index.core import Settings
    from llama_index.core.embeddings import BaseEmbedding
    from llama_index.core.llms import MockLLM

    given: dict[str, list[float]] = {query: vector.tolist() for query, vector in asked(folder)}

    class Ready(BaseEmbedding):  # type: ignore[misc]
        def _get_query_embedding(self, query: str) -> list[float]:
            return given[query]

        def _get_text_embedding(self, text: str) -> list[float]:
            raise NotImplementedError

        async def _aget_query_embedding(self, query: str) -> list[float]:
            return given[query]

    Settings.llm, Settings.embed_model = MockLLM(), Ready()


STORES: dict[str, Store] = {
    "chroma": (write_chroma, open_chroma),
    "lancedb": (write_lancedb, open_lancedb),
    "llamaindex": (write_llamaindex, open_llamaindex),
}


def run(store: Store, task: str, folder: Path) -> dict[str, Any]:
    """Figures of writing, or of opening and asking."""
    write, open_ = store
    if task == "write":
        return {"writing": timed(lambda: write(folder))[1]}
    ask, opening = timed(lambda: open_(folder))
    asking: list[dict[str, float]] = []
    begun = time.perf_counter()
    for query in asked(folder):
        asking.append(timed(partial(ask, *query))[1])
        if time.perf_counter() - begun > _ASKING_SECONDS:
            break
    return {"opening": opening, "asking": asking, "megabytes": resident()}


if __name__ == "__main__":
    print(json.dumps(run(STORES[sys.argv[1]], sys.argv[2], Path(sys.argv[3]))))
