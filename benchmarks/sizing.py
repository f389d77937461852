"""How far the sizing formulas are off, against figures somebody measured.

    python benchmarks/sizing.py                 the published profile (../shared/data/sizing-published)
    python benchmarks/sizing.py FILE.csv        another file with the same columns
    python benchmarks/sizing.py --here          this machine: one training predicts another, in processor time

Columns: model, method, parameters, layers, hidden, vocabulary, ffn, lora_rank, batch, grad_accumulation,
sequence_tokens, gpu_memory_gb, seconds_per_iteration; measured on one A100 80GB. A figure that is not there is
counted as missing and not guessed. The constants of the time formula were chosen on Qwen-1.8B and Qwen-14B; every
other model only measures.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from foretune.plan.sizing import HARDWARE, Method, ModelShape, training_memory, training_seconds

PUBLISHED = Path(__file__).resolve().parents[2] / "shared" / "data" / "sizing-published" / "qwen1_a100_80gb.csv"
CHOSEN_ON = ("Qwen-1.8B", "Qwen-14B")
GPU = HARDWARE["A100 80GB"]

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Check:
    """One figure: how it is measured and how it is estimated."""

    name: str
    column: str
    estimate: Callable[[Row], float | None]


def shape(row: Row) -> ModelShape:
    """The model of a row; one matrix for each of its heads, none shared."""
    parameters, layers, hidden = (round(float(row[name])) for name in ("parameters", "layers", "hidden"))
    feed_forward, vocabulary = (round(float(row[name])) for name in ("ffn", "vocabulary"))
    heads = max(hidden // 128, 1)
    return ModelShape(parameters, layers, hidden, feed_forward, vocabulary, heads, heads, hidden // heads)


def memory(row: Row) -> float:
    """GB, without the quarter that a plan adds."""
    rank, batch, tokens = (round(float(row[name])) for name in ("lora_rank", "batch", "sequence_tokens"))
    return training_memory(shape(row), Method(row["method"]), rank=rank, batch=batch, tokens=tokens) / 1e9


def seconds(row: Row) -> float | None:
    """Seconds an iteration of all its accumulated batches."""
    batch, length = float(row["batch"]), float(row["sequence_tokens"])
    tokens = batch * length * float(row["grad_accumulation"])
    return training_seconds(shape(row), Method(row["method"]), GPU, tokens=tokens, length=length, batch=round(batch))


CHECKS = (Check("memory", "gpu_memory_gb", memory), Check("time", "seconds_per_iteration", seconds))


def published(path: Path) -> None:
    """Print a table: median error and the share within a quarter, chosen-on and only-measured apart."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    print("| figure | models | points | missing | median error | signed | within 25 % | worst |")
    print("|---|---|---|---|---|---|---|---|")
    groups = {
        "all": rows,
        f"chosen on ({', '.join(CHOSEN_ON)})": [row for row in rows if row["model"] in CHOSEN_ON],
        "only measured": [row for row in rows if row["model"] not in CHOSEN_ON],
    }
    for check in CHECKS:
        for name, group in groups.items() if check.name == "time" else [("all", rows)]:
            line(check, name, group)


def line(check: Check, name: str, rows: Sequence[Row]) -> None:
    errors = [error for row in rows if (error := off(check, row)) is not None]
    missing = len(rows) - len(errors)
    if not errors:
        print(f"| {check.name} | {name} | 0 | {missing} | – | – | – | – |")
        return
    close = sum(abs(error) <= 0.25 for error in errors)
    print(
        f"| {check.name} | {name} | {len(errors)} | {missing} | {median(map(abs, errors)):.1%} | "
        f"{median(errors):+.1%} | {close} of {len(errors)} | {max(errors, key=abs):+.0%} |"
    )


def off(check: Check, row: Row) -> float | None:
    """The estimate's error as a share of what was measured; None where either is missing."""
    try:
        measured, estimate = float(row[check.column]), check.estimate(row)
    except (ValueError, KeyError, TypeError):
        return None
    return estimate / measured - 1 if estimate and measured > 0 else None


def here() -> None:
    """Train on few examples and on more and longer ones, and predict each from the other, in processor seconds: those
    of a wall on a shared machine differ by more than half from one run of the same examples to the next."""
    from foretune.models import locate
    from foretune.plan.config import TuningSettings
    from foretune.plan.sizing import this_machine
    from foretune.tuning import Example, tune
    from foretune.types import Message

    base = locate("smollm2-135m")
    assert base.model is not None
    pages = sorted((Path(__file__).resolve().parent.parent / "examples" / "handbook" / "documents").rglob("*.md"))
    words = " ".join(page.read_text(encoding="utf-8") for page in pages).split()

    def examples(count: int, length: int) -> list[Example]:
        texts = (" ".join(words[start : start + length]) for start in range(0, count * length, length))
        question = Message("user", "Write.")
        return [Example(f"{n}", (question, Message("assistant", text)), f"{n}") for n, text in enumerate(texts)]

    model = ModelShape(base.model.parameters, 30, 576, 1536, 49_152, 9, 3, 64, tied=True)
    runs = {"ten examples of 80 words": (10, 80), "twenty-four of 120": (24, 120), "ten of 200": (10, 200)}
    measured = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, (count, words_each)) in enumerate(runs.items()):
            settings = TuningSettings(epochs=1)
            run = tune(examples(count, words_each), base=base, folder=Path(folder) / str(number), settings=settings)
            measured[name] = (run.tokens, run.processor_seconds, run.tokens / count)
    print("| training here | tokens | CPU-s | tokens a CPU-s | predicted from | CPU-s | error |")
    print("|---|---|---|---|---|---|---|")
    for name, (tokens, taken, length) in measured.items():
        for other, (known, spent, _) in measured.items():
            if other != name:
                machine = this_machine(tokens_per_second=known / spent, parameters=base.model.parameters)
                predicted = training_seconds(model, Method.LORA, machine, tokens=tokens, length=length)
                assert predicted is not None
                print(
                    f"| {name} | {tokens:,} | {taken:.1f} | {tokens / taken:.0f} | {other} | {predicted:.1f} | "
                    f"{predicted / taken - 1:+.0%} |"
                )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path, default=PUBLISHED)
    parser.add_argument("--here", action="store_true", help="this machine instead")
    options = parser.parse_args()
    here() if options.here else published(options.file)


if __name__ == "__main__":
    main()
