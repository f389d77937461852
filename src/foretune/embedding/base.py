"""What an embedding model does for everybody else, and the register of those there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from foretune.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors: TypeAlias = NDArray[np.float32]
else:
    Vectors = "NDArray[np.float32]"

__all__ = ["Embedder", "EmbedderOptions", "Vectors", "open_embedder", "register_embedder"]


class Embedder(Protocol):
    """An embedding model, open and ready; safe to use from several threads."""

    @property
    def name(self) -> str:
        """As in ``retrieval.embedder`` of the plan."""

    @property
    def dimensions(self) -> int:
        """Length of a vector."""

    @property
    def max_tokens(self) -> int:
        """Texts are read up to here, in tokens; what follows does not change the vector."""

    @property
    def hash(self) -> str:
        """Digest of everything vectors depend on besides the text: vectors of another hash are stale."""

    @property
    def remote(self) -> bool:
        """Whether texts leave this machine to be embedded."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One unit vector a text: float32 of shape ``(len(texts), dimensions)``.

        The vector of a text does not depend on the other texts of the call.
        """

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each whole text as the model counts them, its own markers included."""


@dataclass(frozen=True, slots=True)
class EmbedderOptions:
    """Which embedding model, and where it is."""

    model: str
    """A folder, a file, or the name at the address; empty for a packaged model."""
    url: str = ""
    """Of an OpenAI-compatible server; empty for the vendor's own."""
    key_variable: str = ""
    """Name of the environment variable that holds the API key."""


Opener = Callable[[EmbedderOptions], Embedder]

_REGISTER: dict[str, Opener] = {}


def register_embedder(name: str) -> Callable[[Opener], Opener]:
    """Make ``retrieval.embedder = name`` (or ``name:model``) call the decorated function."""

    def register(opener: Opener) -> Opener:
        _REGISTER[name] = opener
        return opener

    return register


def open_embedder(name: str, *, url: str = "", key_variable: str = "") -> Embedder:
    """Open a registered embedding model.

    Raises:
        ModelError: there is none by that name, its files are absent or damaged, or its address does not answer.
    """
    kind, _, model = name.partition(":")
    if kind not in _REGISTER:
        raise ModelError(
            f"There is no embedding model {name!r}: set retrieval.embedder to {' or '.join(sorted(_REGISTER))}."
        )
    return _REGISTER[kind](EmbedderOptions(model, url, key_variable))
