"""Vectors from an OpenAI-compatible server: ``retrieval.embedder = "openai:NAME"`` at ``retrieval.embedder_url``.

Texts leave this machine unless the address is on it: whoever opens such an embedder asks first which labels may
(:mod:`foretune.project.embedder`). Protocol: https://platform.openai.com/docs/api-reference/embeddings
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np

from foretune.embedding.base import Embedder, EmbedderOptions, Vectors, register_embedder
from foretune.engines.remote import RETRIES, on_this_machine, shown_address
from foretune.errors import ModelError
from foretune.types import digest

if TYPE_CHECKING:
    from openai import OpenAI

__all__ = ["EmbedderAtAddress"]

_VENDOR_URL = "https://api.openai.com/v1"
_VENDOR_VARIABLE = "OPENAI_API_KEY"
_AT_ONCE = 64
"""Texts a request; servers take at least as many (OpenAI takes 2,048 and 300,000 tokens)."""
_SECONDS = 120.0
_CHARACTERS = 8_000
"""Of a text at most: about 2,000 tokens, a quarter of what OpenAI's models read and far more than a passage has."""
_BYTES_PER_TOKEN = 4
"""Of English. Source: https://help.openai.com/en/articles/4936856"""


@register_embedder("openai")
def open_at_address(options: EmbedderOptions) -> Embedder:
    """The model at an address."""
    return EmbedderAtAddress(options)


class EmbedderAtAddress:
    """An :class:`~foretune.embedding.Embedder`.

    Raises:
        ModelError: the address is none, its key is not set, or it does not answer with vectors.
    """

    max_tokens = _CHARACTERS // _BYTES_PER_TOKEN

    def __init__(self, options: EmbedderOptions) -> None:
        self._options = options
        self._url = options.url or _VENDOR_URL
        if urlsplit(self._url).scheme not in ("http", "https") or not urlsplit(self._url).hostname:
            raise ModelError(
                f"retrieval.embedder_url is {self._url!r}, which is not an address: "
                "write it like http://localhost:8000/v1."
            )
        self.name = f"openai:{options.model}"
        self.remote = not on_this_machine(self._url)

    @cached_property
    def dimensions(self) -> int:
        # Asked for when needed, not when opened: before, somebody may still find that nothing may be sent there.
        return int(self._asked(["dimensions"]).shape[1])

    @cached_property
    def hash(self) -> str:
        return digest("openai", self._url, self._options.model, self.dimensions)

    def embed(self, texts: Sequence[str]) -> Vectors:
        made = np.empty((len(texts), self.dimensions), np.float32)
        for start in range(0, len(texts), _AT_ONCE):
            some = [text[:_CHARACTERS] or " " for text in texts[start : start + _AT_ONCE]]
            vectors = self._asked(some)
            if vectors.shape != (len(some), self.dimensions):
                raise ModelError(f"The embedder at {shown_address(self._url)} answered with too few vectors.")
            made[start : start + len(some)] = vectors
        return made

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Estimated: a server does not say."""
        return [math.ceil(len(text.encode("utf-8", "replace")) / _BYTES_PER_TOKEN) for text in texts]

    @cached_property
    def _client(self) -> OpenAI:
        import openai

        return openai.OpenAI(
            api_key=self._key(),
            base_url=self._url,
            max_retries=RETRIES,
            timeout=_SECONDS,
            # A text goes where the plan says, or nowhere; a proxy is for other machines.
            http_client=openai.DefaultHttpxClient(follow_redirects=False, trust_env=self.remote),
        )

    def _key(self) -> str:
        variable = self._options.key_variable or ("" if self._options.url else _VENDOR_VARIABLE)
        key = os.environ.get(variable, "").strip() if variable else "none"
        if not key:
            raise ModelError(
                f"The environment variable {variable}, which should hold the embedder's API key, is not set: set it, "
                "or name another in retrieval.embedder_key_variable."
            )
        return key

    def _asked(self, texts: list[str]) -> Any:
        """Unit vectors, in the order of ``texts``."""
        import openai

        where = f"The embedder at {shown_address(self._url)}"
        try:
            answer = self._client.embeddings.create(model=self._options.model, input=texts, encoding_format="float")
        except openai.APIStatusError as error:
            # Not its message: that may repeat what was sent.
            raise ModelError(f"{where} refused ({error.status_code}): check the model's name and the key.") from None
        except openai.APIError:
            raise ModelError(f"{where} does not answer: start it, or check retrieval.embedder_url.") from None
        return np.array(list(_in_order(answer.data)), np.float32)


def _in_order(data: Sequence[Any]) -> Iterator[Any]:
    for each in sorted(data, key=lambda each: each.index):
        vector = np.array(each.embedding, np.float32)
        yield vector / np.linalg.norm(vector)
