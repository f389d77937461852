"""An address with a key: requests, uploads and downloads, and failures in one sentence without a word of the pairs."""

from __future__ import annotations

import contextlib
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar

from foretune.engines.remote import RETRIES, api_key, error_code, on_this_machine, shown_address
from foretune.tuning.services.base import Keep, Known, ServiceError, ServiceOptions, TuningJob
from foretune.tuning.services.files import SIDES, left_out, upload_missing

if TYPE_CHECKING:
    from openai import OpenAI

__all__ = ["Address", "HttpService", "where_in_file"]

_SECONDS = 600.0
_CONNECT_SECONDS = 10.0
_REASONS = {
    400: "it does not accept the file or the settings",
    401: "the API key is wrong",
    402: "the account is empty",
    403: "the API key is not allowed to do this",
    404: "it does not know the model, the file or the job",
    413: "the file is too large",
    422: "it does not accept the file or the settings",
    429: "too much was asked of it, or the account is empty",
}
_PLACE = re.compile(r"\b(line|row|example)s?[\s:#]*(\d+)", re.IGNORECASE)


class Address:
    """Where a service answers; the transport, with its retries, is the openai package's.

    Args:
        title: how the service is called in messages.

    Raises:
        EngineError: the variable that should hold the key is not set.
    """

    def __init__(self, title: str, url: str, key_variable: str, *, check: str) -> None:
        self.url = url
        self._title, self._variable, self._check = title, key_variable, check
        self._key = api_key(key_variable)

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """A JSON object."""
        return self._json(self._client.get, path, options={"params": query})

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Make something there, and say what was made. Not tried twice: the first may have arrived."""
        return self._json(self._client.with_options(max_retries=0).post, path, body=dict(body))

    def upload(self, path: str, fields: Mapping[str, str], name: str, content: bytes) -> dict[str, Any]:
        """Send a file as a form (RFC 7578). Not tried twice either."""
        return self._json(
            self._client.with_options(max_retries=0).post,
            path,
            body=dict(fields),
            files=[("file", (name, content, "application/jsonl"))],
            options={"headers": {"Content-Type": "multipart/form-data"}},
        )

    def delete(self, path: str) -> bool:
        """Whether it was there and is gone."""
        import httpx2
        import openai

        with self._plain_failures(), contextlib.suppress(openai.NotFoundError):
            self._client.delete(path, cast_to=httpx2.Response)
            return True
        return False

    def download(self, path: str, into: BinaryIO, *, most: int, **query: Any) -> None:
        """Write a file's bytes, ``most`` of them at most, following the address the service sends us on to."""
        import httpx2
        import openai

        options: Any = {"params": query, "follow_redirects": True}
        with self._plain_failures():
            response = self._client.get(path, cast_to=httpx2.Response, options=options)
            if "text/html" in response.headers.get("content-type", ""):
                raise openai.APIResponseValidationError(response=response, body=None)
            if len(response.content) > most:
                raise ServiceError(f"{self._title} sent more than {most / 1e9:.1f} GB, which no adapter is.")
            into.write(response.content)

    @cached_property
    def _client(self) -> OpenAI:
        import openai

        return openai.OpenAI(
            api_key=self._key,
            base_url=self.url,
            max_retries=RETRIES,
            timeout=openai.Timeout(_SECONDS, connect=_CONNECT_SECONDS),
            # No redirects: what is sent goes where it was said, or nowhere. A proxy is for other machines.
            http_client=openai.DefaultHttpxClient(follow_redirects=False, trust_env=not on_this_machine(self.url)),
        )

    def _json(self, ask: Any, path: str, **rest: Any) -> dict[str, Any]:
        import httpx2
        import openai

        with self._plain_failures():
            response = ask(path, cast_to=httpx2.Response, **rest)
            try:
                answer = response.json()
            except ValueError:
                answer = None
            if not isinstance(answer, dict):
                raise openai.APIResponseValidationError(response=response, body=None)
            return answer

    @contextlib.contextmanager
    def _plain_failures(self) -> Iterator[None]:
        import openai

        where = f"{self._title} at {shown_address(self.url)}"
        try:
            yield
        except openai.APITimeoutError:
            raise ServiceError(f"{where} did not answer in time: run the command again, it goes on there.") from None
        except openai.APIConnectionError:
            raise ServiceError(f"{where} cannot be reached: check the network and --url.") from None
        except openai.APIResponseValidationError:
            raise ServiceError(f"{where} answered with a page instead of data: check --url.") from None
        except openai.APIStatusError as error:
            status = error.status_code
            advice = {
                400: self._check,
                401: f"check the key in the environment variable {self._variable}",
                402: "pay in, and run the command again",
                403: f"check the key in the environment variable {self._variable}",
                404: "check --model and --url",
                413: self._check,
                422: self._check,
                429: "wait, and run the command again: it goes on where it stopped",
            }.get(status, "run the command again later: it goes on where it stopped")
            if "html" in error.response.headers.get("content-type", ""):
                raise ServiceError(f"{where} answered with a page instead of data ({status}): check --url.") from None
            code, place = error_code(error.body), where_in_file(error.message)
            told = ", ".join(filter(None, (str(status), code, place)))
            reason = _REASONS.get(status, "it has trouble of its own")
            raise ServiceError(f"{where} refused: {reason} ({told}): {advice}.") from None
        except openai.APIError:
            raise ServiceError(f"{where} answered something that cannot be read: check --url.") from None


class HttpService(ABC):
    """What services at an address have in common."""

    title: ClassVar[str]
    format: ClassVar[str]
    vendor_url: ClassVar[str]
    """Where it is, unless the options say otherwise."""
    vendor_variable: ClassVar[str]
    """Names the key, unless the options do."""
    brings: ClassVar[str]
    """What fetching brings, in a word."""
    check: ClassVar[str]
    """What to do where it does not accept a file: completes "…: check …"."""

    def __init__(self, options: ServiceOptions) -> None:
        self.url = options.url or self.vendor_url
        self._variable = options.key_variable or self.vendor_variable

    @cached_property
    def address(self) -> Address:
        """Opened, and the key looked for, when it is first needed."""
        return Address(self.title, self.url, self._variable, check=self.check)

    @property
    def remote(self) -> bool:
        return not on_this_machine(self.url)

    def submit(self, job: TuningJob, known: Known, keep: Keep) -> str:
        model = self._model_of(job)
        ids = upload_missing(job, self.format, known, keep, listed=self._files, upload=self._upload)
        if "job" not in known:
            keep("job", self._find_job(job, ids) or self._create(job, model, ids))
        return (
            left_out(job, self.format)
            + f"`foretune tune status` says how far it is, `foretune tune fetch` brings the {self.brings}."
        )

    @abstractmethod
    def _model_of(self, job: TuningJob) -> str:
        """What the service calls the model that is to be tuned.

        Raises:
            InputError: nothing says which.
        """

    @abstractmethod
    def _files(self) -> Mapping[str, str]:
        """Ids of the files that are there, by name."""

    @abstractmethod
    def _upload(self, name: str, content: bytes) -> str:
        """Returns the file's id."""

    @abstractmethod
    def _find_job(self, job: TuningJob, ids: Mapping[str, str]) -> str:
        """The id of the job that was created for these files, if it was: its answer may have been lost."""

    @abstractmethod
    def _create(self, job: TuningJob, model: str, ids: Mapping[str, str]) -> str:
        """Returns the job's id."""

    def _named(self, model: object, known: Known) -> str:
        """The name of the tuned model, which the service should have told.

        Raises:
            ServiceError: it has not.
        """
        if not model:
            raise ServiceError(f"{self.title} names no model for the job {known['job']}: look at it in its dashboard.")
        return str(model)

    def forget(self, known: Known) -> int:
        return sum(self.address.delete(f"/files/{known[side]}") for side in SIDES if side in known)


def where_in_file(message: str) -> str:
    """``line 3`` out of a service's message, which may quote the pairs and is not shown as it is."""
    found = _PLACE.search(message)
    return f"{found[1].lower()} {found[2]}" if found else ""
