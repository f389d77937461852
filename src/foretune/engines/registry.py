"""Kinds of engines by name; a new kind registers itself and is open to ``foretune.toml``."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass

from foretune.engines.types import Engine
from foretune.errors import EngineError

__all__ = ["EngineOptions", "engine", "engine_kinds", "open_engine"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """What an engine may be told when it is opened; each kind takes what concerns it."""

    model: str
    """A packaged model, the path of a ``.gguf`` file, or the name at the address."""
    url: str = ""
    """Address of the server; empty for the vendor's own."""
    api_key_variable: str = ""
    """Name of the environment variable that holds the API key."""
    context: int = 4096
    """Context window, in tokens."""
    price_in: float = 0.0
    """Of a million tokens read."""
    price_out: float = 0.0
    """Of a million tokens written."""
    threads: int | None = None
    """CPU threads that write; None for what suits machine and model."""
    parallel: int | None = None
    """Requests answered at the same time; None for the kind's own default."""


Factory = Callable[[EngineOptions], Engine]

_FACTORIES: dict[str, Factory] = {}
# Imported when first asked for, so that listing kinds costs nothing.
_BUILT_IN = {
    "llama": "foretune.engines.llama",
    "openai": "foretune.engines.openai_compatible",
    "anthropic": "foretune.engines.anthropic",
}


def engine(kind: str) -> Callable[[Factory], Factory]:
    """Register the decorated factory as the engines of this kind."""

    def register(factory: Factory) -> Factory:
        _FACTORIES[kind] = factory
        return factory

    return register


def engine_kinds() -> list[str]:
    """Every kind that can be opened."""
    return sorted({*_BUILT_IN, *_FACTORIES})


def open_engine(
    kind: str,
    *,
    model: str,
    url: str = "",
    api_key_variable: str = "",
    context: int = 4096,
    price_in: float = 0.0,
    price_out: float = 0.0,
    threads: int | None = None,
    parallel: int | None = None,
) -> Engine:
    """Open the engine of this kind; parameters as in :class:`EngineOptions`.

    The model starts when it is first asked something, so opening is cheap.

    Raises:
        EngineError: there is no such kind, or its API key is not set.
        ModelError: the model file is missing, has a wrong hash or is damaged.
    """
    if kind not in _FACTORIES and kind in _BUILT_IN:
        importlib.import_module(_BUILT_IN[kind])
    if kind not in _FACTORIES:
        raise EngineError(f"There is no engine {kind!r}: set engine.kind to one of {', '.join(engine_kinds())}.")
    options = EngineOptions(
        model=model,
        url=url,
        api_key_variable=api_key_variable,
        context=context,
        price_in=price_in,
        price_out=price_out,
        threads=threads,
        parallel=parallel,
    )
    return _FACTORIES[kind](options)
