"""A project with 100,000 passages, for benchmarks of what must not grow with the store.

Documents of real sentences (the example handbook), shuffled with a seed; each passage also has a word of its own.
Vectors are random unit vectors, since making real ones takes an hour and changes nothing of what is measured; the
checks of single documents are marked as done.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foretune.corpus.ledger import Change, Ledger
from foretune.corpus.metadata import Description
from foretune.corpus.readers import Reading
from foretune.corpus.source import Source
from foretune.governance.checks import checks
from foretune.governance.review import _insert_marks, _versions
from foretune.plan.config import Config
from foretune.progress import silent
from foretune.project import Project
from foretune.project.stages import _STAGES, run_stage
from foretune.types import Label, digest

__all__ = ["PASSAGES_EACH", "RandomVectors", "make"]

PASSAGES_EACH = 5
_BATCH = 500
_WORDS = 110
"""Of a passage, of about 790 characters with its own word and heading."""


class RandomVectors:
    """An embedder that says it is the project's own and makes random vectors."""

    def __init__(self, project: Project) -> None:
        self.hash, self.dimensions = project.embedder.hash, project.embedder.dimensions
        self._random = np.random.default_rng(7)

    def embed(self, texts: list[str]) -> NDArray[np.float32]:
        made = self._random.standard_normal((len(texts), self.dimensions)).astype(np.float32)
        unit: NDArray[np.float32] = made / np.linalg.norm(made, axis=1, keepdims=True)
        return unit

    def count_tokens(self, texts: list[str]) -> list[int]:
        return [len(text.split()) for text in texts]


def make(folder: Path, passages: int) -> Project:
    """A project in ``folder`` with an index of about so many passages, as after ``foretune index``."""
    project = Project.create(folder, Config())
    source = Source("archive", folder / "archive", "folder", Label.INTERNAL)
    ledger = Ledger(project.vault)
    changes: list[Change] = []
    new = [source]
    for number, text in enumerate(_texts(passages // PASSAGES_EACH)):
        path = f"{number // 1000:03}/{number:06}.md"
        reading = Reading(text, "text/markdown", digest(text), Description(title=f"Report {number}"))
        changes.append(
            Change(source, path, readings={path: reading}, labels={path: source.label}, added=frozenset({path}))
        )
        if len(changes) == _BATCH:
            ledger.write(changes, new)
            changes, new = [], []
    ledger.write(changes, new)
    versions = _versions(project.vault)
    with project.vault.writing() as connection:
        for check in checks():
            _insert_marks(connection, ((one, check.name, f"{version}.") for one, version in versions.items()))
    with project.vault.writing() as connection:
        project.vault.finish_stage(connection, "review", _STAGES["review"].inputs(project), {})
    real = project.embedder
    project.__dict__["embedder"] = RandomVectors(project)
    run_stage(project, "index", silent)
    project.__dict__["embedder"] = real
    return project


def _texts(count: int) -> Iterator[str]:
    pages = sorted((Path(__file__).parent.parent / "examples" / "handbook" / "documents").rglob("*.md"))
    sentences = [
        " ".join(sentence.split())
        for page in pages
        for sentence in re.split(r"(?<=[.!?])\s+", page.read_text(encoding="utf-8").partition("\n---\n")[2])
        if 5 <= len(sentence.split()) <= 40 and "#" not in sentence
    ]
    chosen = random.Random(7)
    for number in range(count):
        parts = []
        for section in range(PASSAGES_EACH):
            words: list[str] = [f"Reference quixotary{number:06}x{section}."]
            while sum(len(each.split()) for each in words) < _WORDS:
                words.append(chosen.choice(sentences))
            said = " ".join(words).split(" ")
            # Every third word is another in each document: what one of them says, no other does.
            said[2::3] = [f"{word}{number:x}" for word in said[2::3]]
            parts.append(f"## Part {section}\n\n{' '.join(said)}\n")
        yield "\n".join(parts)
