"""Approval, the registry of kinds, and what makes a request."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from tests.engines.test_cache import Echo

from foretune.engines import (
    Completion,
    EngineInfo,
    EngineOptions,
    Request,
    check_approved,
    engine,
    engine_kinds,
    open_engine,
)
from foretune.engines.base import run_many
from foretune.engines.schema import without_fence
from foretune.errors import EngineError, ModelError
from foretune.types import Label, Message

HELLO = (Message("user", "Hello"),)


@pytest.mark.parametrize("label", list(Label))
def test_a_model_on_this_machine_may_see_everything(label: Label) -> None:
    check_approved(EngineInfo("m", "llama", "h", 100, remote=False), label, ())


def test_a_remote_model_sees_only_what_the_plan_approves() -> None:
    remote = EngineInfo("m", "openai", "h", 100, remote=True)
    check_approved(remote, Label.INTERNAL, (Label.PUBLIC, Label.INTERNAL))
    check_approved(remote, Label.CONFIDENTIAL, (Label.CONFIDENTIAL,))
    for label in (Label.CONFIDENTIAL, Label.RESTRICTED):
        with pytest.raises(EngineError, match=f"labelled {label} may not go to the engine openai"):
            check_approved(remote, label, (Label.PUBLIC, Label.INTERNAL))


def test_an_unknown_kind_names_the_known_ones() -> None:
    with pytest.raises(EngineError, match="anthropic, llama, openai"):
        open_engine("ollama", model="m")


def test_a_model_nobody_knows_is_refused() -> None:
    with pytest.raises(ModelError, match="no-such-model"):
        open_engine("llama", model="no-such-model")


def test_a_new_kind_registers_itself() -> None:
    @engine("echo")
    def open_echo(options: EngineOptions) -> Echo:
        return Echo(name=options.model)

    assert "echo" in engine_kinds()
    with open_engine("echo", model="parrot") as opened:
        assert opened.info().name == "parrot"
        assert opened.complete(HELLO, max_tokens=3).text == "Hello"


@pytest.mark.parametrize(
    "knobs", [{"max_tokens": 0}, {"temperature": -1.0}, {"seed": -1}, {"schema": {}, "grammar": "root ::= [a]"}]
)
def test_a_request_that_makes_no_sense_is_a_defect(knobs: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"at least|not both"):
        Request(**{"messages": HELLO, "max_tokens": 5, **knobs})  # type: ignore[arg-type]


def test_a_failure_among_many_ends_the_work_and_nothing_new_is_begun() -> None:
    begun: list[int] = []
    lock = threading.Lock()

    def run(request: Request) -> Completion:
        with lock:
            begun.append(request.seed)
        if request.seed == 3:
            raise EngineError("lost")
        return Completion("", 0, 0, 0.0)

    def drain() -> Iterator[int]:
        for number, _ in run_many(run, [Request(HELLO, 1, seed=n) for n in range(500)], 2):
            yield number

    with pytest.raises(EngineError, match="lost"):
        list(drain())
    assert len(begun) < 10


@pytest.mark.parametrize(
    ("written", "text"),
    [("```json\n{}\n```", "{}"), ("```\n[1]\n```\n", "[1]"), (' {"a": "```"} ', '{"a": "```"}')],
)
def test_a_code_fence_around_json_is_taken_off(written: str, text: str) -> None:
    assert without_fence(written) == text
