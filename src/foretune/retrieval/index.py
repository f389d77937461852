"""Keeping passages, vectors and the full-text index in step with the documents that were let through.

A document's passages are replaced in one transaction, several documents at a
time: whoever reads sees a document as it was or as it is, and whatever kills
the process costs at most what was made in the last seconds. While that is written,
what comes next is cut and embedded.

With another embedding model, whose vectors cannot be compared with those there are,
the new index is made beside the old one, which serves until the new one is whole.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, delete, false, func, insert, select, text

from foretune.progress import Progress, Step, silent
from foretune.retrieval.passage_vectors import PassageVectors, embed_passages
from foretune.retrieval.passages import PassageDraft, split
from foretune.retrieval.readable import readable_text
from foretune.retrieval.recipe import SERVING, Serving, embedder_mark, full_recipe, serving
from foretune.types import GovernedDocument
from foretune.vault import Vault
from foretune.vault.tables import passage, sentence_vector, setting

if TYPE_CHECKING:
    from foretune.embedding import Embedder
    from foretune.plan.config import RetrievalSettings

__all__ = [
    "LAST_PASSAGE",
    "IndexSummary",
    "build_index",
    "embedded_text",
    "scrub_index",
    "update_index",
    "withdraw_passages",
]

LAST_PASSAGE = "index.last_passage"
"""The highest id a passage ever had. None is given twice, so an old citation never points to another passage."""

_SCRUB_DUE = "index.scrub_due"
_OTHERS_DUE = "index.others_due"
"""Passages of the model that served before are to be removed; a killed run leaves that to the next."""
_GROUP = 256
"""Passages embedded together: enough to keep all cores busy, little enough to lose (some ten seconds)."""
_SECONDS = 2
"""What is embedded is written when so much time has passed since the last write …"""
_MOST_HELD = 4096
"""… or so many passages wait: transactions of a few hundred take a quarter more processor time than of thousands."""

_INSERT_WORDS = text(
    "INSERT INTO passage_fts(rowid, title, headings, keywords, body) VALUES (:id, :title, :path, :keywords, :body)"
)


@dataclass(frozen=True, slots=True)
class IndexSummary:
    """What indexing came to."""

    documents: int
    """In the index now; a document without a word in it has no passages and is not counted."""
    passages: int
    """In the index now."""
    indexed: int
    """Documents whose passages were made or replaced."""
    unchanged: int
    removed: int
    """Documents that are no longer let through, and so lost their passages."""
    embedded: int
    """Passages embedded; the others of a changed document kept their vectors."""
    seconds: float
    embedding_seconds: float
    """Of these, spent in the embedding model."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def build_index(
    vault: Vault,
    documents: Iterable[GovernedDocument],
    *,
    embedder: Embedder,
    settings: RetrievalSettings,
    progress: Progress = silent,
    total: int | None = None,
) -> IndexSummary:
    """Make the index of ``documents``, and of nothing else.

    Only documents whose hash or recipe differs from what the index was made from
    are cut again, and of these only passages that read otherwise are embedded
    again. Streams: one group of passages is in memory at a time (or one document,
    where that is more). Interrupt it at will and call it again.

    Args:
        documents: all that may be searched, each once.
        total: how many, for the progress bar.
    """
    started = time.monotonic()
    work = _Indexing(vault, embedder, settings, full_recipe(settings, embedder))
    with progress.step("indexing", total=total, unit="documents") as step:
        work.take_all(documents, step)
    work.remove_others()
    work.serve()
    scrub_index(vault)
    return work.summary(started)


def update_index(
    vault: Vault,
    documents: Iterable[GovernedDocument],
    document_ids: Collection[str],
    *,
    embedder: Embedder,
    settings: RetrievalSettings,
) -> IndexSummary:
    """Make the passages of a few documents what they should be, and leave all others as they are.

    What is deleted is scrubbed by :func:`scrub_index`, which the next :func:`build_index` calls.

    Args:
        documents: those of ``document_ids`` that may be searched; the others lose their passages.
    """
    started = time.monotonic()
    work = _Indexing(vault, embedder, settings, full_recipe(settings, embedder), only=document_ids)
    with silent.step("indexing", total=None, unit="documents") as step:
        work.take_all(documents, step)
    work.remove_others()
    return work.summary(started)


def scrub_index(vault: Vault) -> None:
    """Leave nothing of deleted passages; a run that was killed before it came to this leaves it to the next."""
    if not vault.setting(_SCRUB_DUE, False):
        return
    vault.scrub()
    with vault.writing() as connection:
        vault.set_setting(connection, _SCRUB_DUE, False)


def withdraw_passages(vault: Vault, connection: Connection, standing: Mapping[str, str]) -> int:
    """Remove the passages of documents that are not in ``standing`` (id to hash) as they are; returns of how many.

    In the caller's transaction. What is deleted is scrubbed by the next :func:`build_index`.
    """
    made_from = connection.execute(select(passage.c.document_id, passage.c.document_hash).distinct())
    gone = sorted({document_id for document_id, made in made_from if standing.get(document_id) != made})
    for some in _slices(gone, 500):
        connection.execute(delete(passage).where(passage.c.document_id.in_(some)))
    if gone:
        vault.set_setting(connection, _SCRUB_DUE, True)
        vault.record(connection, "index.withdraw", "passages", {"documents": len(gone)})
    return len(gone)


def embedded_text(draft: PassageDraft) -> str:
    """What stands for a passage in vector space: its heading path, then its words.

    The path tells apart sections that say nearly the same about different
    subjects (measured in docs/decisions/0004-retrieval.md).
    """
    return _with_path(draft, _body(draft))


def _with_path(draft: PassageDraft, body: str) -> str:
    return f"{' > '.join(draft.headings)}\n{body}" if draft.headings else body


def _body(draft: PassageDraft) -> str:
    header = f"{readable_text(draft.table_header)}\n" if draft.table_header else ""
    return header + readable_text(draft.text)


@dataclass(frozen=True, slots=True)
class _Made:
    """A passage as it is written."""

    draft: PassageDraft
    body: str
    vectors: PassageVectors
    tokens: int


@dataclass(slots=True)
class _Indexing:
    """One run: what it has found, what it holds, what it has done."""

    vault: Vault
    embedder: Embedder
    settings: RetrievalSettings
    recipe: str
    only: Collection[str] | None = None
    """Ids of the documents that this run is about; None for all."""
    indexed: int = 0
    unchanged: int = 0
    removed: int = 0
    embedded: int = 0
    embedding_seconds: float = 0.0
    _known: dict[str, tuple[str, str]] = field(default_factory=dict)
    _cut: list[tuple[GovernedDocument, list[PassageDraft]]] = field(default_factory=list)
    """Documents whose passages are not embedded yet."""
    _passages_cut: int = 0
    _held: list[tuple[GovernedDocument, list[_Made]]] = field(default_factory=list)
    """Documents that are to be written."""
    _passages_held: int = 0
    _writing: Future[int] | None = None
    _last_write: float = field(default_factory=time.monotonic)
    _beside: ColumnElement[bool] = field(init=False)
    """Passages that another embedding model made, and that serve until all are made anew."""

    def __post_init__(self) -> None:
        columns = (passage.c.document_id, passage.c.document_hash, passage.c.recipe)
        query = select(*columns).where(passage.c.ordinal == 0)
        if self.only is not None:
            query = query.where(passage.c.document_id.in_(self.only))
        with self.vault.reading() as connection:
            now = serving(connection)
            mark = now.mark if now else embedder_mark(self.embedder)
            own = embedder_mark(self.embedder)
            self._beside = passage.c.recipe.endswith(f"-{mark}") if mark != own else false()
            for document_id, made_from, recipe in connection.execute(query.where(~self._beside)):
                self._known[document_id] = (made_from, recipe)

    def take_all(self, documents: Iterable[GovernedDocument], step: Step) -> None:
        """Bring the passages of ``documents`` up to date; when it returns, or raises, nothing is being written."""
        with ThreadPoolExecutor(1) as writer:
            for document in documents:
                self._take(document, step)
                if self._passages_cut >= _GROUP:
                    self._embed()
                    if time.monotonic() - self._last_write >= _SECONDS or self._passages_held >= _MOST_HELD:
                        self._flush(step, writer)
            self._embed()
            self._flush(step, writer)
            self._wait(step)

    def _take(self, document: GovernedDocument, step: Step) -> None:
        known = self._known.pop(document.id, None)
        if known == (document.hash, self.recipe):
            self.unchanged += 1
            step.advance()
            return
        drafts = split(document, words=self.settings.passage_words)
        if not drafts and known is None:
            self.unchanged += 1  # nothing to find in it, as before
            step.advance()
            return
        self._cut.append((document, drafts))
        self._passages_cut += len(drafts)

    def _embed(self) -> None:
        drafts = [draft for _, drafts in self._cut for draft in drafts]
        bodies = [_body(draft) for draft in drafts]
        vectors = self._vectors(drafts, bodies)
        tokens = self.embedder.count_tokens([draft.text for draft in drafts]) if drafts else []
        made = map(_Made, drafts, bodies, vectors, tokens)
        self._held += [(document, list(islice(made, len(own)))) for document, own in self._cut]
        self._passages_held += len(drafts)
        self._cut, self._passages_cut = [], 0

    def _flush(self, step: Step, writer: Executor) -> None:
        """Have all that is held written, once what was given before it is."""
        self._wait(step)
        if self._held:
            self._writing = writer.submit(self._write, self._held)
        self._held, self._passages_held = [], 0
        self._last_write = time.monotonic()

    def _wait(self, step: Step) -> None:
        """Until what was given to be written is; raises what kept it from that."""
        if self._writing is not None:
            written = self._writing.result()
            self.indexed += written
            step.advance(written)
            self._writing = None

    def _write(self, held: Sequence[tuple[GovernedDocument, list[_Made]]]) -> int:
        """Of how many documents it wrote the passages."""
        with self.vault.writing() as connection:
            self._delete(connection, [document.id for document, _ in held])
            last = _last_passage(connection)
            rows = [row for document, made in held for row in _rows(document, made, self.recipe)]
            for number, row in enumerate(rows, start=last + 1):
                row["id"] = number
            if rows:
                connection.execute(insert(passage), rows)
                connection.execute(_INSERT_WORDS, rows)
            of_sentences = [{"passage_id": row["id"], "vectors": row["sentences"]} for row in rows if row["sentences"]]
            if of_sentences:
                connection.execute(insert(sentence_vector), of_sentences)
            self.vault.set_setting(connection, LAST_PASSAGE, last + len(rows))
            counts = {"documents": len(held), "passages": len(rows)}
            self.vault.record(connection, "index.write", self.recipe, counts)
        return len(held)

    def serve(self) -> None:
        """Answer from what was made, from one moment to the next; then remove what another model made."""
        of_settings = (self.settings.embedder, self.settings.embedder_url, self.settings.embedder_key_variable)
        now = Serving(embedder_mark(self.embedder), *of_settings)
        with self.vault.reading() as connection:
            before = serving(connection)
        if before != now:
            with self.vault.writing() as connection:
                self.vault.set_setting(connection, SERVING, asdict(now))
                self.vault.set_setting(connection, _OTHERS_DUE, before is not None and before.mark != now.mark)
                self.vault.record(connection, "index.serve", self.recipe, {"embedder": now.embedder})
        others = ~passage.c.recipe.endswith(f"-{now.mark}")
        while self.vault.setting(_OTHERS_DUE, False):
            with self.vault.writing() as connection:
                some = connection.execute(select(passage.c.id).where(others).limit(_GROUP)).scalars().all()
                connection.execute(delete(passage).where(passage.c.id.in_(some)))
                self.vault.set_setting(connection, _SCRUB_DUE, True)
                self.vault.set_setting(connection, _OTHERS_DUE, bool(some))

    def remove_others(self) -> None:
        """Documents the index knows and this run was not given."""
        if not self._known:
            return
        gone = list(self._known)
        with self.vault.writing() as connection:
            self._delete(connection, gone)
            self.vault.record(connection, "index.remove", self.recipe, {"documents": len(gone)})
        self.removed = len(gone)

    def summary(self, started: float) -> IndexSummary:
        with self.vault.reading() as connection:
            counts = select(func.count(), func.count(passage.c.document_id.distinct()))
            passages, documents = connection.execute(counts).one()
        seconds = time.monotonic() - started
        did = (self.indexed, self.unchanged, self.removed, self.embedded)
        return IndexSummary(documents, passages, *did, seconds, self.embedding_seconds)

    def _delete(self, connection: Connection, ids: Sequence[str]) -> None:
        deleted = 0
        for some in _slices(ids, 500):
            gone = delete(passage).where(passage.c.document_id.in_(some), ~self._beside)
            deleted += connection.execute(gone).rowcount
        if deleted:
            self.vault.set_setting(connection, _SCRUB_DUE, True)

    def _vectors(self, drafts: Sequence[PassageDraft], bodies: Sequence[str]) -> list[PassageVectors]:
        kept = self._kept_vectors()
        texts = list(map(_with_path, drafts, bodies))
        keys = [_key(draft, reads) for draft, reads in zip(drafts, texts, strict=True)]
        new = [i for i, key in enumerate(keys) if key not in kept]
        started = time.monotonic()
        made = embed_passages(
            self.embedder,
            [texts[i] for i in new],
            [bodies[i] for i in new],
            with_sentences=self.settings.sentences,
        )
        self.embedding_seconds += time.monotonic() - started
        self.embedded += len(new)
        fresh = dict(zip(new, made, strict=True))
        return [fresh[i] if i in fresh else kept[key] for i, key in enumerate(keys)]

    def _kept_vectors(self) -> Mapping[tuple[str, ...], PassageVectors]:
        """Vectors the documents have already, by what was embedded."""
        columns = (passage.c.headings, passage.c.text, passage.c.vector, sentence_vector.c.vectors)
        joined = passage.outerjoin(sentence_vector, sentence_vector.c.passage_id == passage.c.id)
        found: dict[tuple[str, ...], PassageVectors] = {}
        with self.vault.reading() as connection:
            for some in _slices([document.id for document, _ in self._cut], 500):
                wanted = passage.c.document_id.in_(some) & (passage.c.recipe == self.recipe)
                for headings, words, vector, of_sentences in connection.execute(
                    select(*columns).select_from(joined).where(wanted)
                ):
                    found[(words, *headings)] = PassageVectors(vector, of_sentences or b"")
        return found


def _key(draft: PassageDraft, reads: str) -> tuple[str, ...]:
    # What a table header adds is not kept with a passage, so such a passage is embedded again.
    return (reads, "", draft.table_header) if draft.table_header else (draft.text, *draft.headings)


def _rows(document: GovernedDocument, made: Sequence[_Made], recipe: str) -> Iterator[dict[str, Any]]:
    """What is written of a document's passages, into their table and into the full-text index."""
    keywords = " ".join((*document.keywords, *document.tags))
    for each in made:
        draft = each.draft
        below_title = draft.headings[1:] if document.title else draft.headings
        yield {
            "document_id": document.id,
            "document_hash": document.hash,
            "recipe": recipe,
            "ordinal": draft.ordinal,
            "start": draft.start,
            "end": draft.end,
            "text": draft.text,
            "headings": list(draft.headings),
            "tokens": each.tokens,
            "label": document.label.value,
            "vector": each.vectors.whole,
            # From here on not for the table itself.
            "sentences": each.vectors.sentences,
            "title": document.title,
            "path": " ".join(below_title),
            "keywords": keywords,
            "body": each.body,
        }


def _last_passage(connection: Connection) -> int:
    value = connection.execute(select(setting.c.value).where(setting.c.name == LAST_PASSAGE)).scalar_one_or_none()
    return int(value or 0)


def _slices(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
