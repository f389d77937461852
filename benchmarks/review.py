"""How long the review's views take on ten thousand short documents, in CPU seconds.

    python benchmarks/review.py [DOCUMENTS]

Makes a vault in a temporary folder, reviews it once, and then measures each view as a person starts it: the whole
command, in a process of its own.
"""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import insert

from foretune.plan.config import Config
from foretune.project import Project
from foretune.types import digest
from foretune.vault import now
from foretune.vault import tables as t

WORDS = [
    "leave",
    "travel",
    "day",
    "page",
    "staff",
    "rule",
    "form",
    "manager",
    "week",
    "office",
    "report",
    "cost",
    "card",
    "train",
    "plan",
    "team",
    "review",
    "health",
    "policy",
    "hour",
    "month",
    "note",
    "list",
    "mail",
    "desk",
    "room",
    "time",
    "sheet",
    "request",
    "answer",
    "question",
    "change",
    "start",
    "end",
]
VIEWS = (
    "review",
    "review --json",
    "review --check personal",
    "review --html {folder}/findings.html",
    "review standing",
    "review standing --json",
    "review standing --csv {folder}/standing.csv",
    "review standing --html {folder}/standing.html",
    "review history --json",
    "review rules --dry-run",
    "review exclude --path 'area-3/**' --dry-run --reason old",
    "review exclude --path area-4 --reason old",
    "review undo --reason again",
    "review card",
)
RULES = """
[[governance.rules]]
check = "personal"
severity = "medium"
action = "redact"
"""


def fill(project: Project, count: int) -> None:
    """Write ``count`` documents of some sixty words straight into the vault; every tenth has an address in it."""
    chance = random.Random(0)
    at = now()
    with project.vault.writing() as connection:
        source = {"id": "pages", "location": str(project.folder), "kind": "folder", "label": "internal"}
        connection.execute(insert(t.source).values(**source, added_at=at))
        for start in range(0, count, 1000):
            rows = []
            for number in range(start, min(start + 1000, count)):
                text = " ".join(chance.choices(WORDS, k=60)) + ("" if number % 10 else f" Ask a{number}@firm.com.")
                path = f"area-{number % 10}/{number:05}.md"
                rows.append(
                    {
                        "id": digest("pages", path),
                        "source_id": "pages",
                        "path": path,
                        "text": text,
                        "content_hash": digest(text),
                        "size": len(text),
                        "mtime_ns": 1,
                        "label": "internal",
                        "media_type": "text/markdown",
                        "title": path,
                        "author": "",
                        "event": "",
                        "date": "",
                        "modified": "",
                        "language": "",
                        "tags": [],
                        "keywords": [],
                        "properties": {},
                        "added_at": at,
                        "changed_at": at,
                    }
                )
            connection.execute(insert(t.document), rows)


def cpu_seconds(command: str, folder: Path) -> tuple[float, int]:
    """CPU seconds (user and system) of a command, and how many lines it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    program = f"{Path(sys.executable).parent}/foretune {command.format(folder=folder)}"
    done = subprocess.run(["bash", "-c", program], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return used, len(done.stdout.splitlines())


def main() -> None:
    """Print a table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    os.environ.setdefault("COLUMNS", "100")
    with tempfile.TemporaryDirectory(prefix="foretune-review-") as name:
        folder = Path(name)
        with Project.create(folder, Config()) as project:
            fill(project, count)
            began = time.process_time()
            project.review()
            first = time.process_time() - began
        with (folder / "foretune.toml").open("a") as file:
            file.write(RULES)
        print(f"{count:,} documents; the first review, which runs every check: {first:.1f} CPU seconds\n")
        print("| command | CPU seconds | lines |\n|---|---:|---:|")
        for view in VIEWS:
            used, lines = cpu_seconds(view, folder)
            print(f"| `foretune {view.replace('{folder}/', '')}` | {used:.2f} | {lines:,} |", flush=True)


if __name__ == "__main__":
    main()
