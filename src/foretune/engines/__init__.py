"""The language models: whatever runs them, one way to ask.

:func:`open_engine` starts a model on this machine (llama.cpp) or speaks to a
server (OpenAI-compatible, Anthropic); what comes back is an :class:`Engine`,
whose :class:`Completion` says what was written and what it took. Put a
:class:`CachedEngine` around it and nothing is asked twice. Hands on text; what
it means is decided elsewhere.
"""

from __future__ import annotations

from foretune.engines.approval import check_approved
from foretune.engines.cache import CachedEngine, CompletionStore
from foretune.engines.registry import EngineOptions, engine, engine_kinds, open_engine
from foretune.engines.types import (
    Capability,
    Completion,
    ContextOverflowError,
    Engine,
    EngineInfo,
    Finish,
    Request,
    Score,
    Scorer,
    TokenLogprob,
)

__all__ = [
    "CachedEngine",
    "Capability",
    "Completion",
    "CompletionStore",
    "ContextOverflowError",
    "Engine",
    "EngineInfo",
    "EngineOptions",
    "Finish",
    "Request",
    "Score",
    "Scorer",
    "TokenLogprob",
    "check_approved",
    "engine",
    "engine_kinds",
    "open_engine",
]
