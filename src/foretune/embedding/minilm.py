"""all-MiniLM-L6-v2 on onnxruntime: English, 384 dimensions, up to 256 tokens.

Texts of equal length share a run (see :mod:`foretune.embedding.bert_graph`), one
run a core. Which do is a function of the texts of the call alone, so equal calls
give equal bytes on any number of cores. In other company a vector may differ by
float noise at most, where a machine's kernels add in another order for more rows
(on x86-64 they do not: there every vector is the same bytes in any company).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any

import numpy as np

from foretune.embedding.base import Embedder, EmbedderOptions, Vectors, register_embedder
from foretune.embedding.bert_graph import GRAPH_VERSION, bert_graph, read_shape
from foretune.models import ModelFiles, locate
from foretune.types import digest

__all__ = ["MiniLM"]

NAME = "all-minilm-l6-v2"
MAX_TOKENS = 256
"""What the model was trained for.

Source: ``sentence_bert_config.json`` of sentence-transformers/all-MiniLM-L6-v2.
"""


@register_embedder(NAME)
def open_minilm(_: EmbedderOptions) -> Embedder:
    """The packaged model, from the store."""
    return MiniLM(locate(NAME))


class MiniLM:
    """An :class:`~foretune.embedding.Embedder`."""

    name = NAME
    max_tokens = MAX_TOKENS
    remote = False

    def __init__(self, files: ModelFiles, *, threads: int | None = None) -> None:
        """Open the model.

        Args:
            files: weights, ``tokenizer.json`` and ``config.json``.
            threads: runs at the same time; one a core by default.
        """
        from tokenizers import Tokenizer

        self._session = _open_session(files)
        tokenizer = files.files["tokenizer.json"].read_bytes()
        self._tokenizer = Tokenizer.from_buffer(tokenizer)
        # The file asks for 128 tokens, cut or padded.
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self.dimensions: int = self._session.get_outputs()[0].shape[1]
        self.hash = digest(files.hash, sha256(tokenizer).hexdigest(), MAX_TOKENS, "mean", GRAPH_VERSION)
        self._threads = threads or _cores()
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="embedding")

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, float32 ``(len(texts), 384)``; texts are cut at 256 tokens."""
        vectors = np.empty((len(texts), self.dimensions), dtype=np.float32)
        ids = [_cut(encoding.ids) for encoding in self._tokenizer.encode_batch_fast(list(texts))]
        runs = plan_runs([len(row) for row in ids])
        results = map if len(runs) == 1 else self._pool.map
        for run, result in zip(runs, results(self._run, [[ids[i] for i in run] for run in runs]), strict=True):
            vectors[run] = result
        return vectors

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each whole text, the two markers around it included."""
        return [len(encoding) for encoding in self._tokenizer.encode_batch_fast(list(texts))]

    def _run(self, ids: list[list[int]]) -> Any:
        return self._session.run(None, {"ids": np.array(ids, dtype=np.int64)})[0]


def plan_runs(lengths: Sequence[int]) -> list[list[int]]:
    """Which texts go through the model together: indices into ``lengths``, each once.

    Only texts of equal length share a run, and together they have at most
    :data:`MAX_TOKENS` tokens: short texts gain (1.4 times at 30 tokens), longer
    runs do not. Long runs come first, so that no core is left with one at the end.
    """
    by_length: dict[int, list[int]] = {}
    for i, length in enumerate(lengths):
        by_length.setdefault(length, []).append(i)
    runs = []
    for length in sorted(by_length, reverse=True):
        together, same = max(1, MAX_TOKENS // length), by_length[length]
        runs += [same[start : start + together] for start in range(0, len(same), together)]
    return runs


def _cut(ids: list[int]) -> list[int]:
    """At most :data:`MAX_TOKENS`, the end marker kept."""
    return ids if len(ids) <= MAX_TOKENS else [*ids[: MAX_TOKENS - 1], ids[-1]]


def _open_session(files: ModelFiles) -> Any:
    import onnxruntime as ort

    options = ort.SessionOptions()
    # Cores work on different texts, which needs no waiting for one another.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    # The graph is already fused as far as it pays: the fused skip-and-normalise
    # that a higher level brings is slower than addition and normalisation.
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.log_severity_level = 3
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(files.weights.parent))
    graph = bert_graph(files.weights, read_shape(files.files["config.json"]))
    return ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def _cores() -> int:
    """Cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        return os.cpu_count() or 1
