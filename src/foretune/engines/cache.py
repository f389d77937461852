"""Nothing is asked twice: completions kept by what they depend on.

Completions quote documents, so the store must be encrypted: the vault is one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from foretune.engines.adapters import file_hash
from foretune.engines.base import BaseEngine
from foretune.engines.types import Capability, Completion, Engine, EngineInfo, Request
from foretune.types import digest

__all__ = ["CachedEngine", "CompletionStore"]


class CompletionStore(Protocol):
    """Keeps completions; the vault implements it."""

    def get(self, key: str) -> str | None: ...

    def put(self, key: str, value: str) -> None: ...


class CachedEngine(BaseEngine):
    """An engine that remembers its deterministic answers.

    A request is deterministic at temperature 0, or where the engine honours the
    seed; others always go through. ``hits`` and ``misses`` count requests;
    ``saved_seconds`` is what the engine once took for the hits, so that
    latencies can be told from a run that found its answers here.
    """

    def __init__(self, engine: Engine, store: CompletionStore) -> None:
        self.engine = engine
        self._store = store
        self.hits = 0
        self.misses = 0
        self.saved_seconds = 0.0

    def info(self) -> EngineInfo:
        return self.engine.info()

    def run(self, request: Request) -> Completion:
        key = self._key(request)
        if (known := self._known(key)) is not None:
            return known
        return self._keep(key, self.engine.run(request))

    def run_stream(self, request: Request) -> Iterator[str | Completion]:
        key = self._key(request)
        if (known := self._known(key)) is not None:
            yield known.text
            yield known
            return
        for piece in self.engine.run_stream(request):
            yield piece if isinstance(piece, str) else self._keep(key, piece)

    def complete_many(self, requests: Sequence[Request]) -> Iterator[tuple[int, Completion]]:
        """What is known comes first; equal requests are asked once."""
        asked: dict[str, list[int]] = {}
        for number, request in enumerate(requests):
            key = self._key(request)
            if key is not None and key in asked:
                asked[key].append(number)
            elif (known := self._known(key)) is not None:
                yield number, known
            else:
                asked[key or f"uncached {number}"] = [number]
        keys = list(asked)
        for position, completion in self.engine.complete_many([requests[asked[key][0]] for key in keys]):
            first, *others = asked[keys[position]]
            yield first, self._keep(self._key(requests[first]), completion)
            for number in others:
                self.hits += 1
                self.saved_seconds += completion.seconds
                yield number, replace(completion, cached=True)

    def count_tokens(self, text: str) -> int:
        return self.engine.count_tokens(text)

    def close(self) -> None:
        self.engine.close()

    def _key(self, request: Request) -> str | None:
        info = self.engine.info()
        if request.temperature > 0 and Capability.SEED not in info.capabilities:
            return None
        adapter = None if request.adapter is None else file_hash(request.adapter)
        return digest("completion", info.kind, info.hash, info.version, info.context, adapter, request.digest)

    def _known(self, key: str | None) -> Completion | None:
        text = None if key is None else self._store.get(key)
        if text is None:
            return None
        known = Completion.from_json(text)
        self.hits += 1
        self.saved_seconds += known.seconds
        return replace(known, cached=True)

    def _keep(self, key: str | None, completion: Completion) -> Completion:
        self.misses += 1
        if key is not None:
            self._store.put(key, completion.to_json())
        return completion
