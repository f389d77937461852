"""Contradictions: what two places of a corpus say differently about the same thing.

Hands on signatures of documents (:func:`sign_text`), pairs of statements that disagree
(:func:`disagreements`), names spelled in two ways (:func:`misspellings`), abbreviations
spelled out in two ways (:func:`variants`) and links
that open another page than they name (:func:`wrong_targets`).
"""

from foretune.governance.contradiction.acronyms import variants
from foretune.governance.contradiction.differences import Difference
from foretune.governance.contradiction.disagreements import Disagreement, Judge, disagreements
from foretune.governance.contradiction.identifiers import Misspelling, misspellings
from foretune.governance.contradiction.links import Page, WrongTarget, wrong_targets
from foretune.governance.contradiction.signature import Signed, sign_text

__all__ = [
    "Difference",
    "Disagreement",
    "Judge",
    "Misspelling",
    "Page",
    "Signed",
    "WrongTarget",
    "disagreements",
    "misspellings",
    "sign_text",
    "variants",
    "wrong_targets",
]
