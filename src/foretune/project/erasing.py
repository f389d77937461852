"""Erasing: a document goes, and all that was made from it, with a receipt.

What a document leaves behind is more than its row: passages, index terms, vectors,
pairs, findings in other documents, answers that quote it, cached completions,
report files, and adapters that learned from it. All of that goes in one
transaction (files right after it), then every page of the file is decrypted and
looked through for pieces of the text. The receipt names things by id or keyed hash.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    JSON,
    Connection,
    LargeBinary,
    Table,
    TableClause,
    Text,
    bindparam,
    cast,
    column,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    table,
    update,
)

from foretune.pairs import replay_pairs
from foretune.types import digest
from foretune.vault import Vault, now
from foretune.vault import tables as t

if TYPE_CHECKING:
    from foretune.governance import Selected
    from foretune.project.jobs import StoredJob
    from foretune.project.project import Project

__all__ = ["Receipt", "erase", "receipts", "residue"]

_REMAINS = (
    "the files themselves, where they were added from",
    "in the audit log, which is append-only: ids and SHA-256 hashes of content, never text",
    "copies outside this project: backups, exported files, answers already given",
)
_HANDED_OVER = (
    "training files that were handed to services, and what was trained from them there: ask each service named under "
    "jobs to delete them"
)
_WEIGHTS = "weights of adapters that learned from them, marked and kept as erasure.adapters in the plan says"
_WITHOUT_WEIGHTS = ("remove", "retrain")
"""Policies (``erasure.adapters``) under which an adapter's files go."""
_WINDOW = 24
"""Bytes of a piece of text that is looked for."""
_PIECES = 2_000
"""Pieces looked for at most, spread evenly over the texts."""
_SLICE = 500
_SHORTEST_WORD = 11
"""Letters of a word that is looked for in the full-text index, which keeps the beginnings of neighbours apart."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof of an erasure: a signed statement, and the files that went with it."""

    statement: dict[str, Any]
    """JSON values: ``receipt``, ``at``, ``by``, ``documents``, ``removed``, ``adapters``, ``policy`` (for
    them), ``releases``, ``jobs`` (whose files, elsewhere, hold the text), ``verified``, ``remains``, ``public_key``,
    ``signature``."""

    @property
    def clean(self) -> bool:
        """Whether no piece of the text was found afterwards."""
        return not self.statement["verified"]["pieces_found"]


def erase(project: Project, names: Sequence[str]) -> Receipt:
    """Remove documents and everything made from them, and look for what is left.

    The content is remembered by keyed hash, so that the next ``add`` does not bring it back.

    Args:
        names: paths as listed or as added, folders of either, or patterns
            (:func:`foretune.governance.documents_matching`).

    Raises:
        InputError: a name matches no document.
        VaultError: another process holds the project.
    """
    from foretune.corpus import scrub
    from foretune.governance import documents_matching

    vault = project.vault
    with project.working():
        chosen = documents_matching(vault, names)
        texts = list(_texts(vault, [one.id for one in chosen]))
        with vault.writing() as connection:
            statement = _remove(project, connection, chosen)
            # Before the commit: what is acknowledged as erased must not be left in a file by a kill.
            gone = statement["adapters"] if statement["policy"] in _WITHOUT_WEIGHTS else []
            statement["removed"]["report_files"] = _remove_files(project, gone)
        scrub(vault)
        statement["verified"] = _verified(vault, _pieces(texts), _terms(texts))
        with vault.writing() as connection:
            return _keep(vault, connection, statement)


def _verified(vault: Vault, pieces: Sequence[bytes], terms: Sequence[bytes]) -> dict[str, Any]:
    """What the receipt says of the search for residue."""
    found, pages = _search(vault, pieces, terms)
    if found:  # a page that SQLite freed without overwriting it
        vault.compact()
        found, pages = _search(vault, pieces, terms)
    return {
        "pages": pages,
        "pieces_looked_for": len(pieces) + len(terms),
        "pieces_found": len(found),
        "how": "every page of the vault's file and of its log was decrypted and searched, free pages included",
    }


def receipts(vault: Vault) -> list[Receipt]:
    """All receipts, oldest first."""
    with vault.reading() as connection:
        rows = connection.execute(select(t.erasure.c.receipt).order_by(t.erasure.c.at, t.erasure.c.id)).scalars()
        return [Receipt(row) for row in rows]


# -- what goes ----------------------------------------------------------------------------------------


def _texts(vault: Vault, ids: Sequence[str]) -> Iterator[str]:
    for document_id in ids:
        with vault.reading() as connection:
            yield connection.execute(select(t.document.c.text).where(t.document.c.id == document_id)).scalar_one()


def _remove(project: Project, connection: Connection, chosen: Sequence[Selected]) -> dict[str, Any]:
    """Delete rows in the caller's transaction; returns what the receipt says so far."""
    from foretune.corpus import erase_documents
    from foretune.governance import forget
    from foretune.project.jobs import mark_erased

    vault, ids = project.vault, [one.id for one in chosen]
    counts = {table.name + "s": _count(connection, table, ids) for table in (t.passage, t.finding, t.pair, t.decision)}
    counts["pairs"] += len(_quoting(connection, ids))
    others = _other_pairs(connection, ids)
    adapters = _adapters_trained_on(vault, connection, others)
    jobs = _jobs_with(project, ids, others)
    runs = _runs_that_quote(connection, {one.path for one in chosen}, tainted=bool(adapters))
    forget(connection, ids)
    connection.execute(delete(t.bench_run).where(t.bench_run.c.id.in_(runs)))
    completions = connection.execute(delete(t.completion)).rowcount  # they quote, and nobody can say from what
    at, policy = now(), project.config.erasure.adapters
    receipt = digest(vault.id, at, ids)[:16]
    learned = t.adapter.c.id.in_([one["id"] for one in adapters])
    if policy == "remove":
        connection.execute(delete(t.adapter).where(learned))
    else:
        connection.execute(update(t.adapter).where(learned).values(tainted=receipt, barred=policy != "warn"))
    mark_erased(project, connection, jobs, receipt)
    hashes = erase_documents(vault, connection, [(one.id, one.content_hash) for one in chosen])
    statement: dict[str, Any] = {
        "receipt": receipt,
        "at": at,
        "by": vault.principal.name,
        "vault": vault.id,
        "documents": [{"id": one, "keyed_hash": known} for one, known in zip(ids, hashes, strict=True)],
        "removed": {"documents": len(ids), **counts, "bench_runs": len(runs), "completions": completions},
        "adapters": adapters,
        "policy": policy,
        "releases": _releases_with(connection, [one["id"] for one in adapters]),
        "jobs": [_told(each) for each in jobs],
        "remains": [
            *_REMAINS,
            *([_HANDED_OVER] if jobs else []),
            *([_WEIGHTS] if adapters and policy not in _WITHOUT_WEIGHTS else []),
        ],
    }
    vault.record(
        connection, "document.erase", statement["receipt"], {"documents": ids, "removed": statement["removed"]}
    )
    return statement


def _count(connection: Connection, rows: Table, ids: Sequence[str]) -> int:
    query = select(func.count()).select_from(rows).where(rows.c.document_id.in_(bindparam("b_ids", expanding=True)))
    slices = (ids[start : start + _SLICE] for start in range(0, len(ids), _SLICE))
    return sum(connection.execute(query, {"b_ids": some}).scalar_one() for some in slices)


def _quoting(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Pairs of other documents that quote one of these: they go too."""
    query = (
        select(t.pair_source.c.pair_id)
        .join(t.pair, t.pair.c.id == t.pair_source.c.pair_id)
        .where(t.pair_source.c.document_id.in_(ids), t.pair.c.document_id.not_in(ids))
    )
    return set(connection.execute(query).scalars())


def _other_pairs(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Pairs that hold nothing of these documents.

    Pairs are written again when a document changes, so one that is not there any more may have been of any document.
    """
    others = set(connection.execute(select(t.pair.c.id).where(t.pair.c.document_id.not_in(ids))).scalars())
    others -= _quoting(connection, ids)
    return others | {pair.id for pair in replay_pairs()}


def _jobs_with(project: Project, ids: Sequence[str], others: set[str]) -> list[StoredJob]:
    """Jobs whose training files hold one of these documents, or of which nobody can say that they do not."""
    from foretune.project.jobs import stored_jobs

    return [
        job
        for job in stored_jobs(project)
        if (not others.issuperset(job.trained) if job.documents is None else not set(ids).isdisjoint(job.documents))
    ]


def _told(job: StoredJob) -> dict[str, Any]:
    """What to ask a service with: ids it gave, and no path of this machine."""
    there = {name: value for name, value in job.known.items() if name != "folder"}
    return {
        "job": job.id,
        "service": job.service,
        "at": job.at,
        "state": job.state,
        "result": job.result,
        "there": there,
        "files_removed": job.files_removed,
    }


def _adapters_trained_on(vault: Vault, connection: Connection, others: set[str]) -> list[dict[str, str]]:
    """Adapters that learned from something else than these pairs, or of which nobody can say that they did not."""
    found = []
    for row in connection.execute(select(t.adapter.c.id, t.adapter.c.hash, t.adapter.c.path).order_by(t.adapter.c.id)):
        record = (vault.folder / row.path).parent / "result.json"
        trained = json.loads(record.read_text(encoding="utf-8"))["trained"] if record.exists() else None
        if trained is None or not others.issuperset(trained):
            found.append({"id": row.id, "sha256": row.hash})
    return found


def _runs_that_quote(connection: Connection, paths: set[str], *, tainted: bool) -> list[str]:
    """Bench runs with an answer made from one of these documents, or by an adapter that may have learned from one."""
    columns = t.bench_answer.c
    return sorted(
        {
            row.run_id
            for row in connection.execute(select(columns.run_id, columns.arm, columns.passages))
            if (tainted and "tuned" in row.arm) or any(passage["path"] in paths for passage in row.passages)
        }
    )


def _releases_with(connection: Connection, adapters: Sequence[str]) -> list[dict[str, str]]:
    rows = connection.execute(select(t.release.c.id, t.release.c.name, t.release.c.specification)).all()
    return [{"id": row.id, "name": row.name} for row in rows if row.specification.get("adapter") in adapters]


def _remove_files(project: Project, adapters: Sequence[Mapping[str, str]]) -> int:
    """Report files, which repeat what documents say, and weights; returns the number of report files."""
    reports = [path for path in (project.folder / "reports").rglob("*") if path.is_file()]
    for path in reports:
        path.unlink()
    with project.vault.reading() as connection:
        left = set(connection.execute(select(t.adapter.c.id)).scalars()) - {one["id"] for one in adapters}
    # Those of the adapters, and what an interrupted training left: nobody can say what is in there.
    for folder in (project.vault.folder / "adapters").glob("*"):
        if folder.name not in left:
            shutil.rmtree(folder, ignore_errors=True)
    return len(reports)


def _keep(vault: Vault, connection: Connection, statement: dict[str, Any]) -> Receipt:
    from foretune.vault.signing import sign

    signed = sign(vault, connection, statement)
    connection.execute(insert(t.erasure).values(id=signed["receipt"], receipt=signed, at=signed["at"]))
    return Receipt(signed)


# -- what is left -------------------------------------------------------------------------------------


def _pieces(texts: Iterable[str]) -> list[bytes]:
    """Pieces of the texts, spread evenly."""
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    step = max(_WINDOW, sum(map(len, encoded)) // _PIECES)
    found = {text[start : start + _WINDOW] for text in encoded for start in range(0, max(1, len(text) - _WINDOW), step)}
    return sorted(piece for piece in found if len(piece.split()) > 1 and not piece.isspace())


def _terms(texts: Iterable[str]) -> list[bytes]:
    """Insides of long words as the full-text index keeps them: small letters, the beginning shared with a neighbour."""
    words = {word for text in texts for word in re.findall(rf"[a-z]{{{_SHORTEST_WORD},}}", text.casefold())}
    return sorted({word[3:-2].encode() for word in words})[:_PIECES]


def residue(vault: Vault, pieces: Sequence[bytes], terms: Sequence[bytes]) -> list[bytes]:
    """Those of ``pieces`` and ``terms`` that stand in some page and in no document that is still there."""
    return _search(vault, pieces, terms)[0]


def _search(vault: Vault, pieces: Sequence[bytes], terms: Sequence[bytes]) -> tuple[list[bytes], int]:
    """The residue, and how many pages were searched for it."""
    wanted = (*pieces, *terms)
    expression = _any_of(wanted) if wanted else None
    seen: set[bytes] = set()
    pages = 0
    for page in vault.pages():
        pages += 1
        if expression is not None:
            seen.update(match.group() for match in expression.finditer(page))
    return sorted(one for one in seen - _held(vault, seen) if not _is_held(vault, one)), pages


def _any_of(pieces: Iterable[bytes]) -> Any:
    import re2

    return re2.compile(b"|".join(re2.escape(one) for one in pieces), _latin1())


def _held(vault: Vault, pieces: set[bytes]) -> set[bytes]:
    """Those of ``pieces`` that documents hold which are still there: one look at each, however many pieces.

    Of pieces that overlap in a document only one is seen; :func:`_is_held` tells of the others.
    """
    left = set(pieces)
    found: set[bytes] = set()
    columns = (t.document.c.text, t.document.c.title, t.finding.c.text)
    with vault.reading() as connection:
        for column_ in columns:
            if not left:
                break
            expression = _any_of(left)
            for text in connection.execute(select(column_)).scalars().yield_per(500):
                if left <= found:
                    break
                for form in (text, text.casefold()):
                    found.update(match.group() for match in expression.finditer(form.encode("utf-8", "surrogatepass")))
            left -= found
    return found


def _latin1() -> Any:
    """Bytes are bytes: an expression may hold half a character."""
    import re2

    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.max_mem = 256 << 20
    return options


def _is_held(vault: Vault, piece: bytes) -> bool:
    """Whether something that may stay holds the piece: another document, what was made from it, a bench question."""
    wanted = literal(piece, LargeBinary)
    with vault.reading() as connection:
        for holder in _HOLDERS:
            texts = [each for each in holder.c if isinstance(each.type, Text | JSON)]
            held = or_(*(func.instr(cast(form, LargeBinary), wanted) > 0 for c in texts for form in (c, func.lower(c))))
            if connection.execute(select(literal(1)).select_from(holder).where(held).limit(1)).first() is not None:
                return True
    return False


def _plain(name: str, *columns: str) -> TableClause:
    """A table that SQLAlchemy does not know."""
    return table(name, *(column(each, Text) for each in columns))


_HOLDERS: tuple[Table | TableClause, ...] = (
    *(t.document, t.finding, t.passage, t.pair, t.pair_decision, t.question, t.bench_answer, t.decision, t.set_aside),
    _plain("passage_fts", "title", "headings", "keywords", "body"),  # without markup, so not as in the passages
    _plain("sqlite_master", "sql"),
)
