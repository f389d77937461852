"""What engines behind an address share: the key, the price, and failures in plain words."""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import math
import os
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from foretune.engines.base import BaseEngine
from foretune.engines.registry import EngineOptions
from foretune.engines.schema import follows
from foretune.engines.types import Capability, Completion, ContextOverflowError, EngineInfo, Finish, Request
from foretune.errors import EngineError
from foretune.types import digest

__all__ = ["RETRIES", "RemoteEngine", "api_key", "client_options", "error_code", "on_this_machine", "shown_address"]

RETRIES = 5
"""Of a call that failed for the moment (429, 5xx, connection lost), with growing waits between (the clients do it)."""
_SECONDS = 600.0
_CONNECT_SECONDS = 10.0
_PARALLEL = 4
_BYTES_PER_TOKEN = 3
"""English has about four (https://help.openai.com/en/articles/4936856); three keeps estimates on the high side."""

_CODE = re.compile(r"[a-z][a-z0-9_]{2,40}")
"""What an error's short name looks like; longer texts could quote the prompt and are not shown."""
_REASONS = {
    400: "it does not accept the request",
    401: "the API key is wrong",
    403: "the API key is not allowed to do this",
    404: "it does not know the model or the address",
    413: "the prompt is too long",
    422: "it does not accept the request",
    429: "too much was asked of it, or the account is empty",
}
_ADVICE = {
    401: "check the key in the environment variable {variable}",
    403: "check the key in the environment variable {variable}",
    404: "check engine.model and engine.url in foretune.toml",
    413: "shorten the prompt",
    429: "wait, or ask less at a time",
}


class RemoteEngine(BaseEngine):
    """A model behind an address.

    Args:
        vendor_url: used where the options name no address.
        vendor_variable: names the key there, where the options name none.

    Raises:
        EngineError: the address is none, or the API key is not set.
    """

    def __init__(
        self,
        kind: str,
        options: EngineOptions,
        capabilities: frozenset[Capability],
        *,
        vendor_url: str,
        vendor_variable: str,
    ) -> None:
        self.parallel = options.parallel or _PARALLEL
        self._options = options
        self._url = options.url or vendor_url
        if urlsplit(self._url).scheme not in ("http", "https") or not urlsplit(self._url).hostname:
            raise EngineError(
                f"engine.url is {self._url!r}, which is not an address: write it like http://localhost:8000/v1."
            )
        self._variable = options.api_key_variable or ("" if options.url else vendor_variable)
        self._key = api_key(self._variable)
        self._info = EngineInfo(
            name=options.model,
            kind=kind,
            hash=digest(kind, self._url, options.model),
            context=options.context,
            remote=not on_this_machine(self._url),
            capabilities=capabilities,
        )

    def info(self) -> EngineInfo:
        return self._info

    def count_tokens(self, text: str) -> int:
        return math.ceil(len(text.encode("utf-8", "replace")) / _BYTES_PER_TOKEN)

    def _completion(
        self, request: Request, text: str, usage: tuple[int, int] | None, finish: Finish, seconds: float, **rest: Any
    ) -> Completion:
        """Priced, and checked against the schema; where the server counts no tokens they are estimated."""
        tokens_in, tokens_out = usage or (
            sum(self.count_tokens(message.content) for message in request.messages),
            self.count_tokens(text),
        )
        if finish is Finish.STOP and request.schema is not None and not follows(text, request.schema):
            finish = Finish.INVALID
        cost = (tokens_in * self._options.price_in + tokens_out * self._options.price_out) / 1e6
        return Completion(text, tokens_in, tokens_out, seconds, cost, finish, **rest)

    def _require_completion(self, whole: bool) -> None:
        """Refuse what an address sends that is up and no model's: a web page, or JSON of another kind.

        Raises:
            EngineError: ``whole`` is false; one sentence.
        """
        if not whole:
            raise EngineError(
                f"The engine {self._info.kind} at {shown_address(self._url)} answers with something that is no "
                "completion (a web page, say): engine.url in foretune.toml has to be the address of the API, "
                "which mostly ends in /v1."
            )

    @contextlib.contextmanager
    def _plain_failures(self, sdk: ModuleType) -> Iterator[None]:
        """One sentence without a word of prompt, answer or key; both SDKs name their exceptions alike."""
        where = f"The engine {self._info.kind} at {shown_address(self._url)}"
        try:
            yield
        except sdk.APITimeoutError:
            raise EngineError(f"{where} did not answer in time: try again, or use a faster one.") from None
        except sdk.APIConnectionError:
            raise EngineError(f"{where} cannot be reached: start it, or check engine.url in foretune.toml.") from None
        except sdk.APIStatusError as error:
            status, code = error.status_code, error_code(error.body)
            if code == "context_length_exceeded" or code == "exceed_context_size_error":
                raise ContextOverflowError(
                    f"The prompt is too long for {self._info.name} at {shown_address(self._url)}: shorten it."
                ) from None
            reason = _REASONS.get(status, "it has trouble of its own")
            advice = _ADVICE.get(status, "try again later").format(variable=self._variable or "you name")
            shown = f"{status}, {code}" if code else str(status)
            raise EngineError(f"{where} refused: {reason} ({shown}): {advice}.") from None
        except sdk.APIError:
            raise EngineError(f"{where} answered something that cannot be read: check what runs there.") from None


def client_options(sdk: ModuleType, engine: RemoteEngine) -> dict[str, Any]:
    """What both SDKs' clients are opened with: no redirects (a prompt goes where the plan says, or nowhere)."""
    if not os.environ.get("FORETUNE_DEBUG"):
        # Below WARNING the SDKs log what is sent.
        logging.getLogger(sdk.__name__).setLevel(logging.WARNING)
    return {
        "api_key": engine._key,
        "base_url": engine._url,
        "max_retries": RETRIES,
        "timeout": sdk.Timeout(_SECONDS, connect=_CONNECT_SECONDS),
        # A proxy is for other machines.
        "http_client": sdk.DefaultHttpxClient(follow_redirects=False, trust_env=engine.info().remote),
    }


def api_key(variable: str) -> str:
    """The key in an environment variable; a word that stands for none where no variable is named.

    Raises:
        EngineError: the variable is not set.
    """
    if not variable:
        return "none"
    if key := os.environ.get(variable, "").strip():
        return key
    raise EngineError(
        f"The environment variable {variable}, which should hold the engine's API key, is not set: set it, "
        "or name another in engine.api_key_variable."
    )


def on_this_machine(url: str) -> bool:
    """Whether what is sent to an address stays here."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def shown_address(url: str) -> str:
    """Scheme, host and port: an address may carry a key elsewhere."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")


def error_code(body: object) -> str:
    """The error's short name, where it gives one."""
    error = body.get("error", body) if isinstance(body, dict) else {}
    for field in ("code", "type"):
        value = error.get(field) if isinstance(error, dict) else None
        if isinstance(value, str) and _CODE.fullmatch(value):
            return value
    return ""
