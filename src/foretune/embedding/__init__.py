"""Text to vectors: the same text gives the same unit vector, whoever asks and in whatever company.

:func:`open_embedder` hands on an :class:`Embedder`; retrieval, evidence and
governance compare its vectors. A new embedding model is a function decorated
with :func:`register_embedder`.
"""

from __future__ import annotations

from foretune.embedding import at_address, gguf, minilm, onnx_folder  # noqa: F401  (register themselves)
from foretune.embedding.base import Embedder, EmbedderOptions, Vectors, open_embedder, register_embedder

__all__ = ["Embedder", "EmbedderOptions", "Vectors", "open_embedder", "register_embedder"]
