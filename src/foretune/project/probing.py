"""Asking a model what it already knows: the plan's engine, a packaged model, a file, or an address."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from foretune.engines import Engine, open_engine
from foretune.errors import InputError, ModelError
from foretune.plan.probe import Probe, chosen, probe, read_facts
from foretune.plan.suitability import read_model
from foretune.progress import Progress, silent
from foretune.project.suitability import plan_here

__all__ = ["EACH_QUARTER", "YEARS", "open_model", "probe_model"]

EACH_QUARTER, YEARS = 4, 10
LONGEST_TEXT = 2_000_000
"""Characters of a text to quote."""


def probe_model(
    model: str = "",
    *,
    topics: Sequence[str] = (),
    texts: Sequence[Path] = (),
    facts_file: Path | None = None,
    each_quarter: int = EACH_QUARTER,
    years: int = YEARS,
    key_variable: str = "",
    progress: Progress = silent,
) -> Probe:
    """Ask a model about dated facts, topics and texts.

    Args:
        model: a packaged one, a GGUF file, or ``ADDRESS#NAME``; empty: the plan's engine.
        topics: besides ``purpose.outside`` of the plan.
        texts: files; pieces of them are sent to the model.
        facts_file: other facts than the packaged ones.
        each_quarter: facts a quarter at most; 0 asks none.
        key_variable: names the environment variable with the key of an address.

    Raises:
        InputError: a file cannot be read.
        ModelError, EngineError: the model is not there, cannot be asked, or does not answer.
    """
    config, today = plan_here(), datetime.now(UTC).date()
    facts = chosen(read_facts(facts_file), each_quarter=each_quarter, today=today, years=years)
    named = {path.name: _text(path) for path in texts}
    with open_model(model, key_variable=key_variable) as engine:
        return probe(
            engine,
            facts,
            today=today,
            topics=[*config.purpose.outside, *topics],
            texts=named,
            progress=progress,
        )


@contextmanager
def open_model(model: str, *, key_variable: str = "") -> Iterator[Engine]:
    """An engine for what a person calls a model; nothing it is asked is kept.

    Raises:
        ModelError, EngineError: as :func:`probe_model`.
    """
    settings = plan_here().engine
    if not model:
        kind, name, url = settings.kind, settings.model, settings.url
        key_variable = key_variable or settings.api_key_variable
    elif re.match(r"https?://", model):
        key = os.environ.get(key_variable, "") if key_variable else ""
        if key_variable and not key:
            raise InputError(f"The environment variable {key_variable} is not set: put the address's key into it.")
        address, _, _ = model.partition("#")
        # Asked first what it has: a web page says so in a sentence, before a hundred questions go there.
        name = read_model(model, key=key).name
        base = address.rstrip("/")
        kind, url = "openai", base if base.endswith("/v1") else f"{base}/v1"
    elif Path(model).is_dir():
        raise ModelError(
            f"{model} is a folder, and a model is asked from a .gguf file or behind an address: "
            "serve it (with vLLM, say) and name the address."
        )
    else:
        kind, name, url = "llama", model, ""
    with open_engine(kind, model=name, url=url, api_key_variable=key_variable, context=settings.context) as engine:
        yield engine


def _text(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")[:LONGEST_TEXT]
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): check the path.") from None
    if len(text.split()) < 20:
        raise InputError(f"{path} has fewer than twenty words: take a longer text.")
    return text
