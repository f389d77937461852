"""Vectors from llama.cpp: ``retrieval.embedder = "llama:FILE.gguf"``, or the name of a packaged model.

How tokens are pooled is what the file says, as an embedding model's does; else their mean.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from foretune.embedding.base import Embedder, EmbedderOptions, Vectors, register_embedder
from foretune.engines.gguf_header import read_header
from foretune.engines.llama_server import BATCH, LlamaServer, RefusedError
from foretune.engines.quiet import quiet_stderr
from foretune.errors import ModelError
from foretune.models import ModelFiles, locate
from foretune.types import digest

__all__ = ["LlamaEmbedder"]


@register_embedder("llama")
def open_llama(options: EmbedderOptions) -> Embedder:
    """A GGUF file, or a packaged model."""
    return LlamaEmbedder(options.model, locate(options.model))


class LlamaEmbedder:
    """An :class:`~foretune.embedding.Embedder`; each text is a call of its own.

    Raises:
        EngineError: llama.cpp does not load the model.
        ModelError: it makes no vectors of it.
    """

    remote = False
    max_tokens = BATCH
    """llama.cpp has to take a whole text at once, or it does not see all of it."""

    def __init__(self, name: str, files: ModelFiles) -> None:
        self.name = f"llama:{name}"
        cores = os.cpu_count() or 1
        header = read_header(files.weights)
        with quiet_stderr():
            self._server = LlamaServer(
                files.weights,
                context=BATCH,
                slots=1,
                threads=cores,
                batch_threads=cores,
                pooling="file" if f"{header.architecture}.pooling_type" in header.metadata else "mean",
            )
        self.dimensions = self.embed(["."]).shape[1]
        self.hash = digest("llama", files.hash, BATCH)

    def embed(self, texts: Sequence[str]) -> Vectors:
        return np.array([self._one(self._tokens(text)[:BATCH]) for text in texts], np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(self._tokens(text)) for text in texts]

    def _tokens(self, text: str) -> list[int]:
        found = self._server.post("/tokenize", {"content": text, "add_special": True})
        tokens: list[int] = found["tokens"]
        return tokens

    def _one(self, tokens: list[int]) -> Any:
        try:
            answer = self._server.post("/v1/embeddings", {"input": tokens or [0]})
        except RefusedError:
            raise ModelError(f"llama.cpp makes no vectors with {self.name}: take an embedding model.") from None
        vector = np.array(answer["data"][0]["embedding"], np.float32)
        return vector / np.linalg.norm(vector)
