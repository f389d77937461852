"""How soon a dropped note is answerable in a store of 100,000 passages, and what it costs.

    python benchmarks/fresh.py [--passages 100000] [--notes 10] [--project FOLDER]

A real `foretune add --watch` runs in a process of its own. This process keeps the passages in memory as
`foretune serve` does, and asks again and again until its search finds the note (or its new text, or finds it gone).
With --project, the store is made there, and used again where it is there.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

from foretune.project import Project
from large_store import make  # type: ignore[import-not-found]

LATEST_SECONDS = 60.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=int, default=100_000, help="in the store (100000)")
    parser.add_argument("--notes", type=int, default=10, help="notes dropped, changed and removed (10)")
    parser.add_argument("--project", type=Path, help="where the store is made and kept")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.project or Path(temporary) / "project"
        if not (folder / "foretune.toml").exists():
            folder.mkdir(parents=True, exist_ok=True)
            make(folder, options.passages).close()
        notes = folder / "notes"
        notes.mkdir(exist_ok=True)
        with Project.open(folder) as project:
            project.searcher.search("Hello", k=1)  # as a server that is warm
            watching = subprocess.Popen(
                [Path(sys.executable).with_name("foretune"), "add", "--watch", "notes"],
                cwd=folder,
                stderr=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                text=True,
            )
            try:
                assert watching.stderr is not None
                while "Watching" not in watching.stderr.readline():
                    assert watching.poll() is None, "foretune add --watch ended"
                print(json.dumps(measure(project, notes, options.notes, watching.pid), indent=2))
            finally:
                watching.terminate()
                watching.wait()


def measure(project: Project, notes: Path, count: int, watching: int) -> dict[str, object]:
    """Seconds from the last byte written (or the removal) to the first search that shows it.

    On a busy machine rather look at the processor time: of the watch, and of the search that shows the change.
    """
    import psutil

    def used() -> float:
        times = psutil.Process(watching).cpu_times()
        return float(times.user + times.system)

    took: dict[str, list[float]] = {"added": [], "changed": [], "removed": []}
    watched: dict[str, list[float]] = {name: [] for name in took}
    searched: dict[str, list[float]] = {name: [] for name in took}
    for number in range(count):
        note, word = notes / f"meeting-{number}.md", f"zephyrine{number}"
        steps: list[tuple[str, Callable[[], object], Callable[[str], bool]]] = [
            (
                "added",
                partial(note.write_text, f"# Meeting\n\nThe {word} budget was approved.\n"),
                lambda text: "approved" in text,
            ),
            (
                "changed",
                partial(note.write_text, f"# Meeting\n\nThe {word} budget was refused.\n"),
                lambda text: "refused" in text and "approved" not in text,
            ),
            ("removed", note.unlink, lambda text: not text),
        ]
        for name, act, shows in steps:
            before = used()
            act()
            began = time.monotonic()
            while True:
                searching = time.process_time()
                if shows(text_of(project, note.name, word)):
                    break
                assert time.monotonic() - began < LATEST_SECONDS, f"{name}: not there after {LATEST_SECONDS} s"
                time.sleep(0.1)
            took[name].append(time.monotonic() - began)
            watched[name].append(used() - before)
            searched[name].append(time.process_time() - searching)
    return {
        "passages": project.searcher.load(),
        "notes": count,
        **{f"{name}_median_s": round(median(each), 2) for name, each in took.items()},
        **{f"{name}_slowest_s": round(max(each), 2) for name, each in took.items()},
        **{f"{name}_watch_processor_s": round(median(each), 2) for name, each in watched.items()},
        **{f"{name}_search_processor_s": round(median(each), 2) for name, each in searched.items()},
    }


def text_of(project: Project, path: str, word: str) -> str:
    hits = project.searcher.search(f"What about the {word} budget?", k=5)
    return next((hit.passage.text for hit in hits if hit.passage.path == path), "")


if __name__ == "__main__":
    main()
