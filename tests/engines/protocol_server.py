"""A server on the loopback interface that speaks OpenAI's and Anthropic's protocols, with the quirks real ones have.

Its "model" repeats the last message, or fills a schema: what is tested is the
way there and back.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Quirk = Callable[[dict[str, Any]], "Refusal | None"]


@dataclass
class Refusal:
    status: int
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Protocol:
    """What the server does, and what it saw."""

    quirks: list[Quirk] = field(default_factory=list)
    """Asked first; the first refusal is sent."""
    reply: str | None = None
    """Said instead of repeating the last message."""
    page: str = ""
    """Sent instead of any answer: what a web server says that knows no models."""
    stop_reason: str = ""
    counts_tokens: bool = True
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    url: str = ""


def refuse(field_name: str, *, status: int = 400, message: str = "") -> Quirk:
    """A server that does not know a field."""
    text = message or f"Unsupported parameter: '{field_name}'."
    error = {"message": text, "type": "invalid_request_error", "param": field_name, "code": "unsupported_parameter"}
    return lambda body: Refusal(status, {"error": error}) if field_name in body else None


def fail(times: int, status: int) -> Quirk:
    """A server that is busy for so many requests."""
    left = iter(range(times))

    def quirk(_: dict[str, Any]) -> Refusal | None:
        error = {"message": "busy", "type": "overloaded_error"}
        return None if next(left, None) is None else Refusal(status, {"error": error}, {"retry-after-ms": "1"})

    return quirk


@contextlib.contextmanager
def serve() -> Iterator[Protocol]:
    """The server, until the block ends."""
    protocol = Protocol()

    class Handler(_Handler):
        state = protocol

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    protocol.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield protocol
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    state: Protocol
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.state.requests.append(body)
        self.state.headers.append({name.lower(): value for name, value in self.headers.items()})
        for quirk in self.state.quirks:
            if refusal := quirk(body):
                self._send(refusal.status, refusal.body, refusal.headers)
                return
        if self.state.page:
            self._send_page(self.state.page.encode())
            return
        text = self.state.reply if self.state.reply is not None else _answer(body)
        limit = body.get("max_tokens") or body.get("max_completion_tokens")
        words = text.split(" ")
        text, cut = " ".join(words[:limit]), len(words) > limit
        tokens_in = sum(len(message["content"].split()) for message in body["messages"])
        answer = _openai if self.path.endswith("/chat/completions") else _anthropic
        whole, events = answer(self.state, body, text, cut, tokens_in)
        if body.get("stream"):
            self._send_events(events)
        else:
            self._send(200, whole, {})

    def _send(self, status: int, body: dict[str, Any], headers: dict[str, str]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Type": "application/json", "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _send_page(self, data: bytes) -> None:
        self.send_response(200)
        kind = "application/json" if data.startswith(b"{") else "text/html"
        for name, value in {"Content-Type": kind, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _send_events(self, events: list[tuple[str, Any]]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for name, value in events:
            data = value if isinstance(value, str) else json.dumps(value)
            self.wfile.write((f"event: {name}\n" if name else "").encode() + f"data: {data}\n\n".encode())
        self.close_connection = True


def _answer(body: dict[str, Any]) -> str:
    constrained = body.get("response_format") or body.get("output_config")
    return '{"days": 13}' if constrained else str(body["messages"][-1]["content"])


def _openai(
    state: Protocol, body: dict[str, Any], text: str, cut: bool, tokens_in: int
) -> tuple[dict[str, Any], list[tuple[str, Any]]]:
    finish = state.stop_reason or ("length" if cut else "stop")
    usage = {"prompt_tokens": tokens_in, "completion_tokens": len(text.split(" ")), "total_tokens": 0}
    pieces = [word + " " for word in text.split(" ")[:-1]] + text.split(" ")[-1:]
    top = int(body.get("top_logprobs", 0))

    def logprobs(words: list[str]) -> Any:
        entry = [{"token": w, "logprob": -0.5, "top_logprobs": [{"token": w, "logprob": -0.5}] * top} for w in words]
        return {"content": entry} if body.get("logprobs") else None

    head = {"id": "1", "created": 0, "model": body["model"]}
    whole = {
        **head,
        "object": "chat.completion",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text},
                "finish_reason": finish,
                "logprobs": logprobs(pieces),
            }
        ],
        "usage": usage if state.counts_tokens else None,
    }
    chunk = {**head, "object": "chat.completion.chunk"}
    events: list[tuple[str, Any]] = [
        (
            "",
            {
                **chunk,
                "choices": [
                    {"index": 0, "delta": {"content": piece}, "finish_reason": None, "logprobs": logprobs([piece])}
                ],
            },
        )
        for piece in pieces
    ]
    events.append(("", {**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}))
    if body.get("stream_options", {}).get("include_usage"):
        events.append(("", {**chunk, "choices": [], "usage": usage}))
    return whole, [*events, ("", "[DONE]")]


def _anthropic(
    state: Protocol, body: dict[str, Any], text: str, cut: bool, tokens_in: int
) -> tuple[dict[str, Any], list[tuple[str, Any]]]:
    reason = state.stop_reason or ("max_tokens" if cut else "end_turn")
    written = len(text.split(" "))
    head = {"id": "1", "type": "message", "role": "assistant", "model": body["model"], "stop_sequence": None}
    whole = {
        **head,
        "content": [{"type": "text", "text": text}],
        "stop_reason": reason,
        "usage": {"input_tokens": tokens_in, "output_tokens": written},
    }
    begin = {**head, "content": [], "stop_reason": None, "usage": {"input_tokens": tokens_in, "output_tokens": 1}}
    pieces = [word + " " for word in text.split(" ")[:-1]] + text.split(" ")[-1:]
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": begin},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *(
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}
            for piece in pieces
        ),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": reason, "stop_sequence": None},
            "usage": {"output_tokens": written},
        },
        {"type": "message_stop"},
    ]
    return whole, [(str(event["type"]), event) for event in events]
