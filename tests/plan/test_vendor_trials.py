"""Trust, but test: a vendor's address is asked, and held against what it claims and what it said before."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from foretune.errors import ForetuneError
from foretune.plan import Config
from foretune.plan.probe import read_facts
from foretune.plan.vendor import VendorAnswer
from foretune.project.probing import probe_model
from foretune.project.vendor_trials import claimed_quarter, try_vendor
from foretune.project.vendors import take_answers

QUESTIONS = "id,question,answer,kind\nq1,How many days of leave?,20 days,number\nq2,Who is the king?,,unanswerable\n"


class Vendor(BaseHTTPRequestHandler):
    """Knows the world until 2022, says that it does not know the rest, and answers the bench."""

    answers: ClassVar[dict[str, str]] = {}
    page = ""

    def do_GET(self) -> None:
        self._send(self.page or json.dumps({"data": [{"id": "vendor-1"}]}))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "messages" not in body:
            self._send("{}", 404)
            return
        said = self.answers.get(body["messages"][-1]["content"], "I do not know.")
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": said}}
        self._send(
            json.dumps({"id": "1", "object": "chat.completion", "created": 0, "model": "v", "choices": [choice]})
        )

    def _send(self, text: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if text.startswith("<") else "application/json")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the name is the library's)
        pass


@pytest.fixture
def vendor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "questions.csv").write_text(QUESTIONS)
    known = {fact.question: fact.answer for fact in read_facts() if fact.date.year < 2022}
    monkeypatch.setattr(Vendor, "answers", {**known, "How many days of leave?": "Twenty days: 20 days."})
    server = ThreadingHTTPServer(("127.0.0.1", 0), Vendor)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


def test_a_vendor_is_held_against_its_claim_and_its_earlier_answers(
    vendor: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = Config()
    take_answers(
        tmp_path, config, "Acme", single=[VendorAnswer("model-knows", "Up to June 2024; we tested it in May 2025.")]
    )
    first = try_vendor(tmp_path, config, "Acme", vendor, each_quarter=2)
    told = " ".join(first.sentences)
    assert "answered right 1 of 1 answerable" in told
    assert "It declined 1 of 1 unanswerable" in told
    assert first.knowledge_end == "2021 Q4"
    assert "Red flag: they say that it knows the world until 2024 Q2" in told
    monkeypatch.setattr(Vendor, "answers", {"How many days of leave?": "Thirty days."})
    second = try_vendor(tmp_path, config, "Acme", f"{vendor}#vendor-1", each_quarter=0)
    assert "Of 2 answers, 1 are others than earlier today" in " ".join(second.sentences)
    assert "1 that were right are not any more" in " ".join(second.sentences)
    kept = (tmp_path / "vendors" / "acme.trials.jsonl").read_text(encoding="utf-8")
    assert "Twenty" not in kept


@pytest.mark.parametrize(
    ("claimed", "quarter"),
    [
        ("Up to June 2024; we tested it in May 2025.", 2024 * 4 + 1),
        ("Its cut-off is December 2023.", 2023 * 4 + 3),
        ("2023", 2023 * 4 + 3),
        ("Released in July 2024 and improved in May 2025.", None),
        ("It is always up to date.", None),
    ],
)
def test_a_claim_counts_only_where_it_is_plain_which_date_is_meant(claimed: str, quarter: int | None) -> None:
    assert claimed_quarter(claimed) == quarter


def test_an_address_that_answers_with_a_web_page_is_one_sentence(
    vendor: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Vendor, "page", "<!doctype html><title>Welcome</title>")
    with pytest.raises(ForetuneError) as error:
        probe_model(vendor)
    assert "\n" not in str(error.value)
    assert "Welcome" not in str(error.value)
    with pytest.raises(ForetuneError, match="not an address"):
        try_vendor(tmp_path, Config(), "Acme", "llm.example")
    assert not (tmp_path / "vendors").exists()
