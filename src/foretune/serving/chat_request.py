"""The body of a chat request: what is honoured, what is refused, what is ignored.

Source: https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from foretune.retrieval import read_filters
from foretune.serving.runtime import Asked
from foretune.types import Message

__all__ = ["ChatRequest", "problem"]

_ONLY: dict[str, tuple[object, ...]] = {
    "n": (1,),
    "logprobs": (False,),
    "tools": ([],),
    "functions": ([],),
    "response_format": ({"type": "text"},),
}
"""Parameters with which a client expects another kind of answer than one text; these values change nothing."""


def _text(content: object) -> str:
    """Content as one string: it may come in parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else [None]
    texts = [part.get("text") if isinstance(part, dict) and part.get("type") == "text" else None for part in parts]
    if not all(isinstance(text, str) for text in texts):
        raise PydanticCustomError("content", "has to be a string or a list of parts of the type text")
    return "".join(text for text in texts if text)


class _Turn(BaseModel):
    role: Literal["system", "developer", "user", "assistant"]
    content: Annotated[str, BeforeValidator(_text)]

    def message(self) -> Message:
        return Message("system" if self.role == "developer" else self.role, self.content)


class _StreamOptions(BaseModel):
    include_usage: bool = False


def _as_list(stop: object) -> object:
    return [stop] if isinstance(stop, str) else stop


class ChatRequest(BaseModel):
    """A chat request; other parameters (``top_p``, ``user`` …) are ignored."""

    model_config = ConfigDict(allow_inf_nan=False)

    model: str
    """Any name: the current release answers, and the reply says which it is."""
    messages: list[_Turn] = Field(min_length=1)
    stream: bool = False
    stream_options: _StreamOptions = _StreamOptions()
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    temperature: float = Field(0.0, ge=0, le=2)
    seed: int = Field(0, ge=-(2**63), lt=2**63)
    stop: Annotated[list[str], BeforeValidator(_as_list)] = Field([], max_length=4)
    filters: Annotated[list[str], BeforeValidator(_as_list)] = Field([], max_length=32)
    """Beyond OpenAI's: answer only from documents that these let through, such as ``author=…`` or ``date>=2021``."""

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, body: Any) -> Any:
        """Null stands for the default; what cannot be done is refused by name."""
        if not isinstance(body, dict):
            return body
        given = {name: value for name, value in body.items() if value is not None}
        for name, harmless in _ONLY.items():
            if name in given and given[name] not in harmless:
                raise PydanticCustomError("unsupported", "cannot be used here: an answer is one text", {"name": name})
        return given

    @model_validator(mode="after")
    def _question_last(self) -> ChatRequest:
        last = self.messages[-1]
        if last.role != "user" or not last.content.strip():
            raise PydanticCustomError(
                "question", "the last one has to be the user's, and not empty", {"name": "messages"}
            )
        return self

    def asked(self) -> Asked:
        """The conversation, for a runtime."""
        return Asked(
            tuple(turn.message() for turn in self.messages),
            self.max_completion_tokens or self.max_tokens,
            self.temperature,
            self.seed % 2**63,
            tuple(text for text in self.stop if text),
            read_filters(self.filters),
        )


def problem(error: ValidationError) -> tuple[str, str]:
    """The parameter that is wrong (empty for the whole body) and a sentence about it, without its value."""
    first = error.errors(include_input=False, include_url=False)[0]
    # A check of the whole body names the parameter itself.
    name = ".".join(str(part) for part in first["loc"]) or str(first.get("ctx", {}).get("name", ""))
    return name, f"{name}: {first['msg']}." if name else f"{first['msg']}."
