"""Write requirements.lock: every package with its hashes, torch and pip excepted.

torch's file differs between machines and is installed by version; pip comes with
the virtual environment.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = ("torch==", "pip==", "nvidia-", "triton==")


def main() -> None:
    """Resolve with pip-compile, drop what is installed otherwise."""
    target = ROOT / "requirements.lock"
    subprocess.run(
        [
            str(Path(sys.executable).parent / "pip-compile"),
            "--quiet",
            *("--extra=tune", "--extra=dev", "--generate-hashes", "--allow-unsafe", "--strip-extras", "--no-header"),
            *("--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host", "--annotation-style=line"),
            f"--output-file={target.name}",
            "pyproject.toml",
        ],
        cwd=ROOT,
        check=True,
    )
    blocks = re.split(r"(?m)^(?=[A-Za-z])", target.read_text())
    target.write_text("".join(block for block in blocks if not block.startswith(LEFT_OUT)))


if __name__ == "__main__":
    main()
