"""The folder people work in, opened.

:class:`Project` is the public face of everything Foretune does: each verb of the
command line is one call on it. Models are loaded when first needed, and closed
with the project.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from foretune.errors import ConfigError, InputError, NothingToDoError
from foretune.plan.config import Config
from foretune.plan.toml import load, where_in, write
from foretune.progress import Progress, silent
from foretune.types import Arm, Label, Passage, Question, Severity, Use
from foretune.vault import Principal, Vault, working

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from threading import Event

    from foretune.bench import BenchSummary
    from foretune.corpus import AddOutcome, FileReader
    from foretune.embedding import Embedder
    from foretune.engines import CachedEngine
    from foretune.governance import (
        Change,
        Decision,
        DecisionKind,
        Filter,
        ListedFinding,
        ReviewSummary,
        RulesPreview,
        Standing,
        Wanted,
    )
    from foretune.governance.labels_sheet import SheetOutcome
    from foretune.pairs import ImportedFile, Judged, Leak, PairsSummary, ReviewOutcome, Variety
    from foretune.plan.advice import Advice, CorpusFacts
    from foretune.project.adapters import StoredAdapter
    from foretune.project.erasing import Receipt
    from foretune.project.jobs import Fetched, StoredJob
    from foretune.project.stages import StageState
    from foretune.project.watching import Fresh
    from foretune.releases import Release
    from foretune.retrieval import Answer, Answerer, DocumentFilter, Hit, IndexSummary, Searcher
    from foretune.tuning.services import Progressed

__all__ = ["PLAN", "Project"]

PLAN = "foretune.toml"


class Project:
    """A plan, its bench questions, its vault and its reports.

    Use it as a context manager::

        with Project.open() as project:
            answer = project.ask("How many days of leave do I get?")
    """

    def __init__(self, folder: Path, config: Config, vault: Vault) -> None:
        self.folder = folder
        self.config = config
        self.vault = vault

    # -- opening ---------------------------------------------------------------------------------

    @classmethod
    def create(cls, folder: Path, config: Config) -> Self:
        """Make a project in ``folder``, which may hold other files.

        The plan is written last: a folder with a plan is a whole project.

        Raises:
            InputError: there is a plan, or a vault without a plan, in the folder.
        """
        folder = folder.resolve()
        if (folder / PLAN).exists():
            raise InputError(f"There is a project in {folder} already: work in it, or choose another folder.")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"The folder {folder} cannot be made ({error.strerror}): choose another.") from None
        vault = (
            Vault.open(folder / "vault")
            if (folder / "vault" / "vault.json").exists()
            else Vault.create(folder / "vault")
        )
        (folder / "reports").mkdir(exist_ok=True)
        ignore = folder / "vault" / ".gitignore"
        ignore.write_text("*\n")
        write(folder / PLAN, config)
        return cls(folder, config, vault)

    @classmethod
    def open(cls, folder: Path | None = None, *, principal: Principal | None = None) -> Self:
        """Open the project in ``folder``, or the nearest one at or above where the command was started.

        Raises:
            ConfigError: no ``foretune.toml``, or one that cannot be used.
            VaultError: the vault is missing or cannot be opened.
        """
        start = (folder or Path.cwd()).resolve()
        for candidate in (start, *start.parents):
            if (candidate / PLAN).exists():
                config = _load(candidate / PLAN)
                return cls(candidate, config, Vault.open(candidate / "vault", principal=principal))
        raise ConfigError(f"There is no {PLAN} in {start} or above it: `foretune new` makes one.")

    def close(self) -> None:
        """Stop the engine and close the vault."""
        if "engine" in self.__dict__:
            self.engine.close()
        self.vault.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def working(self) -> AbstractContextManager[None]:
        """Hold the project while a stage changes it.

        Raises:
            VaultError: another process holds it, or the principal may not change the vault.
        """
        self.vault.require_change()
        return working(self.vault.folder)

    # -- models, loaded when first needed ---------------------------------------------------------

    @cached_property
    def embedder(self) -> Embedder:
        from foretune.project.embedder import open_checked_embedder

        return open_checked_embedder(self, self.config.retrieval)

    @cached_property
    def engine(self) -> CachedEngine:
        from foretune.project.engine import open_project_engine

        return open_project_engine(self)

    @cached_property
    def searcher(self) -> Searcher:
        from foretune.retrieval import Searcher

        return Searcher(self.vault, self.embedder, self.config.retrieval)

    @cached_property
    def answerer(self) -> Answerer:
        from foretune.retrieval import Answerer

        return Answerer(self.searcher, self.embedder, self.engine, self.config.retrieval)

    # -- corpus and governance --------------------------------------------------------------------

    def add(
        self,
        paths: Sequence[Path],
        *,
        label: Label | None = None,
        again: bool = False,
        reader: FileReader | None = None,
        scrub: bool = True,
        progress: Progress = silent,
    ) -> Iterator[AddOutcome]:
        """Read documents; yields what happened to each file once it is safely kept.

        See :func:`foretune.corpus.add`; with ``again``, content that was erased before is read too.
        """
        from foretune.corpus import add

        with self.working():
            yield from add(
                self.vault,
                paths,
                settings=self.config.corpus,
                base=self.folder,
                label=label,
                own=self.own_files,
                again=again,
                reader=reader,
                scrub=scrub,
                progress=progress,
            )

    @property
    def own_files(self) -> list[Path]:
        """Files of the project that are never read as documents, beside those with fixed names."""
        return [self.folder / self.config.purpose.questions]

    def watch(
        self,
        paths: Sequence[Path],
        *,
        label: Label | None = None,
        stop: Event | None = None,
        progress: Progress = silent,
    ) -> Iterator[Fresh]:
        """Read and index ``paths``, then every change to them as it happens, until ``stop`` is set.

        See :func:`foretune.project.watching.watch`.
        """
        from foretune.project.watching import watch

        return watch(self, paths, label=label, stop=stop, progress=progress)

    def sync(
        self,
        names: Sequence[str] = (),
        *,
        dry_run: bool = False,
        allow_empty: bool = False,
        progress: Progress = silent,
    ) -> Iterator[AddOutcome]:
        """Bring the vault up to date with the sources of the plan, or those that ``names`` name.

        Yields what happened to each file, message or row once it is safely kept; with ``dry_run``, what would.

        Raises:
            ConfigError: the plan declares no source, or none of a name.
            InputError: after the others were read: a source could not be looked into.
        """
        from contextlib import nullcontext

        from foretune.corpus import declared_sources, sync

        chosen = declared_sources(self.config.corpus.sources, names)
        with nullcontext() if dry_run else self.working():
            yield from sync(
                self.vault,
                chosen,
                settings=self.config.corpus,
                base=self.folder,
                own=self.own_files,
                dry_run=dry_run,
                allow_empty=allow_empty,
                progress=progress,
            )

    def review(self, *, checks: Sequence[str] | None = None, progress: Progress = silent) -> ReviewSummary:
        """Run the checks on what changed and apply the policy; with all of them the stage is done."""
        from foretune.governance import review
        from foretune.project.stages import run_stage

        with self.working():
            if checks is None:
                return run_stage(self, "review", progress)  # type: ignore[return-value]
            return review(
                self.vault,
                self.config.governance,
                languages=self.config.platform.languages,
                wanted=self.wanted(),
                checks=checks,
                progress=progress,
            )

    def wanted(self) -> Wanted:
        """What the plan and the bench want of the documents as a whole.

        A questions file that cannot be used is for `foretune bench` to complain about; here it counts as none.
        """
        from foretune.governance import Wanted

        try:
            questions = tuple(each.question for each in self.questions() if each.kind != "unanswerable")
        except InputError:
            questions = ()
        return Wanted.of(self.config, questions)

    def findings(
        self,
        *,
        checks: Sequence[str] = (),
        types: Sequence[str] = (),
        documents: Sequence[str] = (),
        limit: int | None = None,
    ) -> list[ListedFinding]:
        """What the checks found, the most important first."""
        from foretune.governance import findings

        return findings(self.vault, checks=checks, types=types, documents=documents, limit=limit)

    def findings_by_document(self, *, limit: int | None = None) -> list[tuple[str, dict[Severity, int]]]:
        """Path and number of findings by severity, the worst first."""
        from foretune.governance import count_by_document

        return count_by_document(self.vault, limit=limit)

    def decide(
        self,
        documents: Sequence[str],
        kind: DecisionKind,
        *,
        reason: str,
        only: Filter | None = None,
        use: Use | None = None,
        label: Label | None = None,
        findings: Sequence[str] = (),
        replacement: str = "",
        dry_run: bool = False,
    ) -> list[Decision]:
        """Decide about documents, or about findings in them (see :func:`foretune.governance.decide`).

        It holds at once: what a decision takes back can no longer be found or learned from.
        """
        from foretune.governance import EVERYTHING, decide

        decided = decide(
            self.vault,
            documents,
            kind,
            reason=reason,
            only=only or EVERYTHING,
            use=use,
            label=label,
            findings=findings,
            replacement=replacement,
            four_eyes=self.config.governance.four_eyes,
            dry_run=dry_run,
        )
        if not dry_run:
            self._withdraw()
        return decided

    def erase(self, names: Sequence[str]) -> Receipt:
        """Remove documents and everything made from them; returns the signed receipt."""
        from foretune.project.erasing import erase

        return erase(self, names)

    def preview(self, decided: Iterable[Decision]) -> list[Change]:
        """Which documents would stand otherwise, were these decisions (of a dry run) made."""
        from foretune.governance import preview_decisions

        return preview_decisions(self.vault, self.config.governance, decided)

    def preview_rules(self) -> RulesPreview:
        """What each rule of the plan decides, and what would change against the last review; stores nothing."""
        self.vault.require_whole("try rules")
        from foretune.governance import preview_rules

        return preview_rules(self.vault, self.config.governance)

    def confirm(self, decision_id: int, *, reason: str) -> Decision:
        """Agree, as the second person, to what another decided on a restricted document."""
        from foretune.governance import confirm

        confirmed = confirm(self.vault, decision_id, reason=reason)
        self._withdraw()
        return confirmed

    def undo(self, decision_id: int | None = None, *, reason: str) -> list[Decision]:
        """Take back one decision, or all that you decided last in one go."""
        from foretune.governance import undo

        undone = undo(self.vault, decision_id, reason=reason, four_eyes=self.config.governance.four_eyes)
        self._withdraw()
        return undone

    def data_card(self, folder: Path | None = None) -> list[Path]:
        """Write the data card in its three forms to ``folder`` or ``reports/card``; returns the files."""
        self.vault.require_whole("write the data card")
        from foretune.governance.card import write_card

        return write_card(self.vault, self.config, folder or self.folder / "reports" / "card", name=self.folder.name)

    def _withdraw(self) -> None:
        from foretune.project.withdrawing import withdraw

        withdraw(self)

    def write_labels(self, path: Path) -> int:
        """Write the labels of all documents to a spreadsheet for people to fill in; returns how many."""
        self.vault.require_whole("write the labels")
        from foretune.governance.labels_sheet import write_labels_sheet

        return write_labels_sheet(self.vault, path)

    def read_labels(self, path: Path, *, reason: str = "") -> SheetOutcome:
        """Take in a spreadsheet of labels that was filled in; it holds at once, as a decision does."""
        from foretune.governance.labels_sheet import read_labels_sheet

        outcome = read_labels_sheet(self.vault, path, reason=reason, four_eyes=self.config.governance.four_eyes)
        if outcome.changed:
            self._withdraw()
        return outcome

    def decisions(self, documents: Sequence[str] = ()) -> list[Decision]:
        """What people decided, oldest first."""
        self.vault.require_whole("see what was decided")
        from foretune.governance import decisions

        return decisions(self.vault, documents)

    def standing(self) -> list[Standing]:
        """Included, redacted, excluded or waiting: each document, by whom and why."""
        self.vault.require_whole("see where each document stands")
        from foretune.governance import standing

        return standing(self.vault, self.config.governance)

    # -- retrieval --------------------------------------------------------------------------------

    def index(self, *, progress: Progress = silent) -> IndexSummary:
        """Make passages and embeddings of what changed; what no check has seen yet is reviewed first.

        Raises:
            NothingToDoError: there are no documents, or all are excluded or waiting.
        """
        from foretune.project.stages import require_documents, run_stage, run_stale

        require_documents(self)
        with self.working():
            run_stale(self, "review", progress)
            return run_stage(self, "index", progress)  # type: ignore[return-value]

    def search(self, query: str, *, k: int = 10, filters: Sequence[DocumentFilter] = ()) -> list[Hit]:
        """The ``k`` best passages of what ``filters`` let through; leaves an event that names them."""
        self.require_index()
        hits = self.searcher.search(query, k=k, filters=filters)
        self.vault.note("document.search", "index", _named([hit.passage for hit in hits]))
        return hits

    def search_many(
        self, rows: Iterable[Mapping[str, Any]], *, k: int = 10, filters: Sequence[DocumentFilter] = ()
    ) -> Iterator[tuple[Any, str, list[Hit]]]:
        """For each row (``id``, ``query``): id, query and hits."""
        self.require_index()
        for row in rows:
            yield row["id"], row["query"], self.search(row["query"], k=k, filters=filters)

    def ask(self, question: str, *, adapter: Path | None = None, filters: Sequence[DocumentFilter] = ()) -> Answer:
        """Answer from the documents, with citations, or say that they don't; leaves an event that names passages."""
        self.require_index()
        if adapter is not None:
            from foretune.project.adapters import require_adapter

            require_adapter(self, adapter)
        answer = self.answerer.answer(question, adapter=adapter, filters=filters)
        self.vault.note("document.ask", "index", {"outcome": answer.outcome, **_named(answer.passages)})
        return answer

    def require_index(self) -> None:
        """Who may not see everything is not told that there is an index of what they may not see.

        Raises:
            InputError: there is no index.
        """
        if not self.vault.principal.sees_everything:
            return
        if self.vault.stage("index") is None:
            raise InputError(f"There is no index in {self.folder} yet: run `foretune index` (after `foretune add`).")

    # -- pairs, tuning, bench ---------------------------------------------------------------------

    def write_pairs(self, *, progress: Progress = silent) -> PairsSummary:
        """Write the prompt for which each document is the answer.

        Raises:
            NothingToDoError: there are no documents, or none that may be learned from is long enough.
        """
        from foretune.project.stages import require_documents, run_stage, run_stale

        require_documents(self)
        with self.working():
            run_stale(self, "review", progress)
            summary: PairsSummary = run_stage(self, "pairs", progress)  # type: ignore[assignment]
        if not summary.kept + summary.dropped + summary.set_aside:
            raise NothingToDoError(
                "There is nothing to write pairs from: no included document has a piece of "
                f"{self.config.pairs.min_characters} characters or more (see `foretune review` for what is excluded)."
            )
        return summary

    def write_pair_review(self, path: Path) -> int:
        """Write the pairs to a spreadsheet for people to judge; returns how many."""
        from foretune.pairs import write_review

        return write_review(self.vault, path)

    def read_pair_review(self, path: Path, *, reason: str = "") -> ReviewOutcome:
        """Take in a spreadsheet of pairs that was filled in; what was decided holds at once."""
        from foretune.project.pairing import take_review

        with self.working():
            return take_review(self, path, reason=reason)

    def pair_leaks(self) -> list[Leak]:
        """What the pairs share with the bench, between training and evaluation, and with the framework's examples."""
        from foretune.project.pairing import leaks

        return leaks(self)

    def prompt_variety(self) -> Variety:
        """How unlike each other the kept prompts are."""
        from foretune.project.pairing import prompt_variety

        return prompt_variety(self)

    def judge_pairs(self, *, sample: int = 0, rubric: Path | None = None, progress: Progress = silent) -> Judged:
        """Have the plan's engine judge pairs by a rubric, and say how far it agrees with people."""
        from foretune.project.pairing import judge

        with self.working():
            return judge(self, sample=sample, rubric=rubric, progress=progress)

    def import_pairs(
        self, path: Path, *, form: str = "", label: Label | None = None, progress: Progress = silent
    ) -> tuple[list[ImportedFile], PairsSummary]:
        """Take a training file's conversations in, check them as documents, and curate them with the other pairs.

        Raises:
            InputError: there is nothing to read, or no row of it can be read.
        """
        from foretune.pairs import import_files
        from foretune.project.pairing import take_conversations
        from foretune.project.stages import run_stale

        with self.working():
            imported = import_files(
                self.vault, path, form=form, label=label or self.config.corpus.label, progress=progress
            )
            run_stale(self, "review", progress)
            self._withdraw()
            summary = take_conversations(self)
        return imported, summary

    def tune(self, *, pilot: bool, workers: int = 0, progress: Progress = silent) -> StoredAdapter:
        """Train an adapter on ten pairs (``pilot``) or on all; here, or by ``workers`` of a Ray cluster."""
        from foretune.project.adapters import train

        with self.working():
            return train(self, pilot=pilot, workers=workers, progress=progress)

    def submit_tuning(
        self, service: str, *, model: str = "", url: str = "", key_variable: str = "", folder: Path = Path()
    ) -> tuple[StoredJob, str]:
        """Hand the pairs to a service or another trainer; says what to do next. One cut short goes on."""
        from foretune.project.jobs import submit_job

        with self.working():
            return submit_job(self, service, model=model, url=url, key_variable=key_variable, folder=folder)

    def tuning_jobs(self, name: str = "") -> list[tuple[StoredJob, Progressed]]:
        """How far each job is, oldest first; or the one whose id begins with ``name``."""
        from foretune.project.jobs import follow_job, jobs

        return [follow_job(self, name)] if name else [follow_job(self, each.id) for each in jobs(self)]

    def fetch_tuning(
        self, name: str = "", *, folder: Path | None = None, hosted: bool = False, use: bool = False
    ) -> Fetched:
        """Bring the result of a job; with ``use`` a model that is served elsewhere becomes the plan's engine."""
        from foretune.plan.toml import update
        from foretune.project.jobs import fetch_job

        with self.working():
            fetched = fetch_job(self, name, folder=folder, hosted=hosted)
            if use and (served := fetched.hosted) is not None:
                changes = {"engine.kind": served.kind, "engine.url": served.url, "engine.model": served.model}
                self.config = update(self.folder / PLAN, changes)
        return fetched

    def pilot_answers(self, adapter: StoredAdapter, progress: Progress = silent) -> dict[str, Any]:
        """What a pilot has to answer: does loss fall, does it memorise, does it forget, what will the whole cost."""
        from foretune.project.pilot import pilot_answers

        return pilot_answers(self, adapter, progress)

    def learning_curve(self, *, progress: Progress = silent) -> dict[str, Any]:
        """Train on 10, 50, 200 and all pairs and say whether more would help."""
        from foretune.project.curve import train_curve

        with self.working():
            return train_curve(self, progress)

    def adapters(self) -> list[StoredAdapter]:
        """All that were trained, oldest first, of the labels that the principal may use."""
        from foretune.project.adapters import adapters

        return [each for each in adapters(self) if self.vault.principal.covers(Label(each.label))]

    def check_adapter(
        self, name: str = "", *, checks: Sequence[str] = (), others: Path | None = None, progress: Progress = silent
    ) -> tuple[StoredAdapter, dict[str, dict[str, Any]]]:
        """Look for forgetting, memorisation and voice; ``others`` is a folder of texts by other people."""
        from foretune.project.adapter_checks import check_adapter

        return check_adapter(self, name, checks=checks, others=others, progress=progress)

    def export_adapter(self, name: str, formats: Sequence[str], folder: Path) -> list[Path]:
        """Write an adapter in forms that other programs take, with its model card."""
        from foretune.project.adapter_files import export

        return export(self, name, formats, folder)

    def questions(self) -> list[Question]:
        """The bench's questions, from the file the plan names."""
        from foretune.bench import read_questions

        return read_questions(self.folder / self.config.purpose.questions)

    def bench(self, *, arms: Sequence[Arm] | None = None, progress: Progress = silent) -> BenchSummary:
        """Ask every question of every arm."""
        from foretune.project.benching import run

        with self.working():
            return run(self, arms=arms, progress=progress)

    # -- reading it all ---------------------------------------------------------------------------

    def report(self) -> Path:
        """Write the report; returns the HTML file."""
        self.vault.require_whole("write the report")
        from foretune.project.report import write_report

        return write_report(self)

    def facts(self) -> CorpusFacts:
        """What was measured about the documents, now."""
        from foretune.project.facts import corpus_facts, latest_summary

        return corpus_facts(self, latest_summary(self))

    def advice(self, *, config: Config | None = None, facts: CorpusFacts | None = None) -> Advice:
        """Retrieval or tuning, and why; for another plan or other facts, what they would come to."""
        self.vault.require_whole("be advised")
        from foretune.project.facts import advice

        return advice(self, config=config, facts=facts)

    def status(self) -> list[StageState]:
        """Each stage: up to date, stale and why, or not possible yet."""
        self.vault.require_whole("see how far the stages are")
        from foretune.project.stages import states

        return states(self)

    def run(self, *, progress: Progress = silent) -> list[StageState]:
        """Do every stage that is stale, in order."""
        from foretune.project.stages import run_all

        with self.working():
            return run_all(self, progress)

    # -- releases ---------------------------------------------------------------------------------

    def create_release(self, *, name: str = "", arm: Arm | None = None) -> Release:
        """Pin what the project answers with now."""
        from foretune.project.releasing import create_release

        return create_release(self, name=name, arm=arm)

    def about(self) -> dict[str, Any]:
        """What the project is, for reports and releases."""
        return {"folder": self.folder.name, "story": self.config.story.model_dump(), "vault": self.vault.id}


def _named(passages: Sequence[Passage]) -> dict[str, Any]:
    """Passages as an event names them: by the document's id and their place in it."""
    return {"passages": [f"{passage.document_id}:{passage.ordinal}" for passage in passages]}


def _load(path: Path) -> Config:
    """The plan, its rules checked against what there is to decide about."""
    config = load(path)
    if config.governance.rules:
        from foretune.governance import validate_rules

        validate_rules(config.governance.rules, where_in(path))
    return config
