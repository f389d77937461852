"""The card as a Hugging Face dataset card: ``README.md`` with YAML front matter.

See https://huggingface.co/docs/hub/datasets-cards for the form and
https://github.com/huggingface/hub-docs/blob/main/datasetcard.md for the keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from foretune.governance.card import words
from foretune.governance.card.facts import CardFacts
from foretune.types import Use

__all__ = ["dataset_card"]

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_TASKS = {Use.RETRIEVAL: ["question-answering"], Use.TUNING: ["text-generation"]}


def dataset_card(facts: CardFacts) -> str:
    """Markdown with front matter; the licence is ``unknown`` until a person says it."""
    import yaml

    front = {
        "pretty_name": facts.name,
        "language": sorted(facts.languages) or list(facts.config.platform.languages),
        "license": "unknown",
        "size_categories": [_size(facts.goes_in)],
        "source_datasets": ["original"],
        "task_categories": [task for use, tasks in _TASKS.items() for task in tasks if _used_for(facts, use)],
        "tags": ["foretune"],
    }
    head = yaml.safe_dump(front, sort_keys=False, allow_unicode=True)
    return f"---\n{head}---\n\n" + "\n".join(_lines(facts)) + "\n"


def _lines(facts: CardFacts) -> Iterator[str]:
    yield f"# Dataset card for {_plain(facts.name)}"
    yield from ("", f"> {_plain(words.purpose(facts))}", "", words.balance(facts))
    yield f"{facts.characters:,} characters go in. Written {facts.made_at[:10]}; it holds no text of the documents."
    yield from ("", "## Dataset details", "", "### Uses", "")
    yield from (f"- {count:,} documents for {_purpose(use)}" for use, count in facts.uses.items())
    if not facts.goes_in:
        yield f"- {_plain(words.nothing_goes_in(facts))}"
    if facts.config.purpose.must_never:
        yield f"- Out of scope: {_plain(facts.config.purpose.must_never)}"
    yield from ("", "## Dataset structure", "", "| | documents | why | decided by |", "|---|---:|---|---|")
    for each in facts.reasons:
        yield f"| {each.state} | {each.documents:,} | {_plain(each.why)} | {each.decided_by} |"
    for reason, count in facts.unreadable.items():
        yield f"| unreadable | {count:,} | {_plain(reason)} | nobody |"
    yield f"| **offered** | **{facts.seen:,}** | | |"
    yield from ("", "## Dataset creation", "", "### Source data", "", words.collection(facts), words.timeframe(facts))
    yield from ("", "### Preparation", "", words.preparation(facts))
    if facts.findings:
        yield from ("", "| check | finding | count |", "|---|---|---:|")
        yield from (f"| {check} | {kind} | {count:,} |" for (check, kind), count in facts.findings.items())
    yield from ("", "### Personal and sensitive information", "", words.personal(facts))
    if points := words.open_points(facts):
        yield from ("", "### Left to decide", "", *(f"- {_plain(point)}" for point in points))
    yield from ("", "## Bias, risks and limitations", "", words.biases(facts), "", words.limitations(facts))
    yield from ("", "## Maintenance", "", _plain(words.maintenance(facts)))


def _size(count: int) -> str:
    return next((name for most, name in _SIZES if count < most), "n>1M")


def _used_for(facts: CardFacts, use: Use) -> bool:
    return any(each.covers(use) for each in facts.uses)


def _purpose(use: Use) -> str:
    return "retrieval and tuning" if use is Use.BOTH else str(use)


def _plain(text: str) -> str:
    """Text as text: one line, and nothing in it a mark of Markdown or HTML."""
    return re.sub(r"([\\`*_\[\]<>|#&])", r"\\\1", " ".join(text.split()))
