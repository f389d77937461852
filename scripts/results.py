"""Fill the figures into README.md and pages of docs/: each block is what its command prints.

    python scripts/results.py                    # every block; the larger model takes most of an hour
    python scripts/results.py tuning retrieval   # blocks whose command holds one of these words
    python scripts/results.py answers --printed FILE   # what that command printed a moment ago

A block stands between ``<!-- made by: COMMAND -->`` and ``<!-- end -->``. ``COMMAND | tables`` takes
only the tables of what it prints, with the line that names each; ``COMMAND | text`` shows it as it is.
"""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = (
    ROOT / "README.md",
    *(ROOT / "docs" / name for name in ("results.md", "accuracy.md", "decisions/0005-preparation-engine.md")),
)
BLOCK = re.compile(r"(<!-- made by: (?P<command>.*?)(?: \| (?P<part>tables|text))? -->\n).*?(<!-- end -->)", re.DOTALL)


@cache
def printed(command: str) -> str:
    """What a command prints on standard output."""
    program, *arguments = shlex.split(command)
    assert program == "python"
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def tables(output: str) -> str:
    """The tables of ``output``, each with the last paragraph before it."""
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n", output) if part.strip()]
    found = []
    for before, part in zip(["", *paragraphs], paragraphs, strict=False):
        if part.startswith("|"):
            found += [before, part] if before and not before.startswith("|") else [part]
    return "\n\n".join(found)


SHOWN: dict[str | None, Callable[[str], str]] = {
    None: str.strip,
    "tables": tables,
    "text": lambda output: f"```text\n{output.strip()}\n```",
}


def main() -> None:
    """Replace the blocks that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", help="only commands that hold one of these words")
    parser.add_argument("--printed", type=Path, help="take this file instead of running the command")
    options = parser.parse_args()

    def filled(match: re.Match[str]) -> str:
        command = match["command"]
        if options.words and not any(word in command for word in options.words):
            return match[0]
        output = options.printed.read_text(encoding="utf-8") if options.printed else printed(command)
        return f"{match[1]}\n{SHOWN[match['part']](output)}\n\n{match[4]}"

    for page in PAGES:
        page.write_text(BLOCK.sub(filled, page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
