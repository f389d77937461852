"""``foretune serve``: an OpenAI-compatible address over the current release."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

__all__ = ["serve"]


def serve(
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port; the plan's by default, 0 for any free one.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address; the plan's by default.")] = None,
) -> None:
    """Serve the current release until stopped; promoting another changes over without dropping a request."""
    from foretune.project import Project
    from foretune.project.serving import serve_project

    with Project.open() as project:
        serve_project(
            project,
            host=host or project.config.serving.host,
            port=project.config.serving.port if port is None else port,
            say=typer.echo,
            warn=lambda sentence: print(f"foretune: {sentence}", file=sys.stderr, flush=True),
        )
