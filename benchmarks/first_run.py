"""What a newcomer waits for: installing, the demo, a second run, and `foretune --help`.

    python benchmarks/first_run.py

Works in a fresh clone of the repository's last commit in the temporary folder. Packages may come from
pip's cache; on a slow line installing takes as long as 1 GB takes.
"""

from __future__ import annotations

import re
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STAGE = re.compile(r"^([a-z][\w +()]*): [\d,]+ \w+ in ([\d.]+) s", re.MULTILINE)


def timed(*command: str, folder: Path) -> tuple[float, str]:
    """Wall seconds of a command that has to succeed, and what it printed."""
    started = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return time.perf_counter() - started, done.stdout + done.stderr


def main() -> None:
    """Print one table."""
    place = Path(tempfile.mkdtemp(prefix="foretune-first-run-"))
    try:
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(place / "clone")], check=True)
        clone = place / "clone"
        install, _ = timed("make", "install", folder=clone)
        demo, output = timed("make", "demo", folder=clone)
        command = str(clone / ".venv" / "bin" / "foretune")
        again, _ = timed(command, "-C", "demo/handbook-smollm2-135m", "run", folder=clone)
        helps = statistics.median(timed(command, "--help", folder=clone)[0] for _ in range(7))
    finally:
        shutil.rmtree(place)
    print("| what | seconds | at most |\n|---|---|---|")
    print(f"| `make install` | {install:.0f} | 300 |")
    print(f"| `make demo`, installed | {demo:.0f} | 600 |")
    for name, seconds in STAGE.findall(output):
        print(f"| … {name} | {float(seconds):.1f} | {'120' if name == 'tuning' else ''} |")
    print(f"| `foretune run` again, nothing to do | {again:.2f} | 2 |")
    print(f"| `foretune --help`, median of 7 | {helps:.2f} | 0.30 |")


if __name__ == "__main__":
    main()
