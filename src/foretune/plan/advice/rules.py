"""The rules of the advice: each looks at one fact and votes, or says nothing.

A rule is a registered function from a :class:`Case` to a :class:`Vote` or None.
Points are added up; from :data:`THRESHOLD` on an approach is recommended. Three
points are a purpose of its own (the story asks for it), two settle a matter
where nothing speaks against it, one or a half tip the scales.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from foretune.plan.advice import sources
from foretune.plan.advice.sources import Source
from foretune.plan.advice.types import Case, Reason, Recommendation

__all__ = ["RULES", "THRESHOLD", "Rule", "Vote", "rule"]

THRESHOLD = 2.0
"""Points from which an approach is recommended."""
FEW = 10
"""Fewer documents than this are read by hand, and too few to train on (the minimum of hosted tuning)."""
WHOLE_IN_PROMPT = 24_000
"""Words that a context window of 32,768 tokens holds whole (three quarters of a word a token)."""
HALF_A_WINDOW = 3 / 8
"""Words a token of the plan's own window: half of it for the documents, three quarters of a word a token
(https://help.openai.com/en/articles/4936856). What stands in the middle of a full window is read worst
(Liu et al. 2023, arXiv 2307.03172)."""
SIGNAL, PLENTY = 50, 200
"""Pieces from which tuning shows a first signal, and from which it can be expected to carry a voice."""
KEPT_OUT = 0.5
"""Share of restricted or personal documents from which nothing is to be trained in before they are redacted."""
_ENGLISH_ONLY = frozenset({"all-minilm-l6-v2"})
"""Packaged embedding models that read one language."""
_CHECKED = re.compile(
    r"\b(?:cit(?:e|es|ed|ations?)|sources?|audit\w*|prove\w*|evidence|verif\w*|trust\w*)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Vote:
    """What a rule found and how it votes."""

    fact: str
    retrieval: float = 0.0
    tuning: float = 0.0
    blocks: tuple[Recommendation, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """A registered rule."""

    name: str
    principle: str
    source: Source
    look: Callable[[Case], Vote | None]

    def __call__(self, case: Case) -> Reason | None:
        """The reason this rule gives in this case; None where it does not apply."""
        vote = self.look(case)
        if vote is None:
            return None
        return Reason(self.name, vote.fact, self.principle, self.source, vote.retrieval, vote.tuning, vote.blocks)


RULES: dict[str, Rule] = {}


def rule(name: str, *, principle: str, source: Source) -> Callable[[Callable[[Case], Vote | None]], Rule]:
    """Register a rule under ``name``; the decorated function becomes a :class:`Rule`."""

    def register(look: Callable[[Case], Vote | None]) -> Rule:
        RULES[name] = Rule(name, principle, source, look)
        return RULES[name]

    return register


# -- what the story asks for -------------------------------------------------------------------------


@rule(
    "story-wants-facts",
    principle="Facts go to retrieval: it beats training the documents in, for old knowledge and for new.",
    source=sources.OVADIA,
)
def wants_facts(case: Case) -> Vote | None:
    if not case.intent.facts:
        return None
    return Vote(f"The plan asks for facts ({_quoted(case.intent.facts)}).", retrieval=3)


@rule(
    "story-wants-voice",
    principle="A voice goes to tuning: readers rejected prompted imitations of an author and preferred tuned ones.",
    source=sources.AUTHORS,
)
def wants_voice(case: Case) -> Vote | None:
    if not case.intent.voice:
        return None
    return Vote(f"The plan asks for a way of writing ({_quoted(case.intent.voice)}).", tuning=3)


@rule(
    "story-wants-form",
    principle="A form goes to tuning: the same kind of answer every time is behaviour, not knowledge.",
    source=sources.OPENAI_FORM,
)
def wants_form(case: Case) -> Vote | None:
    if not case.intent.form:
        return None
    # Below a voice: a prompt with a schema often does the same.
    return Vote(f"The plan asks for a fixed form of answer ({_quoted(case.intent.form)}).", tuning=2)


@rule(
    "story-wants-both",
    principle="The gains of tuning and of retrieval add up (6 points and 5 more in one study).",
    source=sources.BALAGUER,
)
def wants_both(case: Case) -> Vote | None:
    if not (case.intent.facts and case.intent.voice):
        return None
    return Vote("The plan asks for facts and for a way of writing.", retrieval=0.5, tuning=0.5)


@rule(
    "story-unclear",
    principle="Where the story does not say, take what is quickest to build and to undo.",
    source=sources.REVERSIBLE,
)
def unclear(case: Case) -> Vote | None:
    if case.intent.facts or case.intent.voice or case.intent.form:
        return None
    return Vote("The plan names neither facts to find nor a way of writing.", retrieval=2)


@rule(
    "facts-are-not-trained-in",
    principle="Facts the model does not know are learned slowly in tuning, and make it invent more.",
    source=sources.GEKHMAN,
)
def facts_only(case: Case) -> Vote | None:
    if not case.intent.facts or case.intent.voice or case.intent.form:
        return None
    return Vote("The plan asks for facts only.", tuning=-2)


@rule(
    "answers-must-be-checked",
    principle="Only what is retrieved can be cited; a tuned model cannot say where a sentence came from.",
    source=sources.CITATIONS,
)
def citations(case: Case) -> Vote | None:
    told = f"{case.config.story.so_that}\n{case.config.purpose.must_answer}"
    words = tuple(dict.fromkeys(_CHECKED.findall(told)))
    return Vote(f"The plan wants answers that can be checked ({_quoted(words)}).", retrieval=1) if words else None


# -- how much there is -------------------------------------------------------------------------------


@rule(
    "nothing-included",
    principle="Without documents there is nothing to retrieve and nothing to train on.",
    source=sources.NOTHING,
)
def nothing(case: Case) -> Vote | None:
    if case.facts.included:
        return None
    read = case.facts.documents
    fact = "There are no documents yet." if not read else f"None of the {read:,} documents is included."
    return Vote(fact, blocks=(Recommendation.RETRIEVAL, Recommendation.TUNING))


@rule(
    "a-prompt-would-do",
    principle="What fits whole into a prompt needs no search: put the documents there.",
    source=sources.WHOLE_IN_PROMPT,
)
def prompt_would_do(case: Case) -> Vote | None:
    facts, window = case.facts, case.config.engine.context
    handful = facts.included < FEW and facts.words <= WHOLE_IN_PROMPT
    if not facts.included or not (handful or facts.words <= window * HALF_A_WINDOW):
        return None
    if 0 < facts.sensitive_share < 1:
        return None  # a prompt shows everything to everybody; only retrieval keeps to labels
    fact = f"There {_documents(facts.included)} of {facts.words:,} words together."
    if not handful:
        fact = f"{fact[:-1]}: less than half of the model's window of {window:,} tokens."
    return Vote(fact, blocks=(Recommendation.RETRIEVAL,))


@rule(
    "too-few-to-train",
    principle="Ten examples are the least that can be trained on, and test the plumbing only.",
    source=sources.OPENAI_EXAMPLES,
)
def too_few(case: Case) -> Vote | None:
    if case.facts.for_tuning >= FEW or not case.facts.included:
        return None
    return Vote(f"There {_documents(case.facts.for_tuning)} for tuning.", blocks=(Recommendation.TUNING,))


@rule(
    "enough-examples",
    principle="A first signal shows with 50 to 100 pieces; 1,000 well-chosen ones were enough for a whole manner.",
    source=sources.LIMA,
)
def enough(case: Case) -> Vote | None:
    count = case.facts.for_tuning
    if not (case.intent.voice or case.intent.form) or count < FEW:
        return None
    if count < SIGNAL:
        return Vote(f"There are {count:,} documents for tuning, a first signal shows from {SIGNAL}.", tuning=-3)
    return Vote(f"There are {count:,} documents for tuning.", tuning=-0.5 if count < PLENTY else 1)


# -- what they are like ------------------------------------------------------------------------------


@rule(
    "documents-change-often",
    principle="An index takes a changed document in seconds; an adapter is out of date until it is trained again.",
    source=sources.RAG,
)
def changes(case: Case) -> Vote | None:
    cadence, measured = case.config.process.cadence, case.facts.changed_last_month
    often = cadence in ("daily", "weekly")
    if not often and (measured is None or measured < 0.5):
        return None
    fact = (
        f"The documents change {cadence}, so a tuned arm is stale after a {'day' if cadence == 'daily' else 'week'}."
        if often
        else f"{measured:.0%} of the documents changed in the last month, though the plan says {cadence}."
    )
    # A way of writing ages more slowly than the facts in it, and a form hardly at all.
    return Vote(fact, tuning=-1 if case.intent.voice else -0.5 if case.intent.form else -2)


@rule(
    "documents-rest",
    principle="What does not change can be trained once and kept.",
    source=sources.RAG,
)
def rests(case: Case) -> Vote | None:
    cadence = case.config.process.cadence
    if cadence not in ("yearly", "never") or (case.facts.changed_last_month or 0) >= 0.5:
        return None
    return Vote(f"The documents change {cadence}.", tuning=0.5)


@rule(
    "one-author",
    principle="Tuning carried single authors' voices, from each one's complete works.",
    source=sources.AUTHORS,
)
def one_author(case: Case) -> Vote | None:
    top, first_person = case.facts.top_author_share, case.facts.first_person_share or 0.0
    if not case.intent.voice:
        return None
    if top is None and first_person >= 0.8:
        return Vote(f"{first_person:.0%} of the documents are in the first person; none names its author.", tuning=0.5)
    if top is None or top < 0.8 or first_person < 0.5:
        return None
    return Vote(f"One author wrote {top:.0%} of the documents, {first_person:.0%} in the first person.", tuning=1)


@rule(
    "one-voice-wanted-many-found",
    principle="Many voices trained together make an average that is nobody's: let in one person's texts only.",
    source=sources.AUTHORS,
)
def one_voice_among_many(case: Case) -> Vote | None:
    return Vote(_authors(case), blocks=(Recommendation.TUNING,)) if case.intent.person and _mixed(case) else None


@rule(
    "many-authors",
    principle="A house's way of writing is what its authors have in common, and weaker than one author's.",
    source=sources.AUTHORS,
)
def many_authors(case: Case) -> Vote | None:
    return Vote(_authors(case), tuning=-0.5) if not case.intent.person and _mixed(case) else None


def _mixed(case: Case) -> bool:
    top = case.facts.top_author_share
    return bool(case.intent.voice) and top is not None and top < 0.5


def _authors(case: Case) -> str:
    top = case.facts.top_author_share
    return f"{case.facts.authors:,} authors are named, none for more than {top:.0%} of the documents."


@rule(
    "sensitive",
    principle="What is trained in can be drawn out again word for word; what is retrieved obeys labels and erasure.",
    source=sources.CARLINI,
)
def sensitive(case: Case) -> Vote | None:
    labelled, personal = case.facts.sensitive_share, case.facts.personal_share or 0.0
    if (labelled < 0.2 and personal < 0.3) or _kept_out(case):
        return None
    what = (
        f"{labelled:.0%} of the documents are confidential or restricted."
        if labelled >= 0.2
        else f"{personal:.0%} of the documents hold personal data."
    )
    return Vote(what, retrieval=_if_looked_up(case), tuning=-1.5)


@rule(
    "restricted-stays-out",
    principle="What is trained in can be drawn out by whoever asks, and erasing it means training again: "
    "redact it first, or keep it to retrieval.",
    source=sources.ERASURE,
)
def restricted(case: Case) -> Vote | None:
    if not _kept_out(case):
        return None
    what = (
        f"{case.facts.restricted_share:.0%} of the documents are restricted."
        if case.facts.restricted_share >= KEPT_OUT
        else f"{case.facts.personal_share:.0%} of the documents hold personal data."
    )
    return Vote(what, retrieval=_if_looked_up(case), blocks=(Recommendation.TUNING,))


def _kept_out(case: Case) -> bool:
    return max(case.facts.restricted_share, case.facts.personal_share or 0.0) >= KEPT_OUT


def _if_looked_up(case: Case) -> float:
    """A point for retrieval, where anything is to be looked up: it keeps to labels."""
    return 1.0 if case.intent.facts or not (case.intent.voice or case.intent.form) else 0.0


@rule(
    "near-duplicates",
    principle="What is trained on repeatedly is memorised and recited: settle the duplicates first.",
    source=sources.DEDUPLICATION,
)
def duplicates(case: Case) -> Vote | None:
    share = case.facts.near_duplicate_share
    if share is None or share < 0.3:
        return None
    return Vote(f"{share:.0%} of the documents nearly repeat another.", tuning=-0.5)


@rule(
    "old-documents",
    principle="A model tuned on the texts of one time does worse at another: still you?",
    source=sources.TEMPORAL,
)
def old(case: Case) -> Vote | None:
    share = case.facts.older_than_two_years
    if share is None or share < 0.5:
        return None
    return Vote(f"{share:.0%} of the dated documents are older than two years.", tuning=-0.5)


@rule(
    "search-finds-the-answers",
    principle="Retrieval answers what search finds; where that is little, mend the search before anything else.",
    source=sources.BENCH,
)
def searchable(case: Case) -> Vote | None:
    share = case.facts.searchable
    if share is None or not case.intent.facts or 0.5 <= share < 0.8:
        return None
    count = f"{case.facts.questions:,} answerable questions"
    # However little is found, training the facts in would find less: mend the search, keep the way.
    return Vote(
        f"Search finds the source of {share:.0%} of the {count} in the first five documents.",
        retrieval=1 if share >= 0.8 else -0.5,
    )


@rule(
    "languages",
    principle="A model of meaning that reads one language finds little in another: "
    "take one that reads both (retrieval.embedder), and ask the bench in both.",
    source=sources.MINILM,
)
def languages(case: Case) -> Vote | None:
    others = [language for language in case.config.platform.languages if language != "en"]
    if not others or case.config.retrieval.embedder not in _ENGLISH_ONLY or not _if_looked_up(case):
        return None
    return Vote(f"The plan names {', '.join(others)}, and {case.config.retrieval.embedder} reads English only.")


def _quoted(words: tuple[str, ...]) -> str:
    return ", ".join(f"“{word}”" for word in words[:3])


def _documents(count: int) -> str:
    return "is 1 document" if count == 1 else f"are {count:,} documents"
