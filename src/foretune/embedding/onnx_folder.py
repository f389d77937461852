"""Any sentence-embedding model exported to ONNX: ``retrieval.embedder = "onnx:FOLDER"``.

The folder holds ``model.onnx`` and ``tokenizer.json`` as sentence-transformers and Hugging Face's exporter write
them (``onnx/model.onnx`` is found too), and may hold ``1_Pooling/config.json``, which says whether a text is the mean
of its tokens (what is assumed) or its first token, and ``sentence_bert_config.json``, which says how far it reads.
Source: https://www.sbert.net/docs/package_reference/sentence_transformer/models.html
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from foretune.embedding.base import Embedder, EmbedderOptions, Vectors, register_embedder
from foretune.errors import ModelError
from foretune.files import file_sha256
from foretune.types import digest

__all__ = ["OnnxFolder"]

_READS = 256
"""Tokens of a text that are read, where the folder does not say."""


@register_embedder("onnx")
def open_onnx(options: EmbedderOptions) -> Embedder:
    """The model in a folder."""
    return OnnxFolder(Path(options.model).expanduser())


class OnnxFolder:
    """An :class:`~foretune.embedding.Embedder`; each text is a run of its own, so no text changes another's vector.

    Raises:
        ModelError: the folder lacks a file, or one cannot be read.
    """

    remote = False

    def __init__(self, folder: Path) -> None:
        weights = next(
            (path for path in (folder / "model.onnx", folder / "onnx" / "model.onnx") if path.is_file()), None
        )
        if weights is None or not (folder / "tokenizer.json").is_file():
            raise ModelError(f"{folder} is no ONNX embedding model: it has to hold model.onnx and tokenizer.json.")
        self.name = f"onnx:{folder}"
        self._first_token = bool(_config(folder / "1_Pooling" / "config.json").get("pooling_mode_cls_token"))
        self.max_tokens = int(_config(folder / "sentence_bert_config.json").get("max_seq_length") or _READS)
        try:
            self._open(weights, folder / "tokenizer.json")
            self.dimensions = self.embed(["."]).shape[1]
        except Exception:  # onnxruntime and tokenizers raise their own kinds, without a common one
            raise ModelError(f"{folder} holds files that onnxruntime cannot use: export the model again.") from None
        files = (file_sha256(weights), file_sha256(folder / "tokenizer.json"))
        self.hash = digest("onnx", *files, self.max_tokens, self._first_token)

    def embed(self, texts: Sequence[str]) -> Vectors:
        return np.array([self._one(text) for text in texts], np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(encoding) for encoding in self._tokenizer.encode_batch_fast(list(texts))]

    def _open(self, weights: Path, tokenizer: Path) -> None:
        import onnxruntime as ort
        from tokenizers import Tokenizer

        options = ort.SessionOptions()
        options.log_severity_level = 3
        self._session = ort.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])
        self._inputs = [each.name for each in self._session.get_inputs()]
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def _one(self, text: str) -> Any:
        ids = self._tokenizer.encode(text).ids
        if len(ids) > self.max_tokens:
            ids = [*ids[: self.max_tokens - 1], ids[-1]]
        row = np.array([ids], np.int64)
        given = {"input_ids": row, "attention_mask": np.ones_like(row), "token_type_ids": np.zeros_like(row)}
        out = self._session.run(None, {name: given[name] for name in self._inputs})[0][0]
        pooled = out if out.ndim == 1 else out[0] if self._first_token else out.mean(axis=0)
        return pooled / np.linalg.norm(pooled)


def _config(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return values
