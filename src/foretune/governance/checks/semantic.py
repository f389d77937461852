"""Semantic duplicates: two documents that say much the same in other words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from foretune.embedding import Embedder, Vectors, open_embedder
from foretune.governance.checks.registry import CheckSettings, corpus_check
from foretune.governance.passages import passages_of
from foretune.governance.topics import Terms, TopicSpace, terms
from foretune.models import CATALOGUE, installed
from foretune.types import Document, Finding, Related, Severity

__all__ = ["ALIKE", "likeness", "semantic"]

ALIKE = 0.7
"""Likeness from which two documents say much the same: ``benchmarks/accuracy/duplicate.py``."""

_EMBEDDER = "all-minilm-l6-v2"
_CANDIDATE = 0.05
"""Cosine of the words of two openings from which their meaning is compared."""
_REFERENCE = 5_000
"""Documents among which each looks for its nearest; of more, as many evenly spaced ones."""
_MOST_PAIRS = 100
"""Pairs compared by meaning, those with most words in common: at most about 20 CPU-seconds."""
_PASSAGES = 6
"""Of a document, from its beginning: about 600 words."""
_FEWEST_WORDS = 60


@dataclass(frozen=True, slots=True)
class _Signed:
    id: str
    path: str
    words: int
    terms: Terms


def _sign(document: Document) -> _Signed:
    return _Signed(document.id, document.path, len(document.text.split()), terms(document.text))


@corpus_check(
    "semantic",
    types={"semantic": Severity.LOW},
    sign=_sign,
    columns=("text", "path"),
    settings=("near_duplicate",),
    part_of="duplicate",
    costly=True,
    model=_EMBEDDER,
)
def semantic(signed: Sequence[_Signed], text: Callable[[str], str], settings: CheckSettings) -> Iterable[Finding]:
    """Documents that say much the same as another in other words: a policy and its summary, a page that was rewritten.

    Of each document the one with most words in common is compared by meaning, passage by passage. It is a reason to
    look, never to leave one out: two pages on one subject can be as alike as two versions of a page. Needs the
    embedding model; without it nothing is found. Near-duplicates are left to the check ``duplicate``.
    """
    if not installed(CATALOGUE[_EMBEDDER]):
        return
    pairs = _candidates([each for each in signed if each.words >= _FEWEST_WORDS], text, settings.near_duplicate)
    if not pairs:
        return
    embedder = open_embedder(_EMBEDDER)
    vectors: dict[str, Vectors] = {}
    for one, other in pairs:
        for each in (one, other):
            if each.id not in vectors:
                vectors[each.id] = _vectors(text(each.id), embedder)
        alike = likeness(vectors[one.id], vectors[other.id])
        if alike >= ALIKE:
            yield Finding(
                one.id,
                "duplicate",
                "semantic",
                Severity.LOW,
                f"Says much the same as {other.path} in other words: if they are about the same thing, keep one.",
                score=round(alike, 4),
                related=(Related(other.path),),
                evidence={"likeness": round(alike, 4)},
            )


def likeness(one: Vectors, other: Vectors) -> float:
    """How much of each is said in the other, -1 to 1: of the mean cosines of passages to their nearest, the smaller."""
    if not len(one) or not len(other):
        return 0.0
    cosines = one @ other.T
    return float(min(cosines.max(axis=1).mean(), cosines.max(axis=0).mean()))


def _vectors(text: str, embedder: Embedder) -> Vectors:
    return embedder.embed(passages_of(text)[:_PASSAGES])


def _candidates(
    signed: Sequence[_Signed], text: Callable[[str], str], near_duplicate: float
) -> list[tuple[_Signed, _Signed]]:
    """Each document that is not a near-duplicate, with the one nearest to it by words; each pair once, in order."""
    from foretune.governance.minhash import jaccard, shingles

    if len(signed) < 2:
        return []
    documents = [each.terms for each in signed]
    reference = range(0, len(signed), -(-len(signed) // _REFERENCE))
    nearest = TopicSpace(documents).neighbours(documents, reference, 1)
    found = {
        (min(at, position), max(at, position)): cosine
        for at, (_, position, cosine) in enumerate(nearest)
        if cosine >= _CANDIDATE and at != position
    }
    likeliest = sorted(found, key=lambda pair: (-found[pair], pair))
    pairs = []
    for pair in likeliest:
        one, other = sorted((signed[at] for at in pair), key=lambda each: each.path)
        sets = [shingles(text(each.id)) for each in (one, other)]
        if jaccard(*sets) < near_duplicate:
            pairs.append((one, other))
        if len(pairs) == _MOST_PAIRS:
            break
    return sorted(pairs, key=lambda pair: (pair[0].path, pair[1].path))
