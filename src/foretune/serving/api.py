"""``/v1/chat/completions`` as OpenAI's clients speak it.

Source: https://platform.openai.com/docs/api-reference/chat. Beyond it, a request
may carry ``filters`` (as ``foretune ask --filter``), and a reply carries ``citations``
(number, document, passage, start, end, quote) and ``outcome``. Requests need the API key; what they say reaches no log.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import time
import uuid
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from foretune.engines import ContextOverflowError
from foretune.errors import ForetuneError, InputError
from foretune.serving.chat_request import ChatRequest, problem
from foretune.serving.desk import Begun, Desk, Piece
from foretune.serving.runtime import Reply
from foretune.serving.words import in_words
from foretune.vault import Principal, Role

__all__ = ["MAX_BODY_BYTES", "build_app"]

MAX_BODY_BYTES = 1_000_000

_HINTS = {
    404: "There is nothing at this address: POST /v1/chat/completions answers, GET /v1/models says who.",
    405: "This address does not take this method: POST /v1/chat/completions answers, GET /v1/models says who.",
}
_DEFECT = "The server failed at this request; whoever runs it has been told where."


def build_app(
    desk: Desk,
    *,
    api_key: str,
    say: Callable[[str], None],
    principal: Callable[[str], Principal | None] = lambda _: None,
    refused: Callable[[], None] = lambda: None,
) -> FastAPI:
    """The application.

    Args:
        api_key: what ``Authorization: Bearer …`` has to carry, to be answered as whoever serves.
        say: shows a sentence to whoever runs the server.
        principal: whose key another one is, to be answered from what that principal may see.
        refused: told of each request with neither.
    """
    app = FastAPI(title="Foretune", docs_url=None, redoc_url=None, openapi_url=None)

    def authorised(http: Request, authorization: Annotated[str, Header()] = "") -> None:
        scheme, _, key = authorization.partition(" ")
        # Header values are decoded as Latin-1: back to the bytes that were sent.
        sent = key.encode("latin-1")
        owns = hmac.compare_digest(sent, api_key.encode())
        who = None if owns else principal(sent.decode("utf-8", "replace"))
        if scheme.lower() != "bearer" or not (owns or (who and who.role != Role.AUDITOR)):
            refused()
            raise HTTPException(
                401,
                "The API key is missing or wrong: send it as `Authorization: Bearer KEY`.",
                {"WWW-Authenticate": "Bearer"},
            )
        http.state.principal = who

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> JSONResponse:
        body = _error(error.status_code, _HINTS.get(error.status_code, error.detail))
        return JSONResponse(body, error.status_code, error.headers)

    @app.exception_handler(ValidationError)
    async def _invalid(_: Request, error: ValidationError) -> JSONResponse:
        where, sentence = problem(error)
        return JSONResponse(_error(400, sentence, param=where or None), 400)

    @app.exception_handler(ForetuneError)
    async def _foretune(_: Request, error: ForetuneError) -> JSONResponse:
        status = 400 if isinstance(error, ContextOverflowError | InputError) else 503
        return JSONResponse(_error(status, str(error)), status)

    @app.exception_handler(Exception)
    async def _defect(_: Request, error: Exception) -> JSONResponse:
        say(f"A request failed: {in_words(error)}")
        return JSONResponse(_error(500, _DEFECT), 500)

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/v1/models", dependencies=[Depends(authorised)])
    async def models() -> dict[str, Any]:
        model = {"id": desk.release, "object": "model", "created": 0, "owned_by": "foretune"}
        return {"object": "list", "data": [model]}

    @app.post("/v1/chat/completions", dependencies=[Depends(authorised)], response_model=None)
    async def chat(http: Request) -> JSONResponse | StreamingResponse:
        request = ChatRequest.model_validate_json(await _body(http))
        pieces = desk.answer(replace(request.asked(), principal=http.state.principal))
        if not request.stream:
            return JSONResponse(await _whole(http, pieces))
        # What fails before the first word still gets a status of its own.
        begun, first = await anext(pieces), await anext(pieces)
        assert isinstance(begun, Begun)
        head = _head(begun, "chat.completion.chunk")
        return _EventStream(pieces, _events(head, first, pieces, request.stream_options.include_usage, say))

    return app


class _EventStream(StreamingResponse):
    """Server-sent events of an answer, which is given up when the client goes."""

    def __init__(self, pieces: AsyncGenerator[Piece, None], events: AsyncGenerator[str, None]) -> None:
        super().__init__(events, media_type="text/event-stream", headers={"Cache-Control": "no-store"})
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with contextlib.aclosing(self._pieces):
            await super().__call__(scope, receive, send)


async def _body(http: Request) -> bytes:
    """The request's body, as long as it is not too large; its length need not be announced."""
    body = bytearray()
    async for chunk in http.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise HTTPException(413, f"The request is larger than {MAX_BODY_BYTES:,} bytes: shorten the conversation.")
    return bytes(body)


async def _whole(http: Request, pieces: AsyncGenerator[Piece, None]) -> dict[str, Any]:
    """The answer in one piece; given up where nobody waits for it any more."""
    head: dict[str, Any] = {}
    async with contextlib.aclosing(pieces):
        async for piece in pieces:
            if isinstance(piece, Begun):
                head = _head(piece, "chat.completion")
            elif isinstance(piece, Reply):
                message = {"role": "assistant", "content": piece.text, "refusal": None}
                choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": piece.finish}
                return {**head, "choices": [choice], "usage": _usage(piece), **_beyond(piece)}
            elif await http.is_disconnected():
                break
    return {}


async def _events(
    head: dict[str, Any],
    first: Piece,
    pieces: AsyncGenerator[Piece, None],
    include_usage: bool,
    say: Callable[[str], None],
) -> AsyncGenerator[str, None]:
    """Server-sent events, one a piece, closed by ``[DONE]``."""
    usage = {"usage": None} if include_usage else {}

    def event(delta: dict[str, str], finish: str | None = None, **more: Any) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _event({**head, "choices": [choice], **usage, **more})

    def events(piece: Piece) -> str:
        if not isinstance(piece, Reply):
            return event({"content": str(piece)})
        last = event({}, piece.finish, **_beyond(piece))
        return last + _event({**head, "choices": [], "usage": _usage(piece)}) if include_usage else last

    yield event({"role": "assistant", "content": ""}) + events(first)
    try:
        async for piece in pieces:
            yield events(piece)
    except ForetuneError as error:
        yield _event(_error(503, str(error)))
    except Exception as error:
        say(f"A request failed: {in_words(error)}")
        yield _event(_error(500, _DEFECT))
    yield "data: [DONE]\n\n"


def _event(data: dict[str, Any]) -> str:
    # In ASCII: some clients also split lines at Unicode's other line separators.
    return f"data: {json.dumps(data)}\n\n"


def _head(begun: Begun, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{uuid.uuid4().hex}", "object": kind, "created": int(time.time()), "model": begun.release}


def _usage(reply: Reply) -> dict[str, int]:
    return {
        "prompt_tokens": reply.tokens_in,
        "completion_tokens": reply.tokens_out,
        "total_tokens": reply.tokens_in + reply.tokens_out,
    }


def _beyond(reply: Reply) -> dict[str, Any]:
    return {"citations": [dict(citation) for citation in reply.citations], "outcome": reply.outcome}


def _error(status: int, message: str, *, param: str | None = None) -> dict[str, Any]:
    kind = "authentication_error" if status == 401 else "server_error" if status >= 500 else "invalid_request_error"
    return {"error": {"message": message, "type": kind, "param": param, "code": None}}
