"""The option by which search and answers are kept to some documents."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["Filters"]

Filters = Annotated[
    list[str] | None,
    typer.Option(
        "--filter",
        metavar="FIELD=VALUE",
        help="Only documents with this author, date, modified, label, tag, source or path; dates also take < and >. "
        "Several of one field: any of them.",
        show_default=False,
    ),
]
