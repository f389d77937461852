"""Language models on this machine: a GGUF file run by llama.cpp, offline."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from foretune.engines.adapters import check_adapter, file_hash
from foretune.engines.base import BaseEngine
from foretune.engines.gguf_header import GgufHeader, read_header
from foretune.engines.llama_prompt import Prompt
from foretune.engines.llama_server import RefusedError
from foretune.engines.llama_session import LlamaSession
from foretune.engines.registry import EngineOptions, engine
from foretune.engines.schema import follows
from foretune.engines.types import (
    Capability,
    Completion,
    ContextOverflowError,
    EngineInfo,
    Finish,
    Request,
    Score,
    TokenLogprob,
)
from foretune.errors import EngineError, ModelError
from foretune.models import ModelFiles, locate
from foretune.types import Message

__all__ = ["LlamaEngine", "open_llama"]

_ADAPTERS = 4
"""Adapters loaded at the same time; the one not used for longest makes room."""
_SMALL_MODEL = 300_000_000
"""Bytes. Below, more writing threads wait more than they work: two had half the speed of one on 2 cores."""
_MAX_THREADS = 8
"""Writing is bound by memory bandwidth, which more cores do not add to."""


class LlamaEngine(BaseEngine):
    """A GGUF model; it is loaded when first asked something.

    The same request gets the same answer whatever was asked before, as long as
    ``parallel`` is 1 (see :mod:`foretune.engines.llama_session`). An adapter that
    is not loaded yet is loaded when no request is running, with the model anew.

    Args:
        files: the verified model file.
        context: longest prompt and answer together, in tokens; at most what the model was made for.
        threads: CPU threads that write; None for what suits machine and model.
        parallel: requests answered at the same time.
    """

    def __init__(
        self, files: ModelFiles, *, context: int = 4096, threads: int | None = None, parallel: int = 1
    ) -> None:
        self.parallel = parallel
        self._files = files
        self._context = context
        self._cores = _cores()
        self._threads = threads or _writing_threads(self._cores, files.weights.stat().st_size)
        self._adapters: OrderedDict[str, Path] = OrderedDict()
        self._session: LlamaSession | None = None
        self._busy = 0
        self._anew = 0
        self._gate = threading.Condition()

    @cached_property
    def _header(self) -> GgufHeader:
        header = read_header(self._files.weights)
        if header.is_adapter or not header.has_chat_template:
            raise ModelError(
                f"{self._files.weights} is not a chat model (it has no chat template): use an instruction-tuned one."
            )
        return header

    @cached_property
    def _info(self) -> EngineInfo:
        header, model = self._header, self._files.model
        return EngineInfo(
            name=self._files.id,
            kind="llama",
            hash=self._files.hash,
            context=min(self._context, header.context or self._context),
            remote=False,
            version=f"xllamacpp {importlib.metadata.version('xllamacpp')}",
            parameters=model.parameters if model else header.parameters,
            licence=model.licence if model else header.licence,
            capabilities=frozenset(Capability),
        )

    def info(self) -> EngineInfo:
        return self._info

    def run_stream(self, request: Request) -> Iterator[str | Completion]:
        started = time.perf_counter()
        with self._turn(request.adapter) as (session, adapter):
            events = session.events(request, self._prompt(session, request.messages), adapter)
            text, logprobs, last = "", list[TokenLogprob](), dict[str, Any]()
            with contextlib.closing(events):
                for last in events:
                    logprobs += _logprobs(last)
                    if piece := last["content"]:
                        text += piece
                        yield piece
            if not last.get("stop"):
                raise EngineError(f"The language model {self._files.id} broke off in mid-answer: ask again.")
            yield _completion(request, text, logprobs, last, time.perf_counter() - started)

    def score(
        self, messages: Sequence[Message], continuations: Sequence[str], *, adapter: Path | None = None
    ) -> list[Score]:
        """How likely each continuation is as the beginning of the answer; reads the prompt once."""
        with self._turn(adapter) as (session, loaded):
            return session.score(self._prompt(session, messages), continuations, loaded)

    def count_tokens(self, text: str) -> int:
        with self._turn(None) as (session, _):
            return len(session.writer.text_tokens(text))

    def render(self, messages: Sequence[Message], *, reply: bool = True) -> str:
        """The conversation as the model's chat template writes it.

        Args:
            reply: end with the beginning of an assistant's turn, for the model to go on.
        """
        with self._turn(None) as (session, _):
            return session.writer.render(messages, reply=reply)

    def close(self) -> None:
        with self._gate:
            session, self._session = self._session, None
        if session is not None:
            session.close()

    def _prompt(self, session: LlamaSession, messages: Sequence[Message]) -> Prompt:
        prompt, context = session.writer.prompt(messages), self._info.context
        if len(prompt.tokens) >= context:
            raise ContextOverflowError(
                f"The prompt is {len(prompt.tokens)} tokens long and the model {self._files.id} reads at most "
                f"{context - 1}: shorten it, or raise engine.context as far as the model allows."
            )
        return prompt

    @contextlib.contextmanager
    def _turn(self, path: Path | None) -> Iterator[tuple[LlamaSession, str | None]]:
        """Wait for a free place, and until the adapter is loaded."""
        adapter = None if path is None else file_hash(path)
        with self._gate:
            session = self._admitted(path, adapter)
            self._busy += 1
        try:
            yield session, adapter
        except RefusedError as error:
            # llama.cpp's own words may quote the prompt, so they stay inside.
            raise EngineError(
                f"llama.cpp, or the chat template of {self._files.id}, refused a request "
                f"({error.kind or error.status}): check its messages, schema and grammar."
            ) from None
        finally:
            with self._gate:
                self._busy -= 1
                self._gate.notify_all()

    def _admitted(self, path: Path | None, adapter: str | None) -> LlamaSession:
        """Called with the gate held. Who needs the model anew goes first, or would never find it idle."""
        anew = not self._has(adapter)
        self._anew += anew
        try:
            while (
                self._busy >= self.parallel
                or (self._busy and not self._has(adapter))
                or (self._anew and not anew and self._session is not None)
            ):
                self._gate.wait()
            return self._with(path, adapter)
        finally:
            self._anew -= anew
            self._gate.notify_all()

    def _has(self, adapter: str | None) -> bool:
        return self._session is not None and (adapter is None or adapter in self._session.adapters)

    def _with(self, path: Path | None, adapter: str | None) -> LlamaSession:
        """The session with this adapter; begun, or begun anew, where it has to be."""
        if adapter is not None and path is not None:
            if adapter not in self._adapters:
                check_adapter(path, self._header, self._files.hash)
                self._adapters[adapter] = path
            self._adapters.move_to_end(adapter)
        if self._session is not None and self._has(adapter):
            return self._session
        for known in [each for each, place in self._adapters.items() if not place.exists()]:  # erased meanwhile
            del self._adapters[known]
        while len(self._adapters) > _ADAPTERS:
            self._adapters.popitem(last=False)
        self.close()
        try:
            self._session = LlamaSession(
                self._files.weights,
                self._header,
                dict(self._adapters),
                context=self._info.context,
                threads=self._threads,
                batch_threads=self._cores,
                parallel=self.parallel,
            )
        except EngineError:
            if adapter is not None:
                del self._adapters[adapter]
            raise
        return self._session


@engine("llama")
def open_llama(options: EngineOptions) -> LlamaEngine:
    """A packaged model or a ``.gguf`` file."""
    return LlamaEngine(
        locate(options.model), context=options.context, threads=options.threads, parallel=options.parallel or 1
    )


def _completion(
    request: Request, text: str, logprobs: Sequence[TokenLogprob], last: Mapping[str, Any], seconds: float
) -> Completion:
    finish = Finish.LENGTH if last["stop_type"] == "limit" else Finish.STOP
    if finish is Finish.STOP and request.schema is not None and not follows(text, request.schema):
        finish = Finish.INVALID
    return Completion(
        text,
        tokens_in=int(last["tokens_evaluated"]),
        tokens_out=int(last["tokens_predicted"]),
        seconds=seconds,
        finish=finish,
        logprobs=tuple(logprobs),
    )


def _logprobs(event: Mapping[str, Any]) -> list[TokenLogprob]:
    return [
        TokenLogprob(
            entry["token"], entry["logprob"], tuple((top["token"], top["logprob"]) for top in entry["top_logprobs"])
        )
        for entry in event.get("completion_probabilities", ())
    ]


def _cores() -> int:
    """CPUs this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _writing_threads(cores: int, model_bytes: int) -> int:
    """One on two cores, whose second would spin more than it helps; half the cores beyond."""
    most = 2 if model_bytes < _SMALL_MODEL else _MAX_THREADS
    return max(1, min(cores // 2, most))
