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
from foretune.types import Arm, Label, Question, Severity, Use
from foretune.vault import Principal, Vault, working

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from foretune.bench import BenchSummary
    from foretune.corpus import AddOutcome
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
    from foretune.pairs import PairsSummary
    from foretune.plan.advice import Advice, CorpusFacts
    from foretune.project.adapters import StoredAdapter
    from foretune.project.erasing import Receipt
    from foretune.project.stages import StageState
    from foretune.releases import Release
    from foretune.retrieval import Answer, Answerer, Hit, IndexSummary, Searcher

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
            VaultError: another process holds it.
        """
        return working(self.vault.folder)

    # -- models, loaded when first needed ---------------------------------------------------------

    @cached_property
    def embedder(self) -> Embedder:
        from foretune.embedding import open_embedder

        return open_embedder(self.config.retrieval.embedder)

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
        self, paths: Sequence[Path], *, label: Label | None = None, again: bool = False, progress: Progress = silent
    ) -> Iterator[AddOutcome]:
        """Read documents; yields what happened to each file once it is safely kept.

        With ``again``, content that was erased before is read too.
        """
        from foretune.corpus import add

        with self.working():
            yield from add(
                self.vault,
                paths,
                settings=self.config.corpus,
                base=self.folder,
                label=label,
                own=[self.folder / self.config.purpose.questions],
                again=again,
                progress=progress,
            )

    def review(self, *, checks: Sequence[str] | None = None, progress: Progress = silent) -> ReviewSummary:
        """Run the checks on what changed and apply the policy."""
        from foretune.governance import review

        with self.working():
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
        from foretune.plan.intent import intent

        try:
            questions = tuple(each.question for each in self.questions() if each.kind != "unanswerable")
        except InputError:
            questions = ()
        story = self.config.story
        topic = " ".join((story.want, story.so_that, self.config.purpose.must_answer))
        return Wanted(topic, questions, bool(intent(self.config).voice))

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
        from foretune.governance.card import write_card

        return write_card(self.vault, self.config, folder or self.folder / "reports" / "card", name=self.folder.name)

    def _withdraw(self) -> None:
        from foretune.project.withdrawing import withdraw

        withdraw(self)

    def write_labels(self, path: Path) -> int:
        """Write the labels of all documents to a spreadsheet for people to fill in; returns how many."""
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
        from foretune.governance import decisions

        return decisions(self.vault, documents)

    def standing(self) -> list[Standing]:
        """Included, redacted, excluded or waiting: each document, by whom and why."""
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

    def search(self, query: str, *, k: int = 10) -> list[Hit]:
        """The ``k`` best passages."""
        self.require_index()
        return self.searcher.search(query, k=k)

    def search_many(self, rows: Iterable[Mapping[str, Any]], *, k: int = 10) -> Iterator[tuple[Any, str, list[Hit]]]:
        """For each row (``id``, ``query``): id, query and hits."""
        self.require_index()
        for row in rows:
            yield row["id"], row["query"], self.searcher.search(row["query"], k=k)

    def ask(self, question: str, *, adapter: Path | None = None) -> Answer:
        """Answer from the documents, with citations, or say that they don't."""
        self.require_index()
        return self.answerer.answer(question, adapter=adapter)

    def require_index(self) -> None:
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
        if not summary.kept + summary.dropped:
            raise NothingToDoError(
                "There is nothing to write pairs from: no included document has a piece of "
                f"{self.config.pairs.min_characters} characters or more (see `foretune review` for what is excluded)."
            )
        return summary

    def tune(self, *, pilot: bool, progress: Progress = silent) -> StoredAdapter:
        """Train an adapter on ten pairs (``pilot``) or on all."""
        from foretune.project.adapters import train

        with self.working():
            return train(self, pilot=pilot, progress=progress)

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
        from foretune.project.report import write_report

        return write_report(self)

    def facts(self) -> CorpusFacts:
        """What was measured about the documents, now."""
        from foretune.project.facts import corpus_facts, latest_summary

        return corpus_facts(self, latest_summary(self))

    def advice(self, *, config: Config | None = None, facts: CorpusFacts | None = None) -> Advice:
        """Retrieval or tuning, and why; for another plan or other facts, what they would come to."""
        from foretune.project.facts import advice

        return advice(self, config=config, facts=facts)

    def status(self) -> list[StageState]:
        """Each stage: up to date, stale and why, or not possible yet."""
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


def _load(path: Path) -> Config:
    """The plan, its rules checked against what there is to decide about."""
    config = load(path)
    if config.governance.rules:
        from foretune.governance import validate_rules

        validate_rules(config.governance.rules, where_in(path))
    return config
