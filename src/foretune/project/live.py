"""A release brought to life: it can be asked."""

from __future__ import annotations

import threading
from collections.abc import Generator
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from foretune.engines import ContextOverflowError, Finish, check_approved
from foretune.errors import EngineError, InputError
from foretune.plan.config import EngineSettings, RetrievalSettings
from foretune.project.adapters import adapter_label, require_label
from foretune.project.engine import highest_label, open_checked_engine
from foretune.releases import Release, find, verify
from foretune.serving import Asked, Reply
from foretune.types import Message

if TYPE_CHECKING:
    from foretune.project.project import Project
    from foretune.retrieval import Answerer
    from foretune.vault import Principal

__all__ = ["LiveRelease", "bring_to_life"]

_TOKENS = 512
"""Of an answer without documents, where the client does not say."""
_PHRASE_TOKENS = 64
"""Of an answer from documents at most: what the bench allows too."""
_QUESTION_CHARACTERS = 8_000
"""Of a question to documents at most. Its meaning is taken from the beginning; the rest only costs time."""
_VIEWS = 8
"""Of principals who may not see everything, kept in memory: vectors and words of what each may see."""
_FINISH = {Finish.LENGTH: "length", Finish.REFUSED: "content_filter"}
"""OpenAI's words for why an answer ends; ``stop`` otherwise."""


def bring_to_life(project: Project, release_id: str) -> LiveRelease:
    """Verify what a release pins, load its models, and have it answer once.

    Raises:
        InputError: no such release, or what it pins is missing or changed.
        EngineError: its engine does not start, or may not see the vault's documents.
        ModelError: a model is missing or damaged.
    """
    release = find(project.vault, release_id)
    live = LiveRelease(project, release, adapter=verify(project.vault, release.specification))
    try:
        live.warm_up()
    except BaseException:
        live.close()
        raise
    return live


class LiveRelease:
    """A release that can be asked (a :class:`foretune.serving.Runtime`).

    What people ask is not kept: other than the bench, serving has no cache.
    """

    def __init__(self, project: Project, release: Release, *, adapter: Path | None) -> None:
        self._project, self._release, self._adapter = project, release, adapter
        specification = release.specification
        try:
            settings = {key: value for key, value in specification.engine.items() if key != "hash"}
            # Which labels a remote engine may see is today's decision, not that of the day of the release.
            approved = project.config.engine.approved_for
            self._engine_settings = EngineSettings(**settings, approved_for=approved)
            retrieval = RetrievalSettings(**specification.retrieval)
        except ValidationError:
            raise InputError(
                "This release was made by another version of Foretune, which had other settings: "
                "create a new one with `foretune release create`."
            ) from None
        self._engine = open_checked_engine(project, self._engine_settings)
        # Requests wait here rather than in the engine, which a request that waited there would start again.
        self._turns = threading.Semaphore(self._engine.parallel)
        self._closed = False
        self._adapter_label = adapter_label(project, specification.adapter) if specification.adapter else None
        self._answerer: Answerer | None = None
        if specification.arm.retrieves:
            from foretune.project.embedder import open_checked_embedder
            from foretune.retrieval import Answerer, Searcher

            embedder = open_checked_embedder(project, retrieval)

            def answerer(principal: Principal) -> Answerer:
                searcher = Searcher(project.vault.seen_by(principal), embedder, retrieval)
                return Answerer(searcher, embedder, self._engine, retrieval)

            self._searcher = Searcher(project.vault, embedder, retrieval)
            self._answerer = Answerer(self._searcher, embedder, self._engine, retrieval)
            self._view = lru_cache(_VIEWS)(answerer)

    @property
    def release_id(self) -> str:
        return self._release.id

    @property
    def name(self) -> str:
        return self._release.name

    def warm_up(self) -> None:
        """Load everything a first answer would wait for; an engine that may be paid for is not asked."""
        if self._answerer is not None:
            self._searcher.search("Hello", k=1)
        if not self._engine.info().remote:
            self._engine.complete([Message("user", "Hello")], max_tokens=1, adapter=self._adapter)

    def stream(self, asked: Asked) -> Generator[str | Reply, None, None]:
        """See :meth:`foretune.serving.Runtime.stream`."""
        with self._turns:
            if self._closed:
                raise EngineError("The server is stopping: ask again when it is back.")
            if self._engine.info().remote:
                # Documents of another label may have come in since the release was brought to life.
                highest = highest_label(self._project, asked.principal)
                check_approved(self._engine.info(), highest, self._engine_settings.approved_for)
            if self._adapter_label is not None:
                vault = self._project.vault
                require_label(vault.seen_by(asked.principal or vault.principal), self._adapter_label)
            if self._answerer is not None:
                hidden = asked.principal is not None and not asked.principal.sees_everything
                yield from self._from_documents(self._view(asked.principal) if hidden else self._answerer, asked)
            else:
                yield from self._from_engine(asked)

    def _from_documents(self, answerer: Answerer, asked: Asked) -> Generator[str | Reply, None, None]:
        """Answer the last message by itself; it was checked as a whole before its first word is sent."""
        question = asked.messages[-1].content
        if len(question) > _QUESTION_CHARACTERS:
            raise ContextOverflowError(
                f"The question is {len(question):,} characters long and is answered from documents up to "
                f"{_QUESTION_CHARACTERS:,}: shorten it."
            )
        answer = answerer.answer(
            question,
            adapter=self._adapter,
            filters=asked.filters,
            max_tokens=min(asked.max_tokens or _PHRASE_TOKENS, _PHRASE_TOKENS),
            seed=asked.seed,
        )
        text = " ".join([answer.text, *(f"[{citation.number}]" for citation in answer.citations)])
        first, *others = text.split(" ")
        yield first
        for word in others:
            yield f" {word}"
        citations = tuple(asdict(citation) for citation in answer.citations)
        made_from = tuple(f"{passage.document_id}:{passage.ordinal}" for passage in answer.passages)
        yield Reply(text, answer.outcome, citations, answer.tokens_in, answer.tokens_out, passages=made_from)

    def _from_engine(self, asked: Asked) -> Generator[str | Reply, None, None]:
        pieces = self._engine.stream(
            asked.messages,
            max_tokens=asked.max_tokens or _TOKENS,
            temperature=asked.temperature,
            seed=asked.seed,
            adapter=self._adapter,
            stop=asked.stop,
        )
        for piece in pieces:
            if isinstance(piece, str):
                yield piece
            else:
                finish = _FINISH.get(piece.finish, "stop")
                yield Reply(piece.text, "answered", (), piece.tokens_in, piece.tokens_out, finish)

    def close(self) -> None:
        """Stop at once; who still waits for an answer gets none."""
        self._closed = True
        self._engine.close()
