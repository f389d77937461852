"""Nothing is asked twice, and nothing that may differ is remembered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from foretune.engines import CachedEngine, Completion, Finish, Request, TokenLogprob
from foretune.engines.base import BaseEngine
from foretune.engines.types import Capability, EngineInfo
from foretune.types import Message
from foretune.vault import Vault


class Echo(BaseEngine):
    """An engine that repeats the question and counts how often it was asked."""

    def __init__(self, capabilities: frozenset[Capability] = frozenset(), name: str = "echo") -> None:
        self.asked = 0
        self._info = EngineInfo(name, "echo", name, 100, remote=False, capabilities=capabilities)

    def info(self) -> EngineInfo:
        return self._info

    def run_stream(self, request: Request) -> Iterator[str | Completion]:
        self.asked += 1
        text = request.messages[-1].content
        yield from text
        yield Completion(text, 3, 4, 0.5, 0.25, Finish.LENGTH, (TokenLogprob("a", -1.0, (("a", -1.0), ("b", -2.0))),))

    def count_tokens(self, text: str) -> int:
        return len(text)

    def close(self) -> None:
        pass


def ask(text: str, **knobs: object) -> Request:
    return Request((Message("user", text),), 9, **knobs)  # type: ignore[arg-type]


def test_a_second_question_is_answered_from_the_vault(vault: Vault) -> None:
    first, again = CachedEngine(Echo(), vault), CachedEngine(Echo(), vault)
    fresh = first.run(ask("Héllo"))
    known = again.run(ask("Héllo"))
    assert (first.hits, first.misses, again.hits, again.misses) == (0, 1, 1, 0)
    assert not fresh.cached
    assert known.cached
    assert (known.text, known.logprobs, known.finish, known.seconds) == ("Héllo", fresh.logprobs, Finish.LENGTH, 0.5)


def test_everything_the_answer_depends_on_is_part_of_the_key(vault: Vault, tmp_path: Path) -> None:
    one, two, copy = (tmp_path / f"{name}.gguf" for name in ("one", "two", "copy"))
    one.write_bytes(b"weights")
    two.write_bytes(b"others")
    copy.write_bytes(b"weights")
    engine = Echo(frozenset({Capability.SEED}))
    cached = CachedEngine(engine, vault)
    different = [
        ask("x"),
        ask("y"),
        ask("x", seed=1),
        ask("x", temperature=0.5),
        ask("x", stop=("\n",)),
        ask("x", logprobs=1),
        ask("x", grammar="root ::= [a-z]"),
        ask("x", schema={"properties": {"a": {}, "b": {}}}),
        ask("x", schema={"properties": {"b": {}, "a": {}}}),
        ask("x", adapter=one),
        ask("x", adapter=two),
        Request((Message("system", "x"),), 9),
        Request((Message("user", "x"),), 8),
    ]
    for request in different:
        cached.run(request)
    assert engine.asked == len(different)
    for request in [*different, ask("x", adapter=copy)]:
        assert cached.run(request).cached
    assert not CachedEngine(Echo(name="another model"), vault).run(ask("x")).cached


def test_what_is_drawn_by_chance_is_not_remembered(vault: Vault) -> None:
    engine = Echo()
    cached = CachedEngine(engine, vault)
    for _ in range(2):
        assert not cached.run(ask("x", temperature=0.7, seed=3)).cached
    assert engine.asked == 2


def test_of_many_requests_only_new_ones_are_asked_and_equal_ones_once(vault: Vault) -> None:
    engine = Echo()
    cached = CachedEngine(engine, vault)
    cached.run(ask("b"))
    texts = ["a", "b", "c", "a", "c", "b"]
    answers = list(cached.complete_many([ask(text) for text in texts]))
    assert [number for number, _ in answers[:2]] == [1, 5]
    assert {number: answer.text for number, answer in answers} == dict(enumerate(texts))
    assert engine.asked == 3
    assert (cached.hits, cached.misses) == (4, 3)
    assert cached.saved_seconds == 4 * 0.5


def test_each_of_many_answers_is_kept_as_it_comes(vault: Vault) -> None:
    engine = Echo()
    iterator = CachedEngine(engine, vault).complete_many([ask(text) for text in "abc"])
    next(iterator)
    next(iterator)
    iterator.close()  # type: ignore[attr-defined]
    again = CachedEngine(engine, vault)
    assert len(dict(again.complete_many([ask(text) for text in "abc"]))) == 3
    assert (again.hits, again.misses) == (2, 1)


def test_a_stream_is_remembered_too(vault: Vault) -> None:
    engine = Echo()
    cached = CachedEngine(engine, vault)
    fresh = list(cached.stream([Message("user", "abc")], max_tokens=9))
    known = list(cached.stream([Message("user", "abc")], max_tokens=9))
    assert fresh[:-1] == ["a", "b", "c"]
    assert known[:-1] == ["abc"]
    assert isinstance(known[-1], Completion)
    assert known[-1].cached
    assert engine.asked == 1


def test_an_answer_that_failed_is_not_remembered(vault: Vault) -> None:
    class Broken(Echo):
        def run_stream(self, request: Request) -> Iterator[str | Completion]:
            self.asked += 1
            raise RuntimeError("lost")

    engine = Broken()
    for _ in range(2):
        with pytest.raises(RuntimeError):
            CachedEngine(engine, vault).run(ask("x"))
    assert engine.asked == 2
