"""Is it enough? About all documents together: what they cover, how different they are, what to collect next."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from foretune.embedding import open_embedder
from foretune.governance.answerable import Answerability, answerability
from foretune.governance.checks.registry import CheckSettings, corpus_check
from foretune.governance.diversity import different_documents, evenness, learning_curve
from foretune.governance.topics import Terms, TopicSpace, terms
from foretune.models import CATALOGUE, installed
from foretune.types import Document, Finding, Related, Severity

__all__ = ["Signed", "sign", "sufficiency"]

TYPES = {
    "questions": Severity.HIGH,
    "question": Severity.MEDIUM,
    "topics": Severity.HIGH,
    "diversity": Severity.MEDIUM,
    "length": Severity.MEDIUM,
    "balance": Severity.LOW,
    "learning_curve": Severity.INFO,
    "next": Severity.INFO,
}

_EMBEDDER = "all-minilm-l6-v2"
"""Compares meanings where it is installed."""
_READ = 20_000
"""Characters of a document that count: about 3,500 words."""
_THIN = 3
"""A topic that fewer documents than this speak of is thinly covered."""
_ABOUT = 0.6
"""Share of a topic's words a document must have to speak of it."""
_DIFFERENT = 0.35
"""Below this ratio of different documents to documents, much is said again and again."""
_MANY_OPEN = 1 / 3
_SHORT_WORDS, _MOST_SHORT = 100, 0.3
_UNEVEN, _IN_ONE = 0.6, 0.5
_GAIN = 0.02
"""What twice as many documents must add to the share of known words to be worth collecting them."""
_FIRST_VOICE, _GOOD_VOICE = 50, 200
"""Pieces from which an author's voice first shows, and from which it holds: 50 to 100 and 200 to 650 pieces
(Chakrabarty et al. 2025, arXiv 2510.13939, and our own pilots; fewer is a test of the plumbing)."""
_FEW = 20
_SHOWN = 20
_YEAR = re.compile(r"(?:19|20)\d\d")


@dataclass(frozen=True, slots=True)
class Signed:
    """What is counted of a document; its words are at most some 5 kB."""

    id: str
    path: str
    year: str
    group: str
    """Its folder, else its first tag."""
    words: int
    terms: Terms


def sign(document: Document) -> Signed:
    """Year, folder, length and words of a document."""
    folder = PurePosixPath(document.path).parent.as_posix()
    year = _YEAR.match(document.date or document.modified)
    return Signed(
        document.id,
        document.path,
        year.group() if year else "",
        (folder if folder != "." else "") or (document.tags[0] if document.tags else ""),
        len(document.text.split()),
        terms(document.text, _READ),
    )


@dataclass
class _Need:
    """What is said, and what it asks to be collected; the most important first."""

    findings: list[Finding] = field(default_factory=list)
    next: list[str] = field(default_factory=list)

    def say(
        self, kind: str, severity: Severity, message: str, score: float, evidence: dict[str, object], need: str = ""
    ) -> None:
        self.findings.append(
            Finding("", "sufficiency", kind, severity, message, score=round(score, 4), evidence=evidence)
        )
        if need:
            self.next.append(need)


@corpus_check(
    "sufficiency",
    types=TYPES,
    sign=sign,
    columns=("text", "path", "date", "modified", "tags"),
    settings=("questions", "topics", "voice"),
    version=2,
)
def sufficiency(signed: Sequence[Signed], text: Callable[[str], str], settings: CheckSettings) -> Iterable[Finding]:
    """Whether the documents are enough for what is planned; findings are about no single document.

    *questions*: how many bench questions the documents seem to answer; *question*: one that none seems to answer, or at
    most in other words, with the nearest passage. *topics*: topics of the plan (``[governance]
    topics``) that no or few documents speak of. *diversity*: how many different documents they are worth (Vendi
    score): two good posts give the same two posts back, however often they are copied. *length*, *balance* over years
    and folders, *learning_curve*: how much of a further document is new, and what twice as many would add. *next*: in a
    sentence, what to collect next.
    """
    ordered = sorted((each for each in signed if len(each.terms)), key=lambda each: (each.path, each.id))
    if not ordered:
        return
    space = TopicSpace([each.terms for each in ordered])
    need = _Need()
    _questions(ordered, space, text, settings.questions, need)
    _topics(ordered, settings.topics, need)
    _diversity(ordered, space, need)
    _length(ordered, voice=settings.voice is True, need=need)
    _balance(ordered, need)
    _learning(ordered, space, need)
    yield from need.findings
    yield _next(len(ordered), need)


def _questions(
    ordered: Sequence[Signed], space: TopicSpace, text: Callable[[str], str], questions: Sequence[str], need: _Need
) -> None:
    if not questions:
        return
    embedder = open_embedder(_EMBEDDER) if installed(CATALOGUE[_EMBEDDER]) else None
    found = answerability(
        questions,
        [each.terms for each in ordered],
        space,
        lambda position: text(ordered[position].id),
        embedder=embedder,
    )
    unsure = sorted((each for each in found if each.unsure), key=lambda each: (-each.near, each.question))
    doubtful = sorted((each for each in found if each.doubtful), key=lambda each: (each.near, each.question))
    answered = sum(each.likely for each in found)
    open_ = sorted(
        (each for each in found if not (each.likely or each.unsure or each.doubtful)),
        key=lambda each: (each.score, each.question),
    )
    share = len(open_) / len(found)
    message = f"{answered} of {len(found)} bench questions find their words in the documents"
    if unsure:
        message += f", {len(unsure)} something near in other words"
    if doubtful:
        message += f", {len(doubtful)} perhaps no more than their subject"
    if open_:
        message += f"; nothing seems to answer “{open_[0].question}”" + (
            f" and {len(open_) - 1} more" if len(open_) > 1 else ""
        )
    if embedder is None and open_:
        message += f" (compared by words alone: `foretune models get {_EMBEDDER}` compares meanings, too)"
    severity = Severity.HIGH if share > _MANY_OPEN else Severity.MEDIUM if answered < len(found) else Severity.INFO
    evidence: dict[str, object] = {
        "questions": len(found),
        "answered": answered,
        "unsure": [_open(each) for each in unsure],
        "doubtful": [_open(each) for each in doubtful],
        "unanswered": [_open(each) for each in open_],
    }
    lacking = Counter(word.lower() for each in open_ for word in each.missing[:2])
    about = [word for word, _ in sorted(lacking.items(), key=lambda item: (-item[1], item[0]))[:3]]
    wanted = f"documents that answer the {len(open_)} open bench questions" if open_ else ""
    if about:
        wanted += f" (about {', '.join(about)})"
    need.say("questions", severity, message + ".", share, evidence, wanted)
    need.findings += [_open_question(each) for each in open_]
    need.findings += [_near_question(each, ordered[each.document].path) for each in (*doubtful, *unsure)]


def _open(each: Answerability) -> dict[str, object]:
    return {
        "question": each.question,
        "score": each.score,
        "near": each.near,
        "missing": list(each.missing[:5]),
        "lacks": list(each.lacks[:5]),
    }


def _open_question(each: Answerability) -> Finding:
    lacking = f": not a word of {', '.join(each.missing[:3])}" if each.missing else ""
    message = f"No document seems to answer “{each.question}”{lacking}."
    return Finding(
        "", "sufficiency", "question", TYPES["question"], message, text=each.question, score=1.0, evidence=_open(each)
    )


def _near_question(each: Answerability, path: str) -> Finding:
    lacks = f" has nothing of {', '.join(each.lacks[:3])}" if each.lacks else ""
    if each.doubtful:
        rest = lacks or " is about something else"
        message = f"It is doubtful that a document answers “{each.question}”: the nearest passage{rest}."
    else:
        message = f"If anything answers “{each.question}”, it says so in other words: read the nearest passage"
        message += f", which{lacks}." if lacks else "."
    return Finding(
        "",
        "sufficiency",
        "question",
        Severity.LOW,
        message,
        text=each.question,
        score=round(1 - each.near, 4),
        related=(Related(path, text=each.passage),),
        evidence=_open(each),
    )


def _topics(ordered: Sequence[Signed], topics: Sequence[str], need: _Need) -> None:
    if not topics:
        return
    counts = {topic: _speaking_of(topic, ordered) for topic in topics}
    absent = [topic for topic, count in counts.items() if not count]
    thin = [topic for topic, count in counts.items() if 0 < count < _THIN]
    parts = [f"no document speaks of {_quoted(absent)}"] if absent else []
    parts += [f"only one or two speak of {_quoted(thin)}"] if thin else []
    message = f"{len(topics) - len(absent)} of the plan's {len(topics)} topics are covered"
    need.say(
        "topics",
        Severity.HIGH if absent else Severity.MEDIUM if thin else Severity.INFO,
        "; ".join([message, *parts]) + ".",
        (len(absent) + len(thin) / 2) / len(topics),
        {"documents": counts},
        f"documents about {_quoted(absent or thin)}" if absent or thin else "",
    )


def _speaking_of(topic: str, ordered: Sequence[Signed]) -> int:
    import numpy as np

    wanted = terms(topic).buckets
    if not len(wanted):
        return 0
    return sum(bool(np.isin(wanted, each.terms.buckets).mean() >= _ABOUT) for each in ordered)


def _quoted(names: Sequence[str]) -> str:
    shown = [f"“{name}”" for name in names[:3]]
    return ", ".join(shown) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _diversity(ordered: Sequence[Signed], space: TopicSpace, need: _Need) -> None:
    worth, of = different_documents([each.terms for each in ordered], space)
    ratio = worth / of
    few = worth < _FEW
    sampled = "" if of == len(ordered) else f" (by a sample of {of})"
    message = (
        f"{_documents(len(ordered))}{sampled} {'is' if len(ordered) == 1 else 'are'} worth about "
        f"{worth * len(ordered) / of:,.0f} different ones"
    )
    if few:
        message += ": a model tuned on so little gives the same texts back"
    elif ratio < _DIFFERENT:
        message += ": much is said again and again"
    need.say(
        "diversity",
        Severity.HIGH if worth < 3 else Severity.MEDIUM if few or ratio < _DIFFERENT else Severity.INFO,
        message + ".",
        1 - ratio,
        {"documents": len(ordered), "compared": of, "vendi": round(worth, 2), "ratio": round(ratio, 4)},
        "documents that differ from those that are there" if few or ratio < _DIFFERENT else "",
    )


def _length(ordered: Sequence[Signed], *, voice: bool, need: _Need) -> None:
    lengths = sorted(each.words for each in ordered)
    total, median = sum(lengths), lengths[len(lengths) // 2]
    short = sum(length < _SHORT_WORDS for length in lengths) / len(lengths)
    message = f"{_documents(len(lengths))} with {total:,} words, half of them with {median:,} or more"
    severity, wanted = Severity.INFO, ""
    if voice and len(lengths) < _GOOD_VOICE:
        first = len(lengths) < _FIRST_VOICE
        severity = Severity.HIGH if first else Severity.LOW
        message += (
            f": too few to show a voice, which takes {_FIRST_VOICE} at least"
            if first
            else f": enough for a first sign of a voice, which takes {_GOOD_VOICE} and more to hold"
        )
        wanted = f"{(_FIRST_VOICE if first else _GOOD_VOICE) - len(lengths)} more pieces by the author"
    if short > _MOST_SHORT:
        severity = max(severity, Severity.MEDIUM)
        message += f"; {short:.0%} have fewer than {_SHORT_WORDS} words"
        wanted = wanted or "longer documents"
    evidence: dict[str, object] = {
        "documents": len(lengths),
        "words": total,
        "median": median,
        "short": round(short, 4),
    }
    need.say("length", severity, message + ".", short, evidence, wanted)


def _balance(ordered: Sequence[Signed], need: _Need) -> None:
    years = Counter(each.year for each in ordered if each.year)
    groups = Counter(each.group for each in ordered if each.group)
    evidence: dict[str, object] = {
        "years": dict(sorted(years.items())),
        "undated": len(ordered) - sum(years.values()),
        "groups": dict(sorted(groups.items(), key=lambda item: (-item[1], item[0]))[:_SHOWN]),
    }
    parts, wanted, worst = [], "", 0.0
    if years:
        spread = [years.get(str(year), 0) for year in range(int(min(years)), int(max(years)) + 1)]
        middle = _median_year(years)
        parts.append(f"half of the dated documents are from {middle} or before")
        empty = [str(year) for year in range(int(min(years)), int(max(years)) + 1) if not years.get(str(year))]
        if empty:
            parts.append(f"none is from {', '.join(empty[:4])}")
        worst = 1 - evenness(spread)
        if worst > 1 - _UNEVEN:
            few = min(years.items(), key=lambda item: (item[1], -int(item[0])))[0]
            wanted = f"documents from the years of which there are few ({few})"
    else:
        parts.append("no document says when it was written, so balance over time is unknown")
    if len(groups) > 1:
        name, count = min(groups.items(), key=lambda item: (-item[1], item[0]))
        share = count / len(ordered)
        parts.append(f"the largest of {len(groups)} folders or tags, {name}, holds {share:.0%}")
        if share > _IN_ONE:
            worst = max(worst, share)
            wanted = wanted or f"documents outside {name}"
    message = "; ".join(parts)
    severity = Severity.LOW if wanted or not years else Severity.INFO
    need.say("balance", severity, message[:1].upper() + message[1:] + ".", worst, evidence, wanted)


def _median_year(years: Counter[str]) -> str:
    ordered: list[str] = sorted(years.elements())
    return ordered[(len(ordered) - 1) // 2]


def _learning(ordered: Sequence[Signed], space: TopicSpace, need: _Need) -> None:
    curve = learning_curve([each.terms for each in ordered], space)
    if curve is None:
        return
    worth = curve.gain >= _GAIN
    need.say(
        "learning_curve",
        Severity.LOW if worth else Severity.INFO,
        f"The documents hold {curve.now:.0%} of the words of a further one of their kind; twice as many would "
        f"hold about "
        f"{curve.doubled:.0%}: " + ("more of the same still helps." if worth else "more of the same adds little."),
        min(1.0, curve.gain * 5),
        {
            "points": [[size, round(share, 4)] for size, share in curve.points],
            "doubled": round(curve.doubled, 4),
        },
        "more documents of the same kind" if worth else "",
    )


def _documents(count: int) -> str:
    return f"{count:,} document" + ("" if count == 1 else "s")


def _next(documents: int, need: _Need) -> Finding:
    wanted = need.next
    if wanted:
        message = f"Collect next: {wanted[0]}" + (f"; then {wanted[1]}" if len(wanted) > 1 else "") + "."
    else:
        message = "Nothing that can be counted is lacking: more documents of the same kind add little."
    return Finding(
        "",
        "sufficiency",
        "next",
        Severity.INFO,
        message,
        score=1.0 if wanted else 0.0,
        evidence={"documents": documents, "collect": wanted},
    )
