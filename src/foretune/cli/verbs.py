"""Which verbs there are, in the order people meet them."""

from __future__ import annotations

import typer

from foretune.cli import (
    access,
    add,
    advise,
    ask,
    audit,
    bench,
    dedupe,
    erase,
    ground,
    index,
    inspect,
    models,
    new,
    pairs,
    plan,
    release,
    review,
    run,
    score,
    search,
    serve,
    size,
    sync,
    tune,
    vault,
    vendor,
)

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add every verb to the command."""
    app.command("new")(new.new)
    app.command("add")(add.add)
    app.command("sync")(sync.sync)
    app.command("run")(run.run)
    app.command("status")(run.status)
    app.command("erase")(erase.erase)
    app.add_typer(access.app, name="access")
    app.add_typer(vault.app, name="vault")
    app.add_typer(audit.app, name="audit")
    app.add_typer(review.app, name="review")
    app.command("index")(index.index)
    app.command("search")(search.search)
    app.command("ask")(ask.ask)
    app.add_typer(pairs.app, name="pairs")
    app.add_typer(tune.app, name="tune")
    app.command("bench")(bench.bench)
    app.command("report")(run.report)
    app.add_typer(release.app, name="release")
    app.command("serve")(serve.serve)
    app.command("plan")(plan.plan)
    app.command("advise")(advise.advise)
    app.command("size")(size.size)
    app.add_typer(models.app, name="models")
    app.add_typer(vendor.app, name="vendor")
    app.command("inspect")(inspect.inspect)
    app.command("dedupe")(dedupe.dedupe)
    app.command("score")(score.score)
    app.command("ground")(ground.ground)
