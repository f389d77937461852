"""Anthropic's messages API.

It takes no seed and, in its present version, no temperature: what is asked at
any temperature is answered at the model's own.
Protocol: https://platform.claude.com/docs/en/api/messages
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from foretune.engines.registry import EngineOptions, engine
from foretune.engines.remote import RemoteEngine, client_options
from foretune.engines.schema import check_schema
from foretune.engines.types import Capability, Completion, Finish, Request

if TYPE_CHECKING:
    from anthropic import Anthropic

__all__ = ["AnthropicEngine"]

_FINISH = {
    "max_tokens": Finish.LENGTH,
    "model_context_window_exceeded": Finish.LENGTH,
    "refusal": Finish.REFUSED,
}


@engine("anthropic")
class AnthropicEngine(RemoteEngine):
    """A model behind Anthropic's API, or a server that speaks it."""

    def __init__(self, options: EngineOptions) -> None:
        super().__init__(
            "anthropic",
            options,
            frozenset({Capability.SCHEMA}),
            vendor_url="https://api.anthropic.com",
            vendor_variable="ANTHROPIC_API_KEY",
        )

    @cached_property
    def _client(self) -> Anthropic:
        import anthropic

        return anthropic.Anthropic(**client_options(anthropic, self), open_telemetry=False)

    def run(self, request: Request) -> Completion:
        import anthropic

        started = time.perf_counter()
        self._require(request)
        with self._plain_failures(anthropic):
            answer = self._client.messages.create(**self._body(request))
        self._require_completion(bool(getattr(answer, "type", None)))
        return self._done(request, answer, started)

    def run_stream(self, request: Request) -> Iterator[str | Completion]:
        import anthropic

        started = time.perf_counter()
        self._require(request)
        with self._plain_failures(anthropic), self._client.messages.stream(**self._body(request)) as stream:
            begun = False
            for event in stream:
                begun = True
                if event.type == "text":
                    yield event.text
            self._require_completion(begun)
            answer = stream.get_final_message()
        yield self._done(request, answer, started)

    def close(self) -> None:
        if "_client" in self.__dict__:
            self._client.close()
            del self._client

    def _done(self, request: Request, answer: Any, started: float) -> Completion:
        text = "".join(block.text for block in answer.content if block.type == "text")
        finish = _FINISH.get(answer.stop_reason, Finish.STOP)
        counts = answer.usage
        # What was found in the provider's prompt cache is counted apart.
        read = counts.input_tokens + (counts.cache_read_input_tokens or 0) + (counts.cache_creation_input_tokens or 0)
        usage = (read, counts.output_tokens)
        return self._completion(request, text, usage, finish, time.perf_counter() - started)

    def _body(self, request: Request) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._options.model,
            "max_tokens": request.max_tokens,
            "messages": [
                {"role": message.role, "content": message.content}
                for message in request.messages
                if message.role != "system"
            ],
        }
        if system := "\n\n".join(message.content for message in request.messages if message.role == "system"):
            body["system"] = system
        if request.stop:
            body["stop_sequences"] = list(request.stop)
        if request.schema is not None:
            check_schema(request.schema)
            body["output_config"] = {"format": {"type": "json_schema", "schema": dict(request.schema)}}
        return body
