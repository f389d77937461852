"""Training an adapter from the vault's pairs, and finding the one to answer with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert

from foretune.bench.arms import ANSWER_BRIEFLY
from foretune.errors import InputError, NothingToDoError
from foretune.governance.store import effective_label
from foretune.pairs import pairs_digest, stored_pairs
from foretune.progress import Progress
from foretune.tuning import AdapterResult, Example
from foretune.tuning.types import BESIDE_THE_RESULT
from foretune.types import Label, Message, Pair, digest
from foretune.vault import Vault, now
from foretune.vault import tables as t
from foretune.vault.sealed import is_there, opened, sealer

if TYPE_CHECKING:
    from foretune.project.project import Project
    from foretune.tuning.dev import DevQuestion
    from foretune.tuning.weights import WeightFiles

__all__ = [
    "FEWEST",
    "REPLAY",
    "StoredAdapter",
    "adapter_file_hash",
    "adapter_id",
    "adapter_label",
    "adapters",
    "count_of",
    "current_adapter",
    "evaluation_pairs",
    "example",
    "find_adapter",
    "measured_speed",
    "named_adapter",
    "register",
    "require_adapter",
    "require_enough",
    "require_label",
    "require_weights",
    "train",
    "trained_label",
    "training_pairs",
    "weight_files",
]

REPLAY = "replay"
"""Recipe of pairs that are general data against forgetting; the documents teach nothing by them."""

ASKED = frozenset({"question_answer", "paraphrases", "recall"})
"""Recipes whose prompts are questions as staff ask them, answered from memory in a sentence."""

FEWEST = 10
"""Pairs below which there is nothing to learn from: ten are a plumbing test, never evidence."""


@dataclass(frozen=True, slots=True)
class StoredAdapter:
    """A trained adapter."""

    id: str
    name: str
    kind: str
    path: Path
    """The GGUF file; where that is sealed, its content in memory."""
    folder: Path
    """All its files, some of them sealed."""
    hash: str
    base_hash: str
    label: str
    settings: Mapping[str, Any]
    metrics: Mapping[str, Any]
    at: str
    tainted: str
    """Receipt of the erasure of something it learned from; empty where there was none."""
    barred: bool
    """Tainted, and not to be used for it (``erasure.adapters``)."""

    @property
    def switchable(self) -> bool:
        """Whether the engine loads it beside its model; a DoRA adapter is a merged model instead."""
        return self.settings.get("method") != "dora"


def count_of(count: int, noun: str) -> str:
    """``is 1 pair``, ``are 3 pairs``."""
    return f"is 1 {noun}" if count == 1 else f"are {count} {noun}s"


def training_pairs(project: Project) -> list[Pair]:
    """The kept pairs of the training side."""
    return stored_pairs(project.vault, split="train", kept_only=True)


def evaluation_pairs(project: Project) -> list[Pair]:
    """The kept pairs of documents that are never trained on."""
    return stored_pairs(project.vault, split="evaluation", kept_only=True)


def adapter_id(project: Project, *, pilot: bool) -> str:
    """Identity of the adapter that training now would make."""
    from foretune.models import locate

    return digest(
        "pilot" if pilot else "full",
        pairs_digest(training_pairs(project)),
        pairs_digest(evaluation_pairs(project)),
        project.config.tuning.model_dump(exclude={*BESIDE_THE_RESULT, "bench_fraction"}),
        locate(project.config.engine.model).hash,
        *([[digest(asdict(each)) for each in asked]] if (asked := [] if pilot else dev_questions(project)) else []),
    )[:16]


def dev_questions(project: Project) -> list[DevQuestion]:
    """Bench questions that early stopping goes by (``tuning.bench_fraction``); none where there is no bench.

    Raises:
        InputError: the questions file cannot be used.
    """
    from foretune.bench.arms import plain_prompt
    from foretune.tuning.dev import DevQuestion, dev_part

    settings = project.config.tuning
    if not settings.bench_fraction or not (project.folder / project.config.purpose.questions).exists():
        return []
    chosen = dev_part(project.questions(), settings.bench_fraction, seed=settings.seed)
    return [DevQuestion(each, plain_prompt(each), project.config.bench.max_answer_tokens) for each in chosen]


def require_enough(project: Project, pairs: Sequence[Pair], what: str) -> None:
    """Raises :class:`NothingToDoError` where ``pairs`` teach less than ``what`` needs."""
    own = sum(pair.recipe != REPLAY for pair in pairs)
    if own >= FEWEST:
        return
    limit = project.config.pairs.limit
    limited = f"raise pairs.limit (it is {limit}) in foretune.toml, " if 0 < limit <= 2 * FEWEST else ""
    raise NothingToDoError(
        f"There {count_of(own, 'pair')} to learn from and {what} needs at least {FEWEST}: "
        f"{limited}add documents, or include more of them, and run `foretune pairs`."
    )


def require_weights(project: Project) -> None:
    """Raises :class:`InputError` where the engine is one whose weights are elsewhere."""
    if project.config.engine.kind != "llama":
        raise InputError(
            "Tuning needs the model's weights on this machine: set engine.kind to llama and engine.model to a "
            "packaged model or a GGUF file in foretune.toml."
        )


def train(project: Project, *, pilot: bool, progress: Progress, workers: int = 0) -> StoredAdapter:
    """Train and register an adapter; one that exists for the same inputs is returned as it is.

    Args:
        workers: 0 trains in this process; more, so many workers of a Ray cluster do.

    Raises:
        NothingToDoError: fewer than ten pairs.
        InputError: the engine is not one whose weights are on this machine.
        ModelError: the model file is missing or damaged.
    """
    require_weights(project)
    pairs = training_pairs(project)
    require_enough(project, pairs, "tuning")
    identity = adapter_id(project, pilot=pilot)
    if (existing := find_adapter(project, identity)) is not None:
        return existing
    from foretune import tuning
    from foretune.models import locate

    model = locate(project.config.engine.model)
    make: Callable[..., AdapterResult] = tuning.pilot if pilot else tuning.tune
    if workers:
        from foretune.tuning.cluster import tune_on_ray

        make = partial(tune_on_ray, workers=workers, recipe="pilot" if pilot else "tune")
    result = make(
        [example(pair) for pair in pairs],
        base=model,
        folder=project.vault.folder / "adapters" / identity,
        settings=project.config.tuning,
        evaluation=[example(pair) for pair in evaluation_pairs(project)],
        progress=progress,
        files=weight_files(project, pairs),
        **({} if pilot else {"dev": dev_questions(project)}),
    )
    return register(project, identity, result, kind="pilot" if pilot else "full", pairs=pairs)


def register(
    project: Project,
    identity: str,
    result: AdapterResult,
    *,
    kind: str,
    pairs: Sequence[Pair],
    at_least: Label = Label.PUBLIC,
) -> StoredAdapter:
    """Make a trained adapter the project's own; its label is the highest of the documents it learned from.

    Args:
        kind: ``pilot``, ``full``, or the service that trained it.
        at_least: the label that its pairs had when they were handed over.
    """
    from foretune.models import locate
    from foretune.tuning.card import adapter_name

    model = locate(project.config.engine.model)
    trained = set(result.trained)
    label = max(
        at_least, trained_label(project, [pair for pair in pairs if pair.id in trained]), key=lambda each: each.rank
    )
    values = {
        "id": identity,
        "name": adapter_name(model, result.settings, kind=kind, data_hash=result.data_hash),
        "kind": kind,
        "path": str(result.path.relative_to(project.vault.folder)),
        "hash": result.hash,
        "base_hash": result.base_hash,
        "label": label.value,
        "settings": result.settings,
        "metrics": _metrics(result) | ({} if kind in ("pilot", "full") else {"trainer": kind}),
        "at": now(),
    }
    with project.vault.writing() as connection:
        connection.execute(insert(t.adapter).values(values).on_conflict_do_nothing())
        project.vault.record(
            connection, "adapter.train", identity, {"pairs": len(result.trained), "kind": values["kind"]}
        )
    found = find_adapter(project, identity)
    assert found is not None
    return found


def weight_files(project: Project, pairs: Sequence[Pair], *, at_least: Label = Label.PUBLIC) -> WeightFiles:
    """How the weights of an adapter that learns ``pairs`` are kept: sealed, where one of them is confidential or more.

    Also where the confidential ones turn out too long to be trained on: before training nobody can tell.
    """
    from foretune.tuning.weights import PLAIN, WeightFiles

    secret = max(at_least.rank, trained_label(project, pairs).rank) >= Label.CONFIDENTIAL.rank
    return WeightFiles(sealer(project.vault)) if secret else PLAIN


def trained_label(project: Project, pairs: Sequence[Pair]) -> Label:
    """The highest label of the documents that pairs are from: an adapter can repeat what it learned."""
    ids = sorted({pair.document_id for pair in pairs})
    highest = Label.PUBLIC
    with project.vault.reading() as connection:
        for start in range(0, len(ids), 500):
            query = select(effective_label()).where(t.document.c.id.in_(ids[start : start + 500])).distinct()
            labels = [Label(value) for value in connection.execute(query).scalars()]
            highest = max([highest, *labels], key=lambda label: label.rank)
    return highest


def example(pair: Pair) -> Example:
    """A pair as training takes it: questions stand under the instruction that the tuned arm asks them with."""
    messages = pair.messages
    if pair.recipe in ASKED and not pair.system:
        messages = (Message("system", ANSWER_BRIEFLY), *messages)
    return Example(pair.id, messages, pair.document_id, replay=pair.recipe == REPLAY)


def _metrics(result: AdapterResult) -> dict[str, Any]:
    """How training went, for reports: JSON values, no text."""
    return {
        "examples": len(result.trained),
        "replayed": result.replayed,
        "canaries": result.canaries,
        "data_hash": result.data_hash,
        "epochs": result.epochs,
        "losses": list(result.losses),
        "evaluation_losses": list(result.evaluation_losses),
        "tokens": result.tokens,
        "seconds": result.seconds,
        "processor_seconds": result.processor_seconds,
        "processors": result.processors,
        "startup_seconds": result.startup_seconds,
        "kept_epoch": result.kept_epoch,
        "dev_right": list(result.dev_right),
        "dev_questions": list(result.dev_questions),
        "stopped": result.stopped,
        "precision": result.precision,
        "dropped": [[item.id, item.reason] for item in result.dropped],
        "cut": [[item.id, item.reason] for item in result.cut],
    }


def adapters(project: Project) -> list[StoredAdapter]:
    """All that were trained, oldest first; files may be missing."""
    with project.vault.reading() as connection:
        rows = connection.execute(select(t.adapter).order_by(t.adapter.c.at)).mappings().all()
    paths = [project.vault.folder / row["path"] for row in rows]
    return [
        StoredAdapter(**{**row, "path": path, "folder": path.parent}) for row, path in zip(rows, paths, strict=True)
    ]


def find_adapter(project: Project, identity: str) -> StoredAdapter | None:
    """The adapter with this id, if its file is still there and an erasure has not barred it."""
    found = next((a for a in adapters(project) if a.id == identity and _usable(a)), None)
    return None if found is None else _opened(project, found)


def current_adapter(project: Project) -> StoredAdapter | None:
    """The adapter that tuned arms answer with; it was trained on the engine's own model.

    The one of all pairs as they are now, else the pilot's, else the newest: after a change was taken
    back, the adapter of the pairs that are back.
    """
    from foretune.models import locate

    if project.config.engine.kind != "llama":
        return None
    base = locate(project.config.engine.model).hash
    usable = {a.id: a for a in adapters(project) if a.base_hash == base and a.switchable and _usable(a)}
    if not usable:
        return None
    for pilot in (False, True):
        if (found := usable.get(adapter_id(project, pilot=pilot))) is not None:
            return _opened(project, found)
    return _opened(project, list(usable.values())[-1])


def named_adapter(project: Project, name: str) -> StoredAdapter:
    """The adapter with this name or id, or a beginning of either that fits one only; empty: the one that answers.

    Raises:
        InputError: there is none, or several.
        VaultError: it learned from documents of a label above what the project's principal was granted.
    """
    there = [a for a in adapters(project) if _usable(a)]
    if not name:
        found = [current] if (current := current_adapter(project)) else there[-1:]
    else:
        found = [a for a in there if name in (a.id, a.name)] or [
            a for a in there if a.name.startswith(name) or a.id.startswith(name)
        ]
    if len(found) == 1:
        require_label(project.vault, Label(found[0].label))
        return _opened(project, found[0])
    if not there:
        raise InputError("There is no adapter yet: `foretune tune --pilot` trains one.")
    which = "No adapter is" if not found else f"{len(found)} adapters are"
    raise InputError(f"{which} called {name!r}: `foretune tune list` shows their names.")


def measured_speed(project: Project) -> float | None:
    """Tokens read in training a second, were nothing else running, as the newest adapter for the plan's model
    measured it; None without one."""
    from foretune.errors import ModelError
    from foretune.models import locate
    from foretune.tuning.projection import tokens_per_second

    if project.config.engine.kind != "llama":
        return None
    try:
        base = locate(project.config.engine.model).hash
    except ModelError:
        return None  # not fetched yet, so nothing was trained on it
    trained = [
        a for a in adapters(project) if a.base_hash == base and a.metrics.get("seconds") and "trainer" not in a.metrics
    ]
    return tokens_per_second(trained[-1].metrics) if trained else None


def _usable(adapter: StoredAdapter) -> bool:
    return is_there(adapter.path) and not adapter.barred


def _opened(project: Project, adapter: StoredAdapter) -> StoredAdapter:
    """With a path that can be read, where the file is encrypted."""
    return replace(adapter, path=opened(project.vault, adapter.path))


def adapter_label(project: Project, identity: str) -> Label:
    """The highest label an adapter was trained on; the highest there is where its record is gone."""
    with project.vault.reading() as connection:
        query = select(t.adapter.c.label).where(t.adapter.c.id == identity)
        found = connection.execute(query).scalar_one_or_none()
    return Label.RESTRICTED if found is None else Label(found)


def require_adapter(project: Project, path: Path) -> None:
    """Refuse an adapter that the project's principal may not use.

    Raises:
        VaultError: it learned from documents of a label above what the principal was granted.
    """
    found = next((each for each in adapters(project) if path in (each.path, _opened(project, each).path)), None)
    require_label(project.vault, Label.RESTRICTED if found is None else Label(found.label))


def require_label(vault: Vault, label: Label) -> None:
    """Refuse, on the record, whoever was not granted every document up to ``label``.

    An adapter can repeat what it learned from, whichever source or tag that was of.

    Raises:
        VaultError: the principal was not.
    """
    if not vault.principal.covers(label):
        vault.refuse(
            "use the adapter",
            f"The adapter learned from {label.value} documents, and {vault.principal.name} has no grant of that label: "
            "ask an owner for `foretune access grant`.",
        )


def adapter_file_hash(project: Project, identity: str) -> str:
    """SHA-256 of an adapter's file as it is now; empty where it is gone."""
    from foretune.engines.adapters import file_hash

    found = find_adapter(project, identity)
    return "" if found is None else file_hash(found.path)
