"""The ``foretune`` command: its verbs, and what happens when one of them fails.

Nothing heavy is imported here or by the verbs' modules: ``foretune --help`` has
to answer before a person wonders whether it will.
"""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from foretune import __version__
from foretune.errors import ForetuneError

__all__ = ["app", "main"]

_STOPPED = 130
"""What typer makes of Ctrl-C, as shells do: 128 and the number of the signal."""

app = typer.Typer(
    name="foretune",
    help="Everything that comes before a language model is customised, and the proof that it worked.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"foretune {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    folder: Annotated[
        Path | None, typer.Option("-C", "--folder", help="Work as if started in this folder.", show_default=False)
    ] = None,
    view: Annotated[
        str, typer.Option("--as", metavar="NAME", help="See what this principal may see, and change nothing.")
    ] = "",
    _version_asked: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    if view:
        from foretune.vault.access import ASKING_AS

        ASKING_AS.set(view)
    if folder is not None:
        try:
            os.chdir(folder)
        except OSError:
            raise ForetuneError(f"There is no folder {folder}: check the path after -C.") from None


def _register() -> None:
    from foretune.cli import verbs

    verbs.register(app)


def main() -> None:
    """Run the command; problems a person can mend become one sentence and exit code 2."""
    _register()
    try:
        code = app(standalone_mode=False)
        if code == _STOPPED:
            _say("Stopped. What was reported as done is kept; run the command again to go on.")
    except ForetuneError as error:
        _say(str(error))
        code = error.exit_code
    except typer.TyperException as error:  # an option that is not one, or a group of verbs without its verb
        message = error.format_message()
        print(message if message.startswith("Usage:") else f"foretune: {message}", file=sys.stderr)
        code = error.exit_code
    except BrokenPipeError:
        # Whoever read our output (head, less) has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        where = f" that holds {error.filename}" if error.filename else ""
        _say(f"The disk{where} is full: free some space and run the command again; nothing done so far is lost.")
        code = 2
    sys.exit(code if isinstance(code, int) else 0)


def _say(sentence: str) -> None:
    print(f"foretune: {sentence}", file=sys.stderr)
