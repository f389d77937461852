"""The report: one HTML file that needs nothing else, with everything a person asks about the project.

It holds document text, because that is what it is read for; it is the only thing
in the project's folder besides the pairs' spreadsheet that does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import RowMapping, func, select

from foretune import __version__, charts
from foretune.bench import answers, latest_run, stored_questions, summarise
from foretune.bench.summary import AnswerRow, BenchSummary
from foretune.files import replacing
from foretune.governance.corpus_findings import corpus_findings
from foretune.pages import templates
from foretune.pairs import stored_pairs
from foretune.plan.intent import intent
from foretune.project.adapter_checks import checks_of
from foretune.project.adapters import StoredAdapter, current_adapter
from foretune.project.curve import stored_curve
from foretune.project.next_steps import next_steps
from foretune.project.pairing import leaks, prompt_variety
from foretune.types import Arm, Outcome, Question, Severity
from foretune.vault import now
from foretune.vault import tables as t

if TYPE_CHECKING:
    from foretune.project.project import Project

__all__ = ["REPORT", "TEMPLATE_VERSION", "write_report"]

REPORT = "report.html"
TEMPLATE_VERSION = 4
"""Raised when the report's look changes, so that `foretune run` writes it anew."""


@dataclass(frozen=True, slots=True)
class _QuestionRow:
    question: Question
    answers: Sequence[AnswerRow]


def write_report(project: Project) -> Path:
    """Write ``reports/report.html`` from what the vault holds; returns its path."""
    environment = templates("foretune.project")
    environment.filters["commands"] = _commands
    html = environment.get_template("report.html.j2").render(_context(project))
    path = project.folder / "reports" / REPORT
    path.parent.mkdir(exist_ok=True)
    with replacing(path) as draft:
        draft.write_text(html, encoding="utf-8")
    return path


def _commands(sentence: str) -> str:
    """HTML of a sentence: what stands between backticks is a command."""
    from markupsafe import Markup, escape

    parts = [
        Markup("<code>{}</code>").format(part) if n % 2 else escape(part) for n, part in enumerate(sentence.split("`"))
    ]
    return Markup("").join(parts)


def _context(project: Project) -> dict[str, Any]:
    from foretune.plan.completeness import completeness

    questions = stored_questions(project.vault)
    run_id = latest_run(project.vault)
    rows = answers(project.vault, run_id) if run_id else []
    summary = summarise(questions, rows, run_id=run_id) if run_id else None
    adapter = current_adapter(project)
    corpus, pairs, advice = _corpus(project), _pairs(project), project.advice()
    voice_only = bool(intent(project.config).voice) and not intent(project.config).facts
    return {
        "version": __version__,
        "made_at": now()[:16].replace("T", " "),
        "name": project.folder.name,
        "config": project.config,
        "missing": completeness(project.config).missing,
        "corpus": corpus,
        "findings": _findings(project),
        "enough": [each for each in corpus_findings(project.vault) if each.type != "question"],
        "pairs": pairs,
        "adapter": adapter,
        "loss_picture": _loss_picture(adapter),
        "adapter_checks": [found["sentence"] for found in checks_of(adapter).values()] if adapter else [],
        "curve": _curve(project),
        "advice": advice,
        "voice_only": voice_only,
        "next_steps": next_steps(
            project.config,
            included=corpus["standings"]["included"] + corpus["standings"]["redacted"],
            waiting=corpus["standings"]["waiting"],
            pairs=pairs["kept"],
            adapter=adapter.name if adapter else "",
            tested=summary is not None,
        ),
        "bench": summary,
        "bench_picture": _bench_picture(summary),
        "headline": _headline(summary) if summary else _untested(advice.headline, adapter, voice_only=voice_only),
        "questions": _by_question(questions, rows),
        "next_model": _next_model(project, summary),
        "small": _small(project),
        "outcome_words": {
            Outcome.CORRECT: "right",
            Outcome.INCORRECT: "wrong",
            Outcome.NOT_ATTEMPTED: "no answer",
            Outcome.NOT_SCORED: "not scored",
        },
    }


def _corpus(project: Project) -> dict[str, Any]:
    from foretune.governance import standing

    columns = t.document.c
    visible = project.vault.readable(columns.label)
    with project.vault.reading() as connection:
        documents = connection.execute(
            select(func.count(), func.coalesce(func.sum(func.length(columns.text)), 0)).where(visible)
        ).one()
        labels = connection.execute(select(columns.label, func.count()).where(visible).group_by(columns.label)).all()
        years = Counter(
            date[:4] for date in connection.execute(select(columns.date).where(visible)).scalars() if date[:4].isdigit()
        )
        aside = connection.execute(select(t.set_aside.c.path, t.set_aside.c.reason).order_by(t.set_aside.c.path)).all()
        passages = connection.execute(
            select(func.count())
            .select_from(t.passage)
            .where(project.vault.readable(t.passage.c.label, t.passage.c.document_id))
        ).scalar_one()
    standings = Counter(item.state for item in standing(project.vault, project.config.governance))
    return {
        "documents": documents[0],
        "characters": documents[1],
        "labels": dict(labels),
        "set_aside": [(path, reason) for path, reason in aside],
        "passages": passages,
        "standings": standings,
        "ages": charts.bar_chart(
            dict(sorted(years.items())), title="When the dated documents were written", x="year", y="documents"
        )
        if len(years) > 1
        else "",
        "dated": sum(years.values()),
    }


def _findings(project: Project) -> list[dict[str, Any]]:
    """Findings by check: how many, in how many documents, and the most important few."""
    query = (
        select(t.finding, t.document.c.path)
        .join(t.document, t.document.c.id == t.finding.c.document_id)
        .where(project.vault.readable(t.document.c.label))
        .order_by(t.finding.c.check, t.finding.c.severity.desc(), t.finding.c.score.desc(), t.document.c.path)
    )
    by_check: dict[str, dict[str, Any]] = {}
    with project.vault.reading() as connection:
        for row in connection.execute(query).mappings():
            entry = by_check.setdefault(
                row["check"], {"check": row["check"], "count": 0, "documents": set(), "first": [], "types": Counter()}
            )
            entry["count"] += 1
            entry["documents"].add(row["path"])
            entry["types"][row["type"]] += 1
            if len(entry["first"]) < 8:
                entry["first"].append(
                    {
                        "path": row["path"],
                        "message": row["message"],
                        "severity": Severity(row["severity"]).name.lower(),
                        "quotes": _quotes(row),
                    }
                )
    return [{**entry, "documents": len(entry["documents"])} for entry in by_check.values()]


def _quotes(row: RowMapping) -> list[tuple[str, str]]:
    """Path and words of both places of a finding that is about two; nothing where it is about one."""
    others = [(other["document"], other["text"]) for other in row["related"] if other["text"]]
    return [(row["path"], row["text"]), *others] if others and row["text"] else []


def _pairs(project: Project) -> dict[str, Any]:
    pairs = stored_pairs(project.vault)
    kept = [pair for pair in pairs if pair.state == "kept"]
    templates = sum(pair.writer == "template" for pair in kept)
    return {
        "kept": len(kept),
        "dropped": Counter(pair.reason.partition(":")[0] for pair in pairs if pair.state == "dropped"),
        "train": sum(pair.split == "train" for pair in kept),
        "evaluation": sum(pair.split == "evaluation" for pair in kept),
        "templates": templates,
        "template_share": templates / len(kept) if kept else 0.0,
        "set_aside": sum(pair.state == "set_aside" for pair in pairs),
        "leaks": Counter(leak.kind for leak in leaks(project, by_meaning=False)),
        "variety": prompt_variety(project),
        "first": kept[:6],
    }


def _loss_picture(adapter: StoredAdapter | None) -> str:
    if adapter is None or len(adapter.metrics.get("losses", [])) < 2:
        return ""
    evaluation = adapter.metrics.get("evaluation_losses") or []
    return charts.loss_chart(
        adapter.metrics["losses"],
        evaluation=_at_epochs(evaluation, len(adapter.metrics["losses"])),
        title=f"Loss of {adapter.name} over its steps",
    )


def _curve(project: Project) -> dict[str, str]:
    """The learning curve as a sentence and a picture; empty while there is none."""
    found = (stored_curve(project) or {}).get("curve")
    if not found:
        return {}
    points = [(each["examples"], each["loss"], each["low"], each["high"]) for each in found["points"]]
    return {"sentence": found["sentence"], "picture": charts.curve_chart(points, title=found["sentence"])}


def _at_epochs(losses: Sequence[float], steps: int) -> list[tuple[int, float]]:
    """Evaluation losses with the step they were measured at: before training, then after each epoch."""
    epochs = max(len(losses) - 1, 1)
    return [(round(number * steps / epochs), float(loss)) for number, loss in enumerate(losses)]


def _bench_picture(summary: BenchSummary | None) -> str:
    if summary is None:
        return ""
    counts: dict[str, Mapping[str, int]] = {}
    for arm in summary.arms:
        counts[arm.arm.value] = {name: arm.outcomes.get(name, 0) for name in ("correct", "incorrect", "not_attempted")}
    intervals = {arm.arm.value: (arm.correct.low, arm.correct.high) for arm in summary.arms}
    return charts.outcome_chart(
        counts,
        intervals=intervals,
        title=f"What each arm made of the {summary.answerable} questions the documents answer",
    )


def _small(project: Project) -> str:
    """What makes this the small version; empty where nothing does."""
    pairs, run = project.config.pairs.limit, project.config.tuning.run
    if run == "never":
        return ""
    parts = [f"at most {pairs} pairs"] if pairs else []
    return " and ".join(
        [*parts, "a pilot tune of ten of them" if pairs else "a pilot tune of ten pairs"] if run == "pilot" else parts
    )


def _untested(advice: str, adapter: StoredAdapter | None, *, voice_only: bool) -> str:
    """The headline while there is no bench: the advice, and what was made of it."""
    if not voice_only:
        return f"{advice} Nothing has been bench-tested yet."
    trained = f" {adapter.name} was trained on {adapter.metrics['examples']} pairs." if adapter else ""
    return f"{advice}{trained}"


def _headline(summary: BenchSummary) -> str:
    best = max(
        (arm for arm in summary.arms if arm.arm is not Arm.SEARCH), key=lambda arm: arm.correct.count, default=None
    )
    if best is None:
        return "Only the search was tested."
    base = summary.arm(Arm.BASE)
    text = f"The best arm, {best.arm}, answers {best.correct.count} of {best.correct.total} questions right"
    if base is not None and base.arm is not best.arm:
        text += f"; without your documents the same model answers {base.correct.count}"
    if best.refused.total:
        text += f". Of the {best.refused.total} questions the documents do not answer it declines {best.refused.count}"
    return text + "."


def _next_model(project: Project, summary: BenchSummary | None) -> str:
    """Which larger model to take where the small one's figures are poor."""
    if summary is None or project.config.engine.kind != "llama":
        return ""
    from foretune.models import CATALOGUE, Role, locate

    used = locate(project.config.engine.model).model
    if used is None:
        return ""
    larger = [m for m in CATALOGUE.values() if m.role is Role.CHAT and m.parameters > used.parameters]
    if not larger:
        return ""
    next_one = min(larger, key=lambda model: model.parameters)
    return (
        f"{used.id} is the small model that runs everywhere. {next_one.id} "
        f"({next_one.parameters / 1e9:.1f} billion parameters) answers better and takes longer: "
        f"`foretune models get {next_one.id}`, then set engine.model in foretune.toml."
    )


def _by_question(questions: Sequence[Question], rows: Sequence[AnswerRow]) -> list[_QuestionRow]:
    order = list(Arm)
    by_id: dict[str, list[AnswerRow]] = {}
    for row in rows:
        by_id.setdefault(row.question_id, []).append(row)
    return [
        _QuestionRow(question, sorted(by_id.get(question.id, []), key=lambda row: order.index(row.arm)))
        for question in questions
    ]
