"""How often the measure of voice errs: pieces by the author and by others, none of which it was calibrated on.

    python benchmarks/voice.py AUTHOR OTHERS       folders of Markdown; by default both examples
    python benchmarks/voice.py AUTHOR OTHERS --texts 20

Every second text of each folder calibrates, the others are judged. ``cross-validated`` is the rate of error that
``foretune tune check`` states beforehand; ``kept apart`` is what came of it on the other half.
"""

from __future__ import annotations

import argparse
import random
import re
from pathlib import Path

from foretune.intervals import wilson
from foretune.tuning.voice import calibrate

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
WORDS = (60, 100, 150)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("author", type=Path, nargs="?", default=EXAMPLES / "voice" / "documents")
    parser.add_argument("others", type=Path, nargs="?", default=EXAMPLES / "handbook" / "documents")
    parser.add_argument("--texts", type=int, default=80, help="of each folder at most, half to calibrate on (80)")
    options = parser.parse_args()
    own, others = texts(options.author, options.texts), texts(options.others, options.texts)
    print(f"{len(own)} texts by the author, {len(others)} by others; half of each to calibrate on")
    print()
    print("| words | own rejected: cross-validated | kept apart | others accepted: cross-validated | kept apart |")
    print("|---|---|---|---|---|")
    for words in WORDS:
        voice = calibrate(own[::2], others[::2], words=words)
        assert voice is not None
        mine = [value for text in own[1::2] if (value := voice.likeness(text)) is not None]
        theirs = [value for text in others[1::2] if (value := voice.likeness(text)) is not None]
        rejected, accepted = sum(value < voice.limit for value in mine), sum(value >= voice.limit for value in theirs)
        cells = [
            rate(voice.own_rejected, voice.own),
            rate(rejected, len(mine)),
            rate(voice.others_accepted, voice.others),
            rate(accepted, len(theirs)),
        ]
        print(f"| {words} | {' | '.join(cells)} |")


def texts(folder: Path, count: int) -> list[str]:
    """Texts of 200 words and more, in no order."""
    found = [
        re.sub(r"\A---\n.*?\n---\n", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for page in sorted(folder.rglob("*.md"))
    ]
    long = [text for text in found if len(text.split()) >= 200]
    random.Random(0).shuffle(long)
    return long[:count]


def rate(count: int, total: int) -> str:
    low, high = wilson(count, total)
    return f"{count} of {total} ({low:.0%}–{high:.0%})"


if __name__ == "__main__":
    main()
