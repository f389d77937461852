"""A server that does what OpenAI and Together publish of their fine-tuning interfaces, over HTTP, in memory.

Written from https://platform.openai.com/docs/api-reference (files, fine-tuning) and https://docs.together.ai/reference
(files/upload, fine-tunes, finetune/download). What it takes and says of OpenAI's is held against the types that
OpenAI's own package publishes.
"""

from __future__ import annotations

import email.parser
import email.policy
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from openai.types import FileObject
from openai.types.fine_tuning import FineTuningJob
from openai.types.fine_tuning.job_create_params import JobCreateParams
from pydantic import TypeAdapter

KEY = "sk-right"


@dataclass
class Failure:
    """What it answers to the next request whose path and method fit."""

    method: str
    path: str
    status: int
    body: str = "{}"
    kind: str = "application/json"
    lost: bool = False
    """Do what was asked, and hang up instead of answering."""
    times: int = 1


@dataclass
class Service:
    """The state of both services."""

    url: str = ""
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    archive: bytes = b""
    """What Together's download holds."""

    def finish(self, **changes: Any) -> None:
        for job in self.jobs.values():
            job.update(changes)


@contextmanager
def served() -> Iterator[Service]:
    """The service at a local address, as long as the block lasts."""
    state = Service()

    class Handler(_Handler):
        service = state

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()


class _Refused(Exception):
    def __init__(self, status: int, message: str, code: str) -> None:
        self.status, self.message, self.code = status, message, code


class _Handler(BaseHTTPRequestHandler):
    service: Service

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_DELETE(self) -> None:
        self._answer("DELETE")

    def _answer(self, method: str) -> None:
        parts = urlsplit(self.path)
        path, query = parts.path.removeprefix("/v1"), parse_qs(parts.query)
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.service.requests.append((method, path))
        failure = next((f for f in self.service.failures if f.method == method and path.startswith(f.path)), None)
        if failure is not None:
            failure.times -= 1
            if not failure.times:
                self.service.failures.remove(failure)
            if not failure.lost:
                self._send(failure.status, failure.body.encode(), failure.kind)
                return
        try:
            if self.headers.get("Authorization") != f"Bearer {KEY}":
                raise _Refused(401, "Incorrect API key provided.", "invalid_api_key")
            answer = self._route(method, path, query, content)
        except _Refused as refused:
            body = {"error": {"message": refused.message, "type": "invalid_request_error", "code": refused.code}}
            self._send(refused.status, json.dumps(body).encode())
            return
        if failure is not None:
            self.close_connection = True
            self.connection.close()
        elif isinstance(answer, bytes):
            self._send(200, answer, "application/octet-stream")
        else:
            self._send(200, json.dumps(answer).encode())

    def _send(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("retry-after-ms", "1")
        self.end_headers()
        self.wfile.write(body)

    def _route(self, method: str, path: str, query: dict[str, list[str]], content: bytes) -> Any:
        state = self.service
        first, _, rest = path.strip("/").partition("/")
        if first == "files" and method == "POST":
            return self._upload(content, together=rest == "upload")
        if first == "files" and method == "GET":
            return {"object": "list", "data": [_shown(each) for each in state.files.values()]}
        if first == "files" and method == "DELETE":
            if state.files.pop(rest, None) is None:
                raise _Refused(404, "No such File object.", "not_found")
            return {"id": rest, "object": "file", "deleted": True}
        if first == "fine_tuning":
            return self._openai_jobs(method, rest.removeprefix("jobs").strip("/"), query, content)
        if first == "fine-tunes":
            return self._together_jobs(method, rest, content)
        if first == "finetune" and rest == "download":
            if state.jobs[query["ft_id"][0]]["status"] != "completed" or query["checkpoint"] != ["adapter"]:
                raise _Refused(400, "Job is not complete.", "not_ready")
            return state.archive
        raise _Refused(404, "Unknown request URL.", "unknown_url")

    def _upload(self, content: bytes, *, together: bool) -> dict[str, Any]:
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        form = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + content)
        parts = {part.get_param("name", header="content-disposition"): part for part in form.iter_parts()}
        wanted = {"purpose", "file"} | ({"file_name", "file_type"} if together else set())
        if set(parts) != wanted or parts["purpose"].get_payload(decode=True) != b"fine-tune":
            raise _Refused(400, f"Expected the fields {sorted(wanted)}.", "invalid_form")
        data = bytes(parts["file"].get_payload(decode=True))
        for number, line in enumerate(data.decode().splitlines(), start=1):
            row = json.loads(line)
            if set(row) != {"messages"} or row["messages"][-1]["role"] != "assistant":
                raise _Refused(400, f"Invalid file format. Line {number} is not a chat example.", "invalid_file_format")
        identity = f"file-{len(self.service.files) + 1}"
        made = FileObject(
            id=identity,
            bytes=len(data),
            created_at=int(time.time()),
            filename=str(parts["file"].get_filename()),
            object="file",
            purpose="fine-tune",
            status="processed",
        )
        self.service.files[identity] = {**made.to_dict(), "content": data}
        return _shown(self.service.files[identity])

    def _openai_jobs(self, method: str, rest: str, query: dict[str, list[str]], content: bytes) -> Any:
        state = self.service
        if method == "GET" and not rest:
            wanted = {name[9:-1]: value[0] for name, value in query.items() if name.startswith("metadata[")}
            found = [job for job in state.jobs.values() if wanted.items() <= job["metadata"].items()]
            return {"object": "list", "data": found, "has_more": False}
        if method == "GET":
            return self._known(rest)
        body = json.loads(content)
        if unknown := set(body) - set(JobCreateParams.__annotations__):
            raise _Refused(400, f"Unrecognized request arguments: {sorted(unknown)}", "unknown_parameter")
        TypeAdapter(JobCreateParams).validate_python(body)
        rows = self._file(body["training_file"]).splitlines()
        if len(rows) < 10:
            raise _Refused(400, f"{len(rows)} examples, but 10 are needed.", "invalid_n_examples")
        identity = f"ftjob-{len(state.jobs) + 1}"
        job = {
            "id": identity,
            "object": "fine_tuning.job",
            "created_at": int(time.time()),
            "model": body["model"],
            "organization_id": "org-1",
            "result_files": [],
            "seed": body["seed"],
            "status": "validating_files",
            "hyperparameters": body["method"]["supervised"]["hyperparameters"],
            "training_file": body["training_file"],
            "validation_file": body.get("validation_file"),
            "metadata": body["metadata"],
            "suffix": body["suffix"],
        }
        FineTuningJob.model_validate(job)
        state.jobs[identity] = job
        return job

    def _together_jobs(self, method: str, rest: str, content: bytes) -> Any:
        state = self.service
        if method == "GET":
            return self._known(rest) if rest else {"data": list(state.jobs.values())}
        body = json.loads(content)
        self._file(body["training_file"])
        if body["training_type"]["type"] != "Lora" or not {"lora_r", "lora_alpha"} <= set(body["training_type"]):
            raise _Refused(400, "training_type", "invalid_request")
        if body["training_method"] != {"method": "sft", "train_on_inputs": False} or len(body["suffix"]) > 40:
            raise _Refused(400, "training_method", "invalid_request")
        identity = f"ft-{len(state.jobs) + 1}"
        state.jobs[identity] = {**body, "id": identity, "status": "pending", "events": []}
        return state.jobs[identity]

    def _file(self, identity: str) -> bytes:
        if identity not in self.service.files:
            raise _Refused(400, "The file does not exist.", "invalid_training_file")
        content: bytes = self.service.files[identity]["content"]
        return content

    def _known(self, identity: str) -> dict[str, Any]:
        if identity not in self.service.jobs:
            raise _Refused(404, "No such job.", "not_found")
        return self.service.jobs[identity]


def _shown(file: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in file.items() if name != "content"}
