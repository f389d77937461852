"""Trust, but test: the bench's questions and the probe, put to a vendor's own address.

No document is sent. What is kept beside the plan is whether each answer was right and a digest of it, so that the next
test can say what changed; the answers themselves are not kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from foretune.bench import read_questions
from foretune.engines import Engine, Request
from foretune.errors import InputError
from foretune.evidence import dates, score
from foretune.files import replacing
from foretune.intervals import wilson
from foretune.plan import Config
from foretune.plan.probe import Probe, chosen, probe, quarter_name, read_facts
from foretune.progress import Progress, silent
from foretune.project.probing import EACH_QUARTER, YEARS, open_model
from foretune.project.vendors import answers_of, vendor_file
from foretune.types import Message, Outcome, Question, digest

__all__ = ["TriedAnswer", "VendorTrial", "claimed_quarter", "try_vendor"]

CLAIMED_END = "model-knows"
"""The question in which a vendor says when its model's knowledge ends."""
_TRIALS = ".trials.jsonl"


@dataclass(frozen=True, slots=True)
class TriedAnswer:
    """What became of one bench question."""

    outcome: str
    digest: str


@dataclass(frozen=True, slots=True)
class VendorTrial:
    """One trial of one address."""

    vendor: str
    model: str
    at: str
    """ISO 8601, UTC."""
    answers: Mapping[str, TriedAnswer]
    knowledge_end: str | None
    sentences: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def try_vendor(
    folder: Path,
    config: Config,
    vendor: str,
    address: str,
    *,
    key_variable: str = "",
    each_quarter: int = EACH_QUARTER,
    progress: Progress = silent,
) -> VendorTrial:
    """Ask an address the bench's questions and dated facts, and compare with what was claimed and with last time.

    Args:
        address: ``ADDRESS#NAME``, as for ``foretune models probe``.
        key_variable: names the environment variable with the address's key.
        each_quarter: dated facts a quarter at most; 0 asks none.

    Raises:
        InputError: it is no address, or the questions cannot be read.
        ModelError, EngineError: nobody answers there, or not as an OpenAI-compatible server does.
    """
    if not address.startswith(("http://", "https://")):
        raise InputError(f"{address!r} is not an address: write it like https://llm.example/v1#name.")
    log = vendor_file(folder, vendor, _TRIALS)
    before = _trials(log)
    path = folder / config.purpose.questions
    questions = read_questions(path) if path.is_file() else []
    now = datetime.now(UTC)
    facts = chosen(read_facts(), each_quarter=each_quarter, today=now.date(), years=YEARS)
    with open_model(address, key_variable=key_variable) as engine:
        answers = _ask(engine, questions, config, progress)
        probed = probe(engine, facts, today=now.date(), topics=config.purpose.outside, progress=progress)
        model = engine.info().name
    earlier = next((each for each in reversed(before) if each["model"] == model), None)
    claimed = answers_of(folder, vendor).get(CLAIMED_END)
    end = probed.end.quarter
    trial = VendorTrial(
        " ".join(vendor.split()),
        model,
        now.isoformat(timespec="seconds"),
        answers,
        None if end is None else quarter_name(end),
        (
            *_quality(questions, answers, path),
            *([probed.sentence] if facts else []),
            *_claim(claimed.text if claimed else "", probed),
            *_drift(answers, earlier, now.date()),
            *(topic.sentence for topic in probed.topics),
        ),
    )
    log.parent.mkdir(exist_ok=True)
    kept = {name: value for name, value in trial.as_json().items() if name != "sentences"}
    with replacing(log) as draft:
        draft.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in (*before, kept)), "utf-8")
    return trial


def _ask(engine: Engine, questions: Sequence[Question], config: Config, progress: Progress) -> dict[str, TriedAnswer]:
    instruction = Message("system", "Answer the question in one short sentence. If you do not know, say so.")
    requests = [
        Request((instruction, Message("user", each.question)), config.bench.max_answer_tokens, seed=config.bench.seed)
        for each in questions
    ]
    found = {}
    with progress.step("bench questions", total=len(requests), unit="questions") as step:
        for number, completion in engine.complete_many(requests):
            question, text = questions[number], completion.text.strip()
            found[question.id] = TriedAnswer(score(question, text).outcome, digest(" ".join(text.split()))[:16])
            step.advance()
    return {question.id: found[question.id] for question in questions}


def _quality(questions: Sequence[Question], answers: Mapping[str, TriedAnswer], path: Path) -> list[str]:
    if not questions:
        return [f"There are no bench questions in {path.name}: write some, they are the only test that is about you."]
    sentences = []
    for kind, wanted, said in ((False, "answerable", "right"), (True, "unanswerable", "declined")):
        asked = [each for each in questions if (each.kind == "unanswerable") is kind]
        good = sum(answers[each.id].outcome == Outcome.CORRECT for each in asked)
        if asked:
            low, high = wilson(good, len(asked))
            sentences.append(
                f"It {'' if kind else 'answered '}{said} {good} of {len(asked)} {wanted} questions "
                f"({low:.0%} to {high:.0%})."
            )
    return sentences


def _claim(claimed: str, probed: Probe) -> list[str]:
    """Whether its knowledge ends where the vendor says."""
    said, end = claimed_quarter(claimed), probed.end
    if said is None or end.quarter is None or end.low is None or end.high is None:
        return []
    interval = f"{quarter_name(end.low)} to {quarter_name(end.high)}"
    if said > end.high:
        return [
            f"Red flag: they say that it knows the world until {quarter_name(said)}, and it knows it until {interval}."
        ]
    if said < end.low:
        return [f"It knows more than they say: until {interval}, and they say {quarter_name(said)}. Which model is it?"]
    return [f"Its knowledge ends where they say: {quarter_name(said)}, measured {interval}."]


_END = re.compile(r"\b(?:until|till|up to|through|cut-?offs?|ends?|as of)\b[^.;]{0,25}$", re.IGNORECASE)


def claimed_quarter(claimed: str) -> int | None:
    """The quarter a vendor says; None where the words leave open which of several dates it is."""
    found = [each for each in dates(claimed) if each.first_year]
    ends = [each for each in found if _END.search(claimed[: each.start])] or (found if len(found) == 1 else [])
    if not ends or ends[0].first_year is None:
        return None
    return ends[0].first_year * 4 + ((ends[0].month or 12) - 1) // 3


def _drift(answers: Mapping[str, TriedAnswer], earlier: Mapping[str, Any] | None, today: date) -> list[str]:
    """Whether the same question got the same answer last time."""
    if earlier is None:
        return ["Test again on another day: the same questions should get the same answers."] if answers else []
    known = earlier["answers"]
    both = [name for name in answers if name in known]
    if not both:
        return []
    changed = [name for name in both if answers[name].digest != known[name]["digest"]]
    worse = [name for name in both if known[name]["outcome"] == Outcome.CORRECT != answers[name].outcome]
    days = (today - datetime.fromisoformat(earlier["at"]).date()).days
    when = "earlier today" if not days else "yesterday" if days == 1 else f"{days} days ago"
    low, high = wilson(len(changed), len(both))
    fewer = f"; {len(worse)} that were right are not any more" if worse else ""
    return [f"Of {len(both)} answers, {len(changed)} are others than {when} ({low:.0%} to {high:.0%}){fewer}."]


def _trials(log: Path) -> list[dict[str, Any]]:
    """Earlier trials, oldest first.

    Raises:
        InputError: the file is not what :func:`try_vendor` wrote.
    """
    if not log.is_file():
        return []
    try:
        found = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
        for each in found:
            datetime.fromisoformat(each["at"])
            for answer in each["answers"].values():
                TriedAnswer(**answer)
            each["model"]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError(f"{log} is not what `foretune vendor test` wrote: mend it, or remove it.") from None
    return found
