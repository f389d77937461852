"""What an adapter came to, asked through the engine: forgetting, memorisation, voice. Kept beside the adapter.

The figures are made in :mod:`foretune.tuning`; here they get their texts from the vault and their statistics.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from foretune.bench.statistics import mcnemar
from foretune.engines import Engine, Scorer
from foretune.errors import InputError
from foretune.intervals import wilson
from foretune.progress import Progress
from foretune.project.adapters import (
    REPLAY,
    StoredAdapter,
    evaluation_pairs,
    example,
    named_adapter,
    require_weights,
    training_pairs,
)
from foretune.tuning.forgetting import GeneralQuestion, ask_general, general_questions
from foretune.tuning.memorisation import (
    ALTERNATIVES,
    COPIED_WORDS,
    Secret,
    canary_secrets,
    comes_first,
    copied_answers,
    is_drawn_out,
)
from foretune.tuning.voice import FEWEST_TEXTS, FEWEST_WORDS, calibrate
from foretune.types import Message, Pair
from foretune.vault import tables as t

if TYPE_CHECKING:
    from foretune.plan.config import CorpusSettings
    from foretune.project.project import Project

__all__ = [
    "CHECKS",
    "answering_with",
    "ask_before_and_after",
    "check_adapter",
    "checks_of",
    "keep_check",
    "trained_pairs",
    "written",
]

_ASKED = 12
"""Trained answers asked for again, and texts written for the voice: a minute or two each on two cores."""
_SECRETS = 20
"""Pieces of personal data that are tried to be drawn out, at most."""
_OTHERS = 200
"""Texts by others that the voice is calibrated on, at most."""
_WRITTEN_TOKENS = 220
"""Of each text written for the voice: enough for the 150 words that tell a style."""

Check = Callable[["Examined"], dict[str, Any]]
CHECKS: dict[str, Check] = {}
"""Name → check; each returns JSON values with a ``sentence``."""


def _check(name: str) -> Callable[[Check], Check]:
    def register(function: Check) -> Check:
        CHECKS[name] = function
        return function

    return register


@dataclass(frozen=True, slots=True)
class Asking:
    """The same engine with the adapter and without."""

    tuned: Engine
    base: Engine
    adapter: Path | None
    """What ``tuned`` is asked with; None where it is a merged model."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What a check looks at."""

    project: Project
    adapter: StoredAdapter
    asking: Asking
    others: Sequence[str]
    """Texts by other people, as far as they were given."""
    progress: Progress


@contextmanager
def answering_with(project: Project, adapter: StoredAdapter) -> Iterator[Asking]:
    """Engines to ask; a merged (DoRA) adapter is a model of its own.

    Raises:
        ModelError: the adapter is for another model than the plan's.
    """
    from foretune.models import locate
    from foretune.tuning.exports import require_base

    # Before the model without it is asked a hundred questions.
    require_weights(project)
    require_base(adapter.name, adapter.base_hash, locate(project.config.engine.model))
    if adapter.switchable:
        yield Asking(project.engine, project.engine, adapter.path)
        return
    from foretune.engines import open_engine

    with open_engine("llama", model=str(adapter.path), context=project.config.engine.context) as merged:
        yield Asking(merged, project.engine, None)


def check_adapter(
    project: Project, name: str, *, checks: Sequence[str], others: Path | None, progress: Progress
) -> tuple[StoredAdapter, dict[str, dict[str, Any]]]:
    """Run checks on an adapter and keep what they came to.

    Args:
        checks: names; all if empty.
        others: folder of texts by other people, for the voice, besides those of other authors in the vault.

    Raises:
        InputError: there is no such adapter or check.
        ModelError: the adapter is for another model than the plan's.
    """
    if unknown := [check for check in checks if check not in CHECKS]:
        raise InputError(f"There is no check {unknown[0]!r}: choose {', '.join(CHECKS)}.")
    adapter = named_adapter(project, name)
    texts = list(_texts_in(others, project.config.corpus)) if others else []
    found: dict[str, dict[str, Any]] = {}
    with answering_with(project, adapter) as asking:
        for check in checks or CHECKS:
            found[check] = CHECKS[check](Examined(project, adapter, asking, texts, progress))
            keep_check(project, adapter, check, found[check])
    return adapter, found


def keep_check(project: Project, adapter: StoredAdapter, name: str, result: Mapping[str, Any]) -> None:
    """Evidence: beside the adapter in the vault, and in the log that it was looked at."""
    with project.vault.writing() as connection:
        metrics = connection.execute(select(t.adapter.c.metrics).where(t.adapter.c.id == adapter.id)).scalar_one()
        metrics = {**metrics, "checks": {**metrics.get("checks", {}), name: dict(result)}}
        connection.execute(update(t.adapter).where(t.adapter.c.id == adapter.id).values(metrics=metrics))
        project.vault.record(connection, "adapter.check", adapter.id, {"check": name})


def checks_of(adapter: StoredAdapter) -> Mapping[str, Mapping[str, Any]]:
    """What was found so far, by check."""
    found: Mapping[str, Mapping[str, Any]] = adapter.metrics.get("checks", {})
    return found


@_check("forgetting")
def forgetting(examined: Examined) -> dict[str, Any]:
    """General knowledge and plain instructions, with and without the adapter."""
    return ask_before_and_after(examined.asking, general_questions(), examined.progress)


def ask_before_and_after(asking: Asking, questions: Sequence[GeneralQuestion], progress: Progress) -> dict[str, Any]:
    """Ask without the adapter and with it, and compare question by question (exact McNemar test)."""
    before: list[bool] = []
    after: list[bool] = []
    with progress.step("general questions", total=2 * len(questions), unit="questions") as bar:
        for engine, path, into in ((asking.base, None, before), (asking.tuned, asking.adapter, after)):
            for _, right in ask_general(engine, path, questions):
                into.append(right)
                bar.advance()
    lost = sum(b and not a for b, a in zip(before, after, strict=True))
    gained = sum(a and not b for b, a in zip(before, after, strict=True))
    p = mcnemar(lost, gained)
    if p < 0.05:
        verdict = "it forgets" if lost > gained else "it knows more"
    else:
        verdict = "cannot tell whether it forgets" if lost > gained else "no sign of forgetting"
    return {
        "sentence": f"{verdict}: of {len(questions)} general questions the model answers {_rate(before)} right and "
        f"with the adapter {_rate(after)}; {lost} lost, {gained} gained (exact McNemar p = {p:.2f}).",
        "verdict": verdict,
        "questions": len(questions),
        "before": sum(before),
        "after": sum(after),
        "lost": lost,
        "gained": gained,
        "p": p,
    }


@_check("memorisation")
def memorisation(examined: Examined) -> dict[str, Any]:
    """Copied answers, planted secrets, attempts on personal data."""
    trained = trained_pairs(examined.project, examined.adapter)
    asked = [example(pair) for pair in trained[:: max(1, len(trained) // _ASKED)][:_ASKED]]
    with examined.progress.step("trained answers", total=len(asked), unit="answers") as bar:
        copied = []
        for each in copied_answers(examined.asking.tuned, asked, examined.asking.adapter):
            copied.append(each)
            bar.advance()
    longest = max(copied, key=lambda each: each.words, default=None)
    by_heart = sum(each.by_heart for each in copied)
    sentences = [
        f"{by_heart} of {len(copied)} trained answers came back by heart "
        f"({_interval(by_heart, len(copied))}; a run of {COPIED_WORDS} words or the whole of a shorter answer); "
        f"the longest copied run has {longest.words if longest else 0} words"
    ]
    seed = int(examined.adapter.settings.get("seed", 0))
    planted = canary_secrets(int(examined.adapter.metrics.get("canaries", 0)), seed=seed)
    personal = _personal(examined.project, trained)[:_SECRETS]
    result: dict[str, Any] = {
        "asked": len(copied),
        "by_heart": by_heart,
        "longest_words": longest.words if longest else 0,
        "longest": longest.text if longest else "",
    }
    for name, secrets in (("planted secrets", planted), ("pieces of personal data", personal)):
        if secrets:
            found = _secrets(examined, secrets, seed, name)
            result[name.partition(" ")[0]] = found
            of = name if found["tried"] > 1 else name.replace("secrets", "secret").replace("pieces", "piece")
            sentences.append(f"of {found['tried']} {of} {found['out']} came out when asked for, and {found['words']}")
    if not personal:
        sentences.append("the trained answers hold no personal data that the review found")
    return {"sentence": "; ".join(sentences) + ".", **result}


def _secrets(examined: Examined, secrets: Sequence[Secret], seed: int, name: str) -> dict[str, Any]:
    """Draw them out by asking, and see whether they are likelier than made-up ones, against the model without."""
    asking = examined.asking
    out, first, before = 0, 0, 0
    tuned, base = _scorer(asking.tuned), _scorer(asking.base)
    with examined.progress.step(name, total=len(secrets), unit="attempts") as bar:
        for secret in secrets:
            out += is_drawn_out(asking.tuned, secret, asking.adapter)
            if tuned is not None and base is not None and comes_first(tuned, secret, asking.adapter, seed=seed):
                first += 1
                before += comes_first(base, secret, None, seed=seed)
            bar.advance()
    words = (
        f"{first} came before all of {ALTERNATIVES} made-up ones ({before} of these without the adapter too; "
        f"by chance {len(secrets) / (ALTERNATIVES + 1):.1f})"
    )
    return {"tried": len(secrets), "out": out, "first": first, "first_without": before, "words": words}


def _scorer(engine: Engine) -> Scorer | None:
    inner = getattr(engine, "engine", engine)
    return inner if isinstance(inner, Scorer) else None


def _personal(project: Project, pairs: Sequence[Pair]) -> list[Secret]:
    """Personal data that the review found and that a trained answer still holds."""
    by_document: dict[str, list[Pair]] = {}
    for pair in pairs:
        by_document.setdefault(pair.document_id, []).append(pair)
    query = select(t.finding.c.document_id, t.finding.c.text).where(t.finding.c.check == "personal")
    secrets: dict[tuple[str, str], Secret] = {}
    with project.vault.reading() as connection:
        for row in connection.execute(query.order_by(t.finding.c.id)):
            for pair in by_document.get(row.document_id, ()):
                place = pair.response.find(row.text) if len(row.text) >= 5 else -1
                if place >= 0 and row.text not in pair.prompt:
                    before = pair.response[:place][-200:]
                    secrets.setdefault((pair.id, row.text), Secret(pair.messages[:-1], before, row.text))
    return list(secrets.values())


@_check("voice")
def voice(examined: Examined) -> dict[str, Any]:
    """How close what it writes is to the author of the trained texts, and the model without the adapter."""
    trained = trained_pairs(examined.project, examined.adapter)
    own = [pair.response for pair in trained]
    others = [*examined.others, *_by_others(examined.project, {pair.document_id for pair in trained})]
    prompts = evaluation_pairs(examined.project)[:_ASKED]
    if not prompts:
        return _cannot_tell("no pairs are kept for evaluation to ask for texts with (pairs.evaluation_fraction)")
    if calibrate(own, (), words=FEWEST_WORDS) is None:
        return _cannot_tell(
            f"fewer than {FEWEST_TEXTS} of the {len(own)} trained texts are English prose of {FEWEST_WORDS} words or "
            "more"
        )
    texts: dict[str, list[str]] = {"with": [], "without": []}
    with examined.progress.step("texts for the voice", total=2 * len(prompts), unit="texts") as bar:
        for pair in prompts:
            texts["with"].append(written(examined.asking.tuned, pair.messages[:-1], examined.asking.adapter))
            texts["without"].append(written(examined.asking.base, pair.messages[:-1], None))
            bar.advance(2)
    words = min(150, round(median(len(text.split()) for text in texts["with"])))
    measured = calibrate(own, others, words=words)
    if measured is None:
        return _cannot_tell(
            f"the median of what it writes to {len(prompts)} prompts is {words} words, and fewer than {FEWEST_WORDS} "
            "tell no style"
        )
    judged = {
        name: [value for text in each if (value := measured.likeness(text)) is not None] for name, each in texts.items()
    }
    with_, without = ([value >= measured.limit for value in judged[name]] for name in ("with", "without"))
    errors = f"{measured.own_rejected} of {measured.own} of the author's own pieces, held back, are taken for others'"
    if measured.others:
        errors += f", {measured.others_accepted} of {measured.others} by others for the author's"
    else:
        errors += "; how often others pass, only their texts can say (--others FOLDER)"
    return {
        "sentence": f"{_rate(with_)} of what it writes sounds like the author, without the adapter {_rate(without)} "
        f"(pieces of {measured.words} words; {errors}).",
        "verdict": "measured",
        "words": measured.words,
        "with": judged["with"],
        "without": judged["without"],
        "limit": measured.limit,
        "own_median": measured.own_median,
        "own": [measured.own_rejected, measured.own],
        "others": [measured.others_accepted, measured.others],
    }


def _cannot_tell(why: str) -> dict[str, Any]:
    return {"sentence": f"cannot tell how close the voice is: {why}.", "verdict": "cannot tell"}


def written(engine: Engine, messages: Sequence[Message], adapter: Path | None) -> str:
    """What the model writes to a prompt, greedily, as long as the voice needs it."""
    return engine.complete(messages, max_tokens=_WRITTEN_TOKENS, adapter=adapter).text


def _texts_in(folder: Path, settings: CorpusSettings) -> Iterator[str]:
    """The texts of every file that can be read."""
    from foretune.corpus.records import Read, RecordReader, units

    with RecordReader(settings) as reader:
        for unit in units([folder], settings):
            for each in unit.read(reader):
                if isinstance(each, Read):
                    yield each.document.text


def _by_others(project: Project, trained: Collection[str]) -> list[str]:
    """Texts in the vault that name another author than any of the trained documents does."""
    columns = t.document.c
    query = select(columns.id, columns.author, columns.text).where(project.vault.readable(columns.label))
    with project.vault.reading() as connection:
        rows = connection.execute(query.order_by(columns.id)).all()
    own = {row.author.casefold() for row in rows if row.id in trained}
    return [row.text for row in rows if row.author and own and row.author.casefold() not in own][:_OTHERS]


def trained_pairs(project: Project, adapter: StoredAdapter) -> list[Pair]:
    """The pairs it was trained on that are still there, but for the replayed ones."""
    record = adapter.folder / "result.json"
    trained = set(json.loads(record.read_text(encoding="utf-8"))["trained"])
    return [pair for pair in training_pairs(project) if pair.id in trained and pair.recipe != REPLAY]


def _rate(right: Sequence[bool]) -> str:
    return f"{sum(right)} of {len(right)} ({_interval(sum(right), len(right))})"


def _interval(count: int, total: int) -> str:
    low, high = wilson(count, total)
    return f"95 %: {low:.0%} to {high:.0%}"
