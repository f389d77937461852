"""What is asked of a language model and what comes back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, runtime_checkable

from foretune.errors import EngineError
from foretune.types import Message, digest

__all__ = [
    "Capability",
    "Completion",
    "ContextOverflowError",
    "Engine",
    "EngineInfo",
    "Finish",
    "Request",
    "Score",
    "Scorer",
    "TokenLogprob",
]


class ContextOverflowError(EngineError):
    """A prompt does not fit into the context window."""


class Capability(StrEnum):
    """What not every engine can do; asking for more raises :class:`EngineError`."""

    SCHEMA = "schema"
    """Output that follows a JSON schema by construction."""
    GRAMMAR = "grammar"
    """Output that follows a GBNF grammar by construction."""
    ADAPTER = "adapter"
    """LoRA adapter files, switched per request."""
    LOGPROBS = "logprobs"
    """Log-probabilities of the tokens written, and of their alternatives."""
    SEED = "seed"
    """The same request gives the same text, also above temperature 0."""


@dataclass(frozen=True, slots=True)
class Request:
    """One thing to ask, with everything the answer depends on but the engine."""

    messages: tuple[Message, ...]
    max_tokens: int
    temperature: float = 0.0
    """0 takes the likeliest token each time."""
    seed: int = 0
    schema: Mapping[str, Any] | None = None
    """JSON schema the text will follow; its properties are written in the order given."""
    grammar: str | None = None
    """GBNF the text will follow (https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md)."""
    adapter: Path | None = None
    """LoRA adapter (GGUF) to answer with; None for the model as it is."""
    stop: tuple[str, ...] = ()
    """Strings that end the text; they are not part of it."""
    logprobs: int = 0
    """How many likeliest tokens to report at each place; 0 reports none."""

    def __post_init__(self) -> None:
        if not self.messages:
            raise ValueError("a request needs at least one message")
        if self.max_tokens < 1 or self.temperature < 0 or self.seed < 0 or self.logprobs < 0:
            raise ValueError("max_tokens must be at least 1; temperature, seed and logprobs at least 0")
        if self.schema is not None and self.grammar is not None:
            raise ValueError("a request takes a schema or a grammar, not both")

    @property
    def digest(self) -> str:
        """Identity of what is asked; the adapter counts by its content, so it is not in here."""
        return digest(
            [(message.role, message.content) for message in self.messages],
            self.max_tokens,
            self.temperature,
            self.seed,
            # As text: the order of properties is the order of the output.
            None if self.schema is None else json.dumps(self.schema, ensure_ascii=False),
            self.grammar,
            self.stop,
            self.logprobs,
        )


class Finish(StrEnum):
    """Why a text ends where it ends."""

    STOP = "stop"
    """The model was done, or wrote a stop string."""
    LENGTH = "length"
    """``max_tokens`` or the end of the context window."""
    INVALID = "invalid"
    """The model was done, but the text does not follow the schema that was asked for."""
    REFUSED = "refused"
    """The provider's filter, or the model, declined."""


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """A token that was written, and what could have stood there."""

    token: str
    logprob: float
    """Natural logarithm of the model's own probability, before any constraint."""
    top: tuple[tuple[str, float], ...] = ()
    """The likeliest tokens at this place, best first."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model wrote, and what that took."""

    text: str
    tokens_in: int
    tokens_out: int
    seconds: float
    """Wall time of the call, waiting for a free engine included; of the first call when cached."""
    cost: float = 0.0
    """In the currency of the plan's prices; 0 on this machine."""
    finish: Finish = Finish.STOP
    logprobs: tuple[TokenLogprob, ...] = ()
    cached: bool = False
    """It was not asked now, but found in the cache: nothing was spent."""

    def json(self) -> Any:
        """The text as a JSON value.

        Raises:
            EngineError: it is none (cut off by ``max_tokens``, say).
        """
        try:
            return json.loads(self.text)
        except ValueError:
            raise EngineError(
                f"The language model's answer of {self.tokens_out} tokens is not JSON (it ended by {self.finish}): "
                "allow more tokens or use a larger model."
            ) from None

    def to_json(self) -> str:
        """For a :class:`~foretune.engines.CompletionStore`."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Completion:
        """Undo :meth:`to_json`."""
        fields = json.loads(text)
        logprobs = tuple(
            TokenLogprob(entry["token"], entry["logprob"], tuple((token, value) for token, value in entry["top"]))
            for entry in fields.pop("logprobs")
        )
        return cls(**{**fields, "finish": Finish(fields["finish"])}, logprobs=logprobs)


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """Which language model this is."""

    name: str
    kind: str
    """The registered kind: ``llama``, ``openai``, ``anthropic``, …"""
    hash: str
    """SHA-256 of the model file; of address and name where the model is elsewhere."""
    context: int
    """Longest prompt and answer together, in tokens."""
    remote: bool
    """Whether what is asked leaves this machine."""
    version: str = ""
    """Of the software that runs the model on this machine: a new one may word things differently."""
    parameters: int | None = None
    licence: str = ""
    """SPDX identifier, or what the model file says; empty where nothing says."""
    capabilities: frozenset[Capability] = frozenset()


@dataclass(frozen=True, slots=True)
class Score:
    """How likely a model finds a given text."""

    logprob: float
    """Natural logarithm of the probability of the whole text."""
    tokens: int


class Engine(Protocol):
    """A language model.

    All methods may be called from several threads. A stream that is not read
    to its end must be closed before the same thread asks anything else.
    """

    parallel: int
    """Requests answered at the same time; others wait."""

    def info(self) -> EngineInfo:
        """Which model this is; does not start it."""

    def complete(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        seed: int = 0,
        schema: Mapping[str, Any] | None = None,
        grammar: str | None = None,
        adapter: Path | None = None,
        stop: Sequence[str] = (),
        logprobs: int = 0,
    ) -> Completion:
        """Ask once; parameters as in :class:`Request`.

        Raises:
            ContextOverflowError: the prompt is longer than the context window.
            EngineError: the model did not start, did not answer, or cannot do what is asked.
            ModelError: a model or adapter file is missing, damaged or does not fit.
        """

    def run(self, request: Request) -> Completion:
        """As :meth:`complete`, for a request made elsewhere."""

    def run_stream(self, request: Request) -> Iterator[str | Completion]:
        """As :meth:`stream`, for a request made elsewhere."""

    def complete_many(self, requests: Sequence[Request]) -> Iterator[tuple[int, Completion]]:
        """Ask all; yields position and completion as each is done, so that the caller can keep it.

        The first failure is raised and ends the work, as does closing the iterator.
        """

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        seed: int = 0,
        schema: Mapping[str, Any] | None = None,
        grammar: str | None = None,
        adapter: Path | None = None,
        stop: Sequence[str] = (),
        logprobs: int = 0,
    ) -> Iterator[str | Completion]:
        """As :meth:`complete`, piece by piece; the completion comes last."""

    def count_tokens(self, text: str) -> int:
        """Length of ``text`` in the model's tokens; an estimate on the high side where it is elsewhere."""

    def close(self) -> None:
        """Stop the model and give its memory back; may be called twice."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


@runtime_checkable
class Scorer(Protocol):
    """An engine that can say how likely a text is, not only write one."""

    def score(
        self, messages: Sequence[Message], continuations: Sequence[str], *, adapter: Path | None = None
    ) -> list[Score]:
        """How likely each continuation is as the beginning of the answer to ``messages``."""
