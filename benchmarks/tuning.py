"""How fast training is, side by side with TRL's SFTTrainer: the same model, examples and settings.

    python benchmarks/tuning.py                    16 examples of the handbook, three rounds
    python benchmarks/tuning.py --precision float32
    python benchmarks/tuning.py --uneven           short examples of uneven length (8 to 256 tokens), batches of 8
    python benchmarks/tuning.py --memory           how much memory each needs at most, each in a process of its own
    python benchmarks/tuning.py --pilot            how long a whole pilot takes, loading and export included

Both sides train the same kind of adapter on the same unpacked weights, in turn, in one
process, so that what else the machine does falls on both: compare the ratio, which
must be at least 1. TRL gets what makes it fastest here: no gradient checkpointing (its
default, which saves memory for time), pre-tokenised rows, nothing saved. Both of its losses are measured; the
ratio is to the faster one.
"""

from __future__ import annotations

import argparse
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from foretune.models import ModelFiles, locate
from foretune.plan.config import TuningSettings
from foretune.tuning import Example
from foretune.tuning.base import load_base
from foretune.tuning.chat import ChatTokenizer, load_chat_tokenizer
from foretune.tuning.checkpoint import Checkpoint
from foretune.tuning.recipes import pilot
from foretune.tuning.runtime import choose_attention, choose_device, choose_dtype, torch
from foretune.tuning.tokenize import Encoded, encode_examples
from foretune.tuning.train import attach_adapter, train
from foretune.types import Message

HANDBOOK = Path(__file__).resolve().parent.parent / "examples" / "handbook" / "documents"
EPOCHS = 1
WAYS = {"foretune": "", "trl, nll": "nll", "trl, chunked_nll": "chunked_nll"}
"""Name: TRL's loss."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="smollm2-135m", help="a packaged model or a GGUF file (smollm2-135m)")
    parser.add_argument("--examples", type=int, default=16, help="how many to train on (16)")
    parser.add_argument("--tokens", type=int, default=128, help="length up to which a paragraph is taken (128)")
    parser.add_argument("--batch-size", type=int, default=2, help="examples a step (2)")
    parser.add_argument("--rounds", type=int, default=3, help="how often; the median counts (3)")
    parser.add_argument("--precision", default="auto", choices=["auto", "float32", "bfloat16"])
    parser.add_argument("--uneven", action="store_true", help="short examples of uneven length, in batches of 8")
    parser.add_argument("--memory", action="store_true", help="compare peak memory instead of speed")
    parser.add_argument("--only", default="", help=argparse.SUPPRESS)
    parser.add_argument("--pilot", action="store_true", help="time one pilot from start to finish instead")
    options = parser.parse_args()

    base = locate(options.model)
    settings = TuningSettings(batch_size=options.batch_size, precision=options.precision, warmup_fraction=0.0)
    if options.pilot:
        time_pilot(base, settings, options.tokens)
        return
    chat = load_chat_tokenizer(base.weights)
    if options.memory and not options.only:
        compare_memory(sys.argv[1:])
        return
    if options.uneven:
        settings = settings.model_copy(update={"batch_size": 8})
        encoded = uneven_examples(chat, options.examples)
    else:
        encoded, _ = encode_examples(handbook_examples(), chat, max_tokens=options.tokens)
        # The longest that fit: what a user with short pairs would see is only faster.
        encoded = sorted(encoded, key=lambda item: -len(item.ids))[: options.examples]
    with tempfile.TemporaryDirectory() as folder:
        if options.only:
            ways(base, settings, encoded, chat, Path(folder), only=options.only)[options.only]()
            print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
            return
        compare(ways(base, settings, encoded, chat, Path(folder)), encoded, options.rounds)


def uneven_examples(chat: ChatTokenizer, count: int) -> list[Encoded]:
    """Sentences and paragraphs as they come: most are short, some are four times as long; in no order."""
    encoded, _ = encode_examples(handbook_examples(shortest=20), chat, max_tokens=256)
    order = list(encoded)
    random.Random(0).shuffle(order)
    return order[:count]


def compare_memory(arguments: list[str]) -> None:
    """Peak resident memory (MiB) of a whole process that loads the model and trains one epoch."""
    peaks = {}
    for name in WAYS:
        command = [sys.executable, __file__, *arguments, "--only", name]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks[name] = int(done.stdout.split()[-1])
        print(f"{name:<24}{peaks[name]:>8} MiB at most")
    ours, *others = peaks.values()
    print(f"ratio of peak memory: {ours / min(others):.2f} (at most 1 wanted)")


def compare(ways: dict[str, Callable[[], None]], encoded: list[Encoded], rounds: int) -> None:
    """Every way in every round; prints tokens a second and the ratio."""
    tokens = EPOCHS * sum(len(item.ids) for item in encoded)
    wall: dict[str, list[float]] = {name: [] for name in ways}
    cpu: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, run in ways.items():
            started, busy = time.perf_counter(), time.process_time()
            run()
            wall[name].append(time.perf_counter() - started)
            cpu[name].append(time.process_time() - busy)
    print(f"{len(encoded)} examples, {tokens} tokens an epoch, {rounds} rounds, in turn")
    print(f"{'':<24}{'tokens/s':>10}{'tokens/CPU-s':>14}")
    for name in ways:
        print(f"{name:<24}{tokens / median(wall[name]):>10.0f}{tokens / median(cpu[name]):>14.0f}")
    ours, *others = ways
    for what, times in (("wall time", wall), ("CPU time", cpu)):
        ratio = min(median(times[name]) for name in others) / median(times[ours])
        print(f"ratio by {what}: {ratio:.2f} (at least 1 wanted)")


def ways(
    base: ModelFiles,
    settings: TuningSettings,
    encoded: list[Encoded],
    chat: ChatTokenizer,
    folder: Path,
    *,
    only: str = "",
) -> dict[str, Callable[[], None]]:
    """Foretune first, then TRL with each of its losses; each on a model of its own, all loaded alike."""
    device = choose_device()
    dtype = choose_dtype(settings.precision, device)
    longest = max(len(item.ids) for item in encoded)

    def model(settings: TuningSettings, attention: str) -> Any:
        return attach_adapter(load_base(base.weights, dtype=dtype, device=device, attention=attention), settings)

    result: dict[str, Callable[[], None]] = {}
    for name, loss in WAYS.items():
        if only not in ("", name):
            continue
        if not loss:
            own = model(settings, choose_attention(device, dtype, longest))
            result[name] = partial(train_here, own, encoded, settings, folder)
        else:
            peft_model = as_peft_makes_it(model(settings, "sdpa"))
            result[name] = trl_trainer(peft_model, encoded, settings, chat, folder, loss)
    return result


def train_here(model: Any, encoded: list[Encoded], settings: TuningSettings, folder: Path) -> None:
    checkpoint = Checkpoint(folder / "checkpoint.pt", "benchmark")
    checkpoint.remove()
    train(model, encoded, settings=settings, epochs=EPOCHS, checkpoint=checkpoint)


def trl_trainer(
    model: Any, encoded: list[Encoded], settings: TuningSettings, chat: ChatTokenizer, folder: Path, loss: str
) -> Callable[[], None]:
    """A function that trains with a new SFTTrainer; only ``train()`` itself is inside it."""
    from datasets import Dataset, disable_progress_bars
    from transformers import PreTrainedTokenizerFast
    from transformers.trainer_callback import PrinterCallback
    from trl import SFTConfig, SFTTrainer

    disable_progress_bars()
    rows = Dataset.from_list([{"input_ids": item.ids, "labels": item.labels} for item in encoded])
    end = chat.special["eos_token"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer = SFTTrainer(
            model=model,
            args=SFTConfig(
                output_dir=str(folder / loss),
                num_train_epochs=EPOCHS,
                per_device_train_batch_size=settings.batch_size,
                learning_rate=settings.learning_rate,
                lr_scheduler_type="linear",
                bf16=model.dtype == torch.bfloat16,
                use_cpu=model.device.type == "cpu",
                gradient_checkpointing=False,
                loss_type=loss,
                save_strategy="no",
                report_to="none",
                disable_tqdm=True,
                log_level="error",
                seed=settings.seed,
            ),
            train_dataset=rows,
            processing_class=PreTrainedTokenizerFast(tokenizer_object=chat.backend, eos_token=end, pad_token=end),
        )
    trainer.remove_callback(PrinterCallback)
    return lambda: trainer.train()


def as_peft_makes_it(model: Any) -> Any:
    """PEFT's model with the layers it came with, not the ones Foretune computes by hand."""
    for module in model.modules():
        vars(module).pop("forward", None)
    return model


def handbook_examples(*, shortest: int = 200) -> list[Example]:
    """Each paragraph of the handbook as the answer to its page's title."""
    examples = []
    for page in sorted(HANDBOOK.rglob("*.md")):
        text = page.read_text(encoding="utf-8")
        title = re.search(r"^title: *(.+)$", text, re.MULTILINE)
        paragraphs = re.split(r"\n{2,}", re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL))
        for number, paragraph in enumerate(p for p in paragraphs if len(p) > shortest and p[0].isalpha()):
            question = Message("user", f"What does the handbook say about {title[1] if title else page.stem}?")
            messages = (question, Message("assistant", paragraph.strip()))
            examples.append(Example(f"{page.stem}-{number}", messages, page.stem))
    return examples


def time_pilot(base: ModelFiles, settings: TuningSettings, tokens: int) -> None:
    settings = settings.model_copy(update={"pilot_tokens": tokens})
    chat = load_chat_tokenizer(base.weights)
    encoded, _ = encode_examples(handbook_examples(), chat, max_tokens=tokens)
    longest = {item.id for item in sorted(encoded, key=lambda item: -len(item.ids))[:10]}
    with tempfile.TemporaryDirectory() as folder:
        started, busy = time.perf_counter(), time.process_time()
        chosen = [example for example in handbook_examples() if example.id in longest]
        result = pilot(chosen, base=base, folder=Path(folder) / "adapter", settings=settings)
        wall, cpu = time.perf_counter() - started, time.process_time() - busy
    print(
        f"pilot on ten examples of up to {tokens} tokens, {result.epochs} epochs, {result.tokens} tokens, "
        f"{result.precision}: {wall:.0f} s in all ({cpu:.0f} CPU-s; training alone {result.seconds:.0f} s)"
    )


if __name__ == "__main__":
    main()
