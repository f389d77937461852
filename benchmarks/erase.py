"""How long it takes to erase 1,000 documents from a store of 100,000 passages, and what is left of them.

    python benchmarks/erase.py [--passages 100000] [--documents 1000]

After the erasure and its own verification, every decrypted page (free pages and log included) is searched once more
for the words that only the erased documents had: beginnings and ends of words are left off, as the full-text index
keeps words of a kind by what they do not share.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from large_store import PASSAGES_EACH, make  # type: ignore[import-not-found]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=int, default=100_000, help="in the store (100000)")
    parser.add_argument("--documents", type=int, default=1_000, help="to erase; a multiple of 1,000 (1000)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, make(Path(folder), options.passages) as project:
        names = [f"{number // 1000:03}/*" for number in range(0, options.documents, 1000)]
        began, used = time.monotonic(), time.process_time()
        receipt = project.erase(names)
        seconds, processor = time.monotonic() - began, time.process_time() - used
        gone = [f"quixotary{number:06}x{part}" for number in range(options.documents) for part in range(PASSAGES_EACH)]
        pages = b"\0".join(page.lower() for page in project.vault.pages())
        left = sum(word[1:].encode() in pages for word in gone)
        removed = receipt.statement["removed"]
        print(
            json.dumps(
                {
                    "documents": removed["documents"],
                    "passages": removed["passages"],
                    "of_passages": options.passages,
                    "seconds": round(seconds, 2),
                    "processor_seconds": round(processor, 2),
                    "pages_searched": receipt.statement["verified"]["pages"],
                    "pieces_found": receipt.statement["verified"]["pieces_found"],
                    "words_left_on_pages": left,
                },
                indent=2,
            )
        )


if __name__ == "__main__":
    main()
