"""Is this answer right? One scorer for each kind of question, all through :func:`score`.

A scorer is a function of a question and a response, registered under the kind it
judges; adding a kind is writing one and decorating it with :func:`scorer`. Every
verdict says why in a sentence, and none is ever NaN.
"""

from foretune.evidence.scorers import free, list_, name, number, unanswerable, yesno
from foretune.evidence.scorers.registry import KINDS, Scorer, Verdict, infer_kind, score, scorer

__all__ = ["KINDS", "Scorer", "Verdict", "infer_kind", "score", "scorer"]

# Importing a scorer's module is what registers it.
_REGISTERED = (number, name, yesno, list_, free, unanswerable)
