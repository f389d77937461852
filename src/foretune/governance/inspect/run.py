"""Inspecting documents where they lie: no project, no vault, nothing kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from foretune.governance.checks import CheckSettings, CorpusCheck, named
from foretune.governance.checks import checks as all_checks
from foretune.governance.checks.duplicate import groups
from foretune.governance.edits import offered_repair
from foretune.governance.inspect.cleaning import check_outputs, write_clean
from foretune.governance.inspect.collected import Collected
from foretune.governance.inspect.corpus import Corpus
from foretune.governance.inspect.runners import started
from foretune.governance.inspect.types import Duplicate, Plan, Totals, Written
from foretune.governance.inspect.worker import Found, found_of
from foretune.governance.types import Edit
from foretune.plan.config import CorpusSettings
from foretune.progress import Progress, silent
from foretune.types import Finding, digest

__all__ = ["Inspection", "dedupe", "inspect"]


class Inspection:
    """What an inspection found; rows are made as they are asked for."""

    def __init__(self, chosen: Sequence[str], totals: Totals, collected: Collected, written: Written | None) -> None:
        self.checks = tuple(chosen)
        self.totals = totals
        self.written = written
        """What was written; None where nothing was to be."""
        totals.findings.update(collected.counts)
        self._collected = collected

    def lines(self, check: str | None = None) -> Iterator[bytes]:
        """Findings as JSON, one an item: by check, the most important first."""
        return self._collected.lines(self.checks if check is None else (check,))


def inspect(
    paths: Iterable[Path],
    *,
    checks: Sequence[str] | None = None,
    settings: CheckSettings | None = None,
    corpus: CorpusSettings | None = None,
    clean: Path | None = None,
    set_aside: Path | None = None,
    without_boilerplate: bool = False,
    processes: int | None = None,
    runner: str = "local",
    progress: Progress = silent,
) -> Inspection:
    """Run ``checks`` (all by default) on files, folders, and rows of JSON Lines and Parquet.

    Args:
        clean: Write the documents here, with the repairs that the checks offer, and without those of which the
            duplicate check keeps another: ``.jsonl``, ``.parquet`` or a folder.
        set_aside: Write the others here, each with the reason: ``.jsonl`` or ``.parquet``.
        without_boilerplate: Leave lines that stand in many documents out of what is written.
        processes: How many work on it; by default one a core. The findings are the same.
        runner: Where they work: ``local``, or ``ray`` for a cluster that can read the same paths.

    Raises:
        InputError: there is no such check or runner, or nothing at a path, or it cannot be read or written.
    """
    check_outputs(clean, set_aside)
    chosen = tuple(each.name for each in (all_checks() if checks is None else named(checks)))
    settings = replace(settings or CheckSettings(), every_place=without_boilerplate)
    plan = Plan(chosen, settings, corpus or CorpusSettings())
    with started(runner, processes) as workers, Corpus(plan, paths) as documents:
        collected = Collected()
        dropped: dict[str, str] = {}
        edits: dict[str, tuple[Edit, ...]] = {}
        for part in documents.read(workers, progress):
            for found in part.found:
                collected.add(found)
        for check in named(chosen):
            if isinstance(check, CorpusCheck):
                signed = documents.signed.pop(check.name, [])
                with progress.step(f"comparing ({check.name})", total=None, unit="findings") as step:
                    findings = list(check.compare(signed, documents.text, plan.settings))
                    step.advance(len(findings))
                del signed
                dropped |= {each.document_id: each.message for each in findings if _is_spare(each)}
                if settings.every_place:
                    for each in findings:
                        edits[each.document_id] = edits.get(each.document_id, ()) + offered_repair(each)
                    findings = [each for each in findings if "as_in" not in each.evidence]
                for found in _in_order(findings, documents):
                    collected.add(found)
        written = None
        if clean is not None or set_aside is not None:
            written = write_clean(
                replace(plan, edits=edits),
                documents.units(),
                dropped,
                base=documents.base,
                clean=clean,
                set_aside=set_aside,
                runner=workers,
                progress=progress,
            )
        return Inspection(_names_in_findings(chosen), documents.totals, collected, written)


def _in_order(findings: Iterable[Finding], documents: Corpus) -> Iterator[Found]:
    """Findings as they are printed: those about all documents first, then in the order of reading."""
    placed = [(documents.position(each.document_id) if each.document_id else -1, each) for each in findings]
    for position, finding in sorted(placed, key=lambda one: (one[0], one[1].start or 0)):
        yield found_of(finding, None if position < 0 else documents.names[position])


def _names_in_findings(chosen: Sequence[str]) -> tuple[str, ...]:
    """The names that the findings of these checks carry, each once."""
    return tuple(dict.fromkeys((isinstance(each, CorpusCheck) and each.part_of) or each.name for each in named(chosen)))


def _is_spare(finding: Finding) -> bool:
    """Whether it says that another document is kept in place of this one."""
    return finding.check == "duplicate" and "keeper" in finding.evidence


def dedupe(
    paths: Iterable[Path],
    *,
    threshold: float = CheckSettings().near_duplicate,
    corpus: CorpusSettings | None = None,
    processes: int | None = None,
    runner: str = "local",
    progress: Progress = silent,
) -> tuple[Totals, list[Duplicate]]:
    """Where each document stands among its copies, in the order of reading.

    Raises:
        InputError: there is no such runner, or nothing at a path, or it cannot be read.
    """
    plan = Plan(("duplicate",), CheckSettings(near_duplicate=threshold), corpus or CorpusSettings())
    with started(runner, processes) as workers, Corpus(plan, paths) as documents:
        for _ in documents.read(workers, progress):
            pass
        grouped: dict[int, Duplicate] = {}
        with progress.step("comparing", total=None, unit="groups") as step:
            for group in groups(documents.signed.pop("duplicate", []), documents.text, threshold):
                step.advance()
                name = digest(min(each.path for each in group.members))[:16]
                for member, similarity in zip(group.members, group.similarities, strict=True):
                    kept = member is group.kept
                    grouped[documents.position(member.id)] = Duplicate(
                        member.path, name, kept, round(similarity, 4), group.kept.path, group.reason
                    )
        rows = [grouped.get(at) or Duplicate(name, None, True, None, None) for at, name in enumerate(documents.names)]
        return documents.totals, rows
