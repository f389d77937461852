"""Chroma and LlamaIndex as their first pages show them, run by ``benchmarks/retrieval.py``.

    python retrieval_others.py chroma FOLDER      ranks the pieces of FOLDER/pieces.jsonl
    python retrieval_others.py split FOLDER       LlamaIndex cuts FOLDER/documents.jsonl into pieces of its own
    python retrieval_others.py llamaindex FOLDER  ranks these

Vectors are ours (``vectors.npy``, ``queries.npy``), everything else is as it comes. ``within.json`` holds for each
query the document it is about, or an empty text for all of them. Rankings go to ``found.json``.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

DEPTH = 100
os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")


def chroma(folder: Path) -> None:
    import chromadb
    import numpy as np

    pieces, vectors = _rows(folder / "pieces.jsonl"), np.load(folder / "vectors.npy")
    collection = chromadb.EphemeralClient().create_collection("pieces", embedding_function=None)
    for start in range(0, len(pieces), 1000):
        some = pieces[start : start + 1000]
        collection.add(
            ids=[str(start + i) for i in range(len(some))],
            embeddings=vectors[start : start + 1000],
            documents=[piece["text"] for piece in some],
            metadatas=[{"path": piece["path"]} for piece in some],
        )
    found = []
    for query, within in zip(np.load(folder / "queries.npy"), _within(folder), strict=True):
        where: Any = {"path": within} if within else None
        ids = collection.query(query_embeddings=[query], n_results=DEPTH, where=where)["ids"][0]
        found.append([int(number) for number in ids])
    (folder / "found.json").write_text(json.dumps(found))


def split(folder: Path) -> None:
    from llama_index.core import Document
    from llama_index.core.node_parser import SentenceSplitter
    from llama_index.core.schema import MetadataMode

    documents = [
        Document(text=row["text"], id_=row["path"], metadata={"file_name": row["path"]})
        for row in _rows(folder / "documents.jsonl")
    ]
    with (folder / "pieces.jsonl").open("w", encoding="utf-8") as file:
        for node in SentenceSplitter().get_nodes_from_documents(documents):
            row = {
                "path": node.ref_doc_id,
                "start": node.start_char_idx,
                "end": node.end_char_idx,
                "text": node.get_content(MetadataMode.EMBED),
            }
            file.write(json.dumps(row) + "\n")


def llamaindex(folder: Path) -> None:
    import numpy as np
    from llama_index.core import MockEmbedding, QueryBundle, VectorStoreIndex
    from llama_index.core.schema import TextNode
    from llama_index.core.vector_stores import MetadataFilter, MetadataFilters

    vectors = np.load(folder / "vectors.npy")
    nodes = [
        TextNode(id_=str(i), text=piece["text"], metadata={"path": piece["path"]}, embedding=vectors[i].tolist())
        for i, piece in enumerate(_rows(folder / "pieces.jsonl"))
    ]
    unused = MockEmbedding(embed_dim=vectors.shape[1])
    index = VectorStoreIndex(nodes, embed_model=unused)
    found = []
    for query, within in zip(np.load(folder / "queries.npy"), _within(folder), strict=True):
        filters = MetadataFilters(filters=[MetadataFilter(key="path", value=within)]) if within else None
        retriever = index.as_retriever(similarity_top_k=DEPTH, filters=filters, embed_model=unused)
        hits = retriever.retrieve(QueryBundle("", embedding=query.tolist()))
        found.append([int(hit.node.node_id) for hit in hits])
    (folder / "found.json").write_text(json.dumps(found))


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _within(folder: Path) -> list[str]:
    within: list[str] = json.loads((folder / "within.json").read_text(encoding="utf-8"))
    return within


if __name__ == "__main__":
    {"chroma": chroma, "split": split, "llamaindex": llamaindex}[sys.argv[1]](Path(sys.argv[2]))
