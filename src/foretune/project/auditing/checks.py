"""The checks of the audit report: each is run on the project as it is, and says on which bytes."""

from __future__ import annotations

import hashlib
import math
import os
import secrets
import stat
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from foretune.errors import ForetuneError, VaultError
from foretune.files import file_sha256
from foretune.vault import now
from foretune.vault import tables as t

if TYPE_CHECKING:
    from foretune.project.project import Project

__all__ = ["Evidence", "run_checks"]

PASSED, FAILED, LOOK = "passed", "failed", "for a person to judge"
_BYTES_LOOKED_AT = 1 << 20
_LEAST_ENTROPY = 7.99
"""Bits a byte of what is encrypted; text has about 4.5, a database page of it about 5."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One check that was run."""

    check: str
    question: str
    result: str
    """``passed``, ``failed`` or ``for a person to judge``."""
    found: str
    on: str
    """What it was run on: a SHA-256 of bytes, or a root of the log."""
    at: str
    repeat: str
    """How to run it again."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Found:
    result: str
    found: str
    on: str


_Check = Callable[["Project"], _Found]
_checks: dict[str, tuple[str, str, _Check]] = {}


def _check(name: str, question: str, *, repeat: str) -> Callable[[_Check], _Check]:
    def register(run: _Check) -> _Check:
        _checks[name] = (question, repeat, run)
        return run

    return register


def run_checks(project: Project) -> list[Evidence]:
    """Run every check now; one that cannot be run has failed."""
    made = []
    for name, (question, repeat, run) in _checks.items():
        at = now()
        try:
            found = run(project)
        except ForetuneError as error:
            found = _Found(FAILED, str(error), "")
        made.append(Evidence(name, question, found.result, found.found, found.on, at, repeat))
    return made


def _verdict(holds: bool) -> str:
    return PASSED if holds else FAILED


def _file_hash(path: Path) -> str:
    return f"sha256:{file_sha256(path)}"


def _of_rows(rows: Sequence[Any]) -> str:
    return f"sha256:{hashlib.sha256(repr([tuple(row) for row in rows]).encode()).hexdigest()}"


def _rows(project: Project, query: Any) -> Sequence[Any]:
    with project.vault.reading() as connection:
        return connection.execute(query).all()


@_check(
    "encrypted",
    "Is what lies on disk encrypted, and does a wrong key open it?",
    repeat="xxd -l 16 vault/vault.db (no `SQLite format 3`), and open it with any other FORETUNE_KEY",
)
def _encrypted(project: Project) -> _Found:
    from foretune.vault.database import Database
    from foretune.vault.keys import Key

    path = project.vault.path
    with path.open("rb") as file:
        content = file.read(_BYTES_LOOKED_AT)
    counts = Counter(content)
    entropy = -sum(count / len(content) * math.log2(count / len(content)) for count in counts.values())
    entropy += (len(counts) - 1) / (2 * len(content) * math.log(2))  # Miller 1955: a sample has less than its source
    wrong = Database(path, lambda: [Key(secrets.token_hex(32), "a random key")])
    try:
        wrong.key()
        refused = False
    except VaultError:
        refused = True
    finally:
        wrong.close()
    holds = refused and not content.startswith(b"SQLite format 3") and entropy > _LEAST_ENTROPY
    said = "refused" if refused else "accepted"
    return _Found(_verdict(holds), f"A random key was {said}; {entropy:.3f} bits a byte.", _file_hash(path))


@_check("whole", "Is every page of the vault what was written?", repeat="foretune audit report --json")
def _whole(project: Project) -> _Found:
    damaged = project.vault.damaged_pages()
    said = "Every page has its authentication code." if not damaged else f"Damaged: {'; '.join(damaged[:20])}."
    return _Found(_verdict(not damaged), said, _file_hash(project.vault.path))


@_check("key", "Is the key kept apart from what it opens?", repeat="ls -l on the file it names")
def _key(project: Project) -> _Found:
    origin = project.vault.key_origin()
    path = Path(origin)
    if not path.is_absolute():
        return _Found(PASSED, f"It comes from {origin}, not from a file.", "")
    apart = project.folder not in path.parents
    mode = stat.S_IMODE(path.stat().st_mode)
    said = f"It lies {'outside' if apart else 'inside'} the project, mode {mode:04o}."
    return _Found(_verdict(apart and not mode & 0o077), said, "")


@_check("access", "Who may use it, and what may they see?", repeat="foretune access list")
def _access(project: Project) -> _Found:
    people = _rows(project, select(t.principal.c.name, t.principal.c.role, t.principal.c.label).order_by("name"))
    grants = _rows(project, select(t.grant).order_by(t.grant.c.principal, t.grant.c.kind, t.grant.c.value))
    roles = Counter(row.role for row in people)
    said = ", ".join(f"{count} {role}" for role, count in sorted(roles.items())) or "only whoever holds the key"
    return _Found(LOOK, f"{said}; {len(grants)} grants.", _of_rows([*people, *grants]))


@_check("log", "Is the log of what was done whole?", repeat="foretune audit verify")
def _log(project: Project) -> _Found:
    from foretune.vault.log import log_lines, verify_log

    found = verify_log(log_lines(project.vault), key="", kept=[])
    said = f"{found.events:,} events, {found.covered:,} under {found.checkpoints:,} signed checkpoints."
    return _Found(_verdict(found.holds), " ".join([said, *found.problems]), f"ed25519:{found.public_key}")


@_check("refusals", "Who was refused?", repeat="foretune audit export FILE, events `access.refuse`")
def _refusals(project: Project) -> _Found:
    columns = t.event.c
    rows = _rows(
        project,
        select(columns.actor, func.count())
        .where(columns.action == "access.refuse")
        .group_by(columns.actor)
        .order_by("actor"),
    )
    said = ", ".join(f"{actor} {count:,} times" for actor, count in rows) or "Nobody, so far"
    return _Found(LOOK, f"{said}.", _of_rows(rows))


@_check("labels", "Is every document labelled by how sensitive it is?", repeat="foretune review labels")
def _labels(project: Project) -> _Found:
    columns = t.document.c
    rows = _rows(project, select(columns.label, func.count()).group_by(columns.label).order_by(columns.label))
    said = ", ".join(f"{count:,} {label}" for label, count in rows) or "There are no documents"
    return _Found(LOOK, f"{said}.", _of_rows(rows))


@_check("decisions", "Does every decision say who, when and why?", repeat="foretune review history")
def _decisions(project: Project) -> _Found:
    columns = t.decision.c
    rows = _rows(project, select(columns.id, columns.actor, columns.reason, columns.at).order_by(columns.id))
    bare = [row.id for row in rows if not (row.actor and row.reason and row.at)]
    return _Found(_verdict(not bare), f"{len(rows):,} decisions, {len(bare):,} without.", _of_rows(rows))


@_check("provenance", "Is it known where every document came from?", repeat="foretune status")
def _provenance(project: Project) -> _Found:
    columns = t.document.c
    rows = _rows(project, select(columns.id, columns.source_id, columns.content_hash).order_by(columns.id))
    unknown = [row.id for row in rows if not row.content_hash]
    said = f"{len(rows):,} documents with source, path and SHA-256; {len(unknown):,} without."
    return _Found(_verdict(not unknown), said, _of_rows(rows))


@_check(
    "hostile", "Was every document searched for instructions to the model?", repeat="foretune review --check hostile"
)
def _hostile(project: Project) -> _Found:
    seen = select(t.checked.c.document_id).where(t.checked.c.check == "hostile")
    unseen = _rows(project, select(t.document.c.id).where(t.document.c.id.not_in(seen)).order_by(t.document.c.id))
    found = _rows(project, select(t.finding.c.id).where(t.finding.c.check == "hostile").order_by(t.finding.c.id))
    return _Found(_verdict(not unseen), f"{len(unseen):,} were not; {len(found):,} findings.", _of_rows(found))


@_check("erased", "Is what was erased gone, with a receipt that holds?", repeat="foretune audit report --json")
def _erased(project: Project) -> _Found:
    from foretune.project.erasing import receipts
    from foretune.vault.signing import verify

    kept = receipts(project.vault)
    bad = [each.statement["receipt"] for each in kept if not (verify(each.statement) and each.clean)]
    said = f"{len(kept):,} receipts, signed, nothing found in any page afterwards." if not bad else f"Not: {bad}."
    return _Found(_verdict(not bad), said, _of_rows([(each.statement["signature"],) for each in kept]))


@_check(
    "adapters", "Is every adapter what was trained, labelled, and free of what was erased?", repeat="foretune status"
)
def _adapters(project: Project) -> _Found:
    from foretune.project.adapters import adapter_file_hash

    rows = _rows(project, select(t.adapter).order_by(t.adapter.c.id))
    changed = [row.name for row in rows if adapter_file_hash(project, row.id) != row.hash]
    tainted = [row.name for row in rows if row.tainted]
    labels = ", ".join(sorted({row.label for row in rows})) or "none"
    said = f"{len(rows):,} adapters (labels: {labels}); changed: {changed or 'none'}; tainted: {tainted or 'none'}."
    return _Found(_verdict(not changed and not tainted), said, _of_rows([(row.id, row.hash) for row in rows]))


@_check("releases", "Is every release what was pinned?", repeat="foretune release list; foretune release promote NAME")
def _releases(project: Project) -> _Found:
    from foretune.releases import find, verify

    rows = _rows(project, select(t.release.c.id, t.release.c.name).order_by(t.release.c.name))
    broken = []
    for row in rows:
        try:
            verify(project.vault, find(project.vault, row.id).specification)
        except ForetuneError as error:
            broken.append(f"{row.name}: {error}")
    said = f"{len(rows):,} releases; {' '.join(broken) or 'each has the model, adapter and prompts it was made with.'}"
    return _Found(_verdict(not broken), said, _of_rows(rows))


@_check(
    "engine", "Which model sees the documents, and where does it run?", repeat="the section [engine] of foretune.toml"
)
def _engine(project: Project) -> _Found:
    settings = project.config.engine
    approved = ", ".join(sorted(label.value for label in settings.approved_for)) or "no label"
    where = "on this machine" if settings.kind == "llama" else f"elsewhere, approved for {approved}"
    plan = project.folder / "foretune.toml"
    said = f"{settings.model} runs {where}; offline: {os.environ.get('HF_HUB_OFFLINE', '') == '1'}."
    return _Found(LOOK, said, _file_hash(plan))
