"""Does this text support that one, is this answer right: pure functions of text.

Hands on facts that can be laid side by side (:func:`facts`, :func:`rivals`), verdicts
on answers (:func:`score`), on claims (:func:`ground`) and on passages
(:func:`support`), each with its reason in words. English first; numbers, dates in
digits and names work in any language that writes them with spaces.
"""

from foretune.evidence.dates import PartialDate, Precision, dates, relate
from foretune.evidence.equivalence import Likeness, likeness
from foretune.evidence.facts import Facts, Rival, facts, rivals
from foretune.evidence.grounding import GroundedSpan, Grounding, Similarity, Support, ground
from foretune.evidence.names import names
from foretune.evidence.polarity import answers_yes, negated, negations
from foretune.evidence.quantity import Quantity, equal, quantities
from foretune.evidence.questions import AnswerType, Asked, asked
from foretune.evidence.refusals import refusal, refuses
from foretune.evidence.scorers import KINDS, Scorer, Verdict, infer_kind, score, scorer
from foretune.evidence.support import Idf, PassageSupport, support
from foretune.evidence.tense import Tense, tense
from foretune.evidence.text import (
    STOP_WORDS,
    Span,
    Token,
    clauses,
    content,
    content_stems,
    fold,
    sentences,
    squash,
    stem,
    tokens,
)

__all__ = [
    "KINDS",
    "STOP_WORDS",
    "AnswerType",
    "Asked",
    "Facts",
    "GroundedSpan",
    "Grounding",
    "Idf",
    "Likeness",
    "PartialDate",
    "PassageSupport",
    "Precision",
    "Quantity",
    "Rival",
    "Scorer",
    "Similarity",
    "Span",
    "Support",
    "Tense",
    "Token",
    "Verdict",
    "answers_yes",
    "asked",
    "clauses",
    "content",
    "content_stems",
    "dates",
    "equal",
    "facts",
    "fold",
    "ground",
    "infer_kind",
    "likeness",
    "names",
    "negated",
    "negations",
    "quantities",
    "refusal",
    "refuses",
    "relate",
    "rivals",
    "score",
    "scorer",
    "sentences",
    "squash",
    "stem",
    "support",
    "tense",
    "tokens",
]
