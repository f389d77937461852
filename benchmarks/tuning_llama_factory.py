"""How fast training is beside LLaMA-Factory: the same model, examples and settings, each in an environment of its own.

    python benchmarks/tuning_llama_factory.py --python ENV/bin/python            16 examples, two rounds
    python benchmarks/tuning_llama_factory.py --python ENV/bin/python --uneven   short ones of uneven length, by eights

``ENV`` is a virtual environment with ``pip install llamafactory``, whose transformers, TRL and PEFT are older than
ours. Both sides run as processes of their own, in turn; timed is the training alone, without loading, and peak memory
is that of the whole process. LLaMA-Factory gets what makes it fastest here: no gradient checkpointing, bfloat16 where
Foretune takes it, nothing saved in between. Compare the ratios; the machine may be busy with other work.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from foretune.models import locate
from foretune.plan.config import TuningSettings
from foretune.tuning import Example
from foretune.tuning.chat import load_chat_tokenizer
from foretune.tuning.runtime import choose_device, choose_dtype, torch
from foretune.tuning.tokenize import Encoded, encode_examples
from foretune.tuning.unpacked import write_unpacked
from tuning import handbook_examples, uneven_examples, ways  # type: ignore[import-not-found]

_DRIVER = """
import json, resource, sys, time
import transformers
from llamafactory.train.tuner import run_exp

inner = transformers.Trainer.train
def timed(*given, **named):
    started, busy = time.perf_counter(), time.process_time()
    done = inner(*given, **named)
    print("MEASURED", json.dumps([time.perf_counter() - started, time.process_time() - busy]))
    return done
transformers.Trainer.train = timed
run_exp(json.load(open(sys.argv[1])))
print("PEAK", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", help="of the environment with llamafactory")
    parser.add_argument("--model", default="smollm2-135m", help="a packaged model or a GGUF file (smollm2-135m)")
    parser.add_argument("--examples", type=int, default=16, help="how many to train on (16)")
    parser.add_argument("--tokens", type=int, default=128, help="length up to which a paragraph is taken (128)")
    parser.add_argument("--rounds", type=int, default=2, help="how often; the median counts (2)")
    parser.add_argument("--uneven", action="store_true", help="short examples of uneven length, in batches of 8")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    base = locate(options.model)
    chat = load_chat_tokenizer(base.weights)
    settings = TuningSettings(batch_size=8 if options.uneven else 2, warmup_fraction=0.0, learning_rate=1e-3)
    if options.uneven:
        encoded = uneven_examples(chat, options.examples)
    else:
        encoded, _ = encode_examples(handbook_examples(), chat, max_tokens=options.tokens)
        encoded = sorted(encoded, key=lambda item: -len(item.ids))[: options.examples]
    with tempfile.TemporaryDirectory() as folder:
        if options.here:
            run = ways(base, settings, encoded, chat, Path(folder), only="foretune")["foretune"]
            started, busy = time.perf_counter(), time.process_time()
            run()
            print("MEASURED", json.dumps([time.perf_counter() - started, time.process_time() - busy]))
            print("PEAK", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
            return
        write_unpacked(base, Path(folder, "base"))
        shortest = 20 if options.uneven else 200
        by_id = {example.id: example for example in handbook_examples(shortest=shortest)}
        job = write_job(Path(folder), [by_id[item.id] for item in encoded], settings)
        Path(folder, "driver.py").write_text(_DRIVER)
        theirs = [options.python, str(Path(folder, "driver.py")), str(job)]
        ours = [sys.executable, __file__, *sys.argv[1:], "--here"]
        compare({"foretune": ours, "llama-factory": theirs}, encoded, options.rounds, Path(folder))


def write_job(folder: Path, examples: list[Example], settings: TuningSettings) -> Path:
    """The examples as LLaMA-Factory takes them, and its settings."""
    rows = [{"messages": [{"role": m.role, "content": m.content} for m in example.messages]} for example in examples]
    (folder / "train.json").write_text(json.dumps(rows))
    tags = {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"}
    about = {"file_name": "train.json", "formatting": "sharegpt", "columns": {"messages": "messages"}, "tags": tags}
    (folder / "dataset_info.json").write_text(json.dumps({"train": about}))
    job: dict[str, Any] = {
        "model_name_or_path": str(folder / "base"),
        "stage": "sft",
        "do_train": True,
        "finetuning_type": "lora",
        "lora_target": "all",
        "lora_rank": settings.rank,
        "lora_alpha": settings.alpha,
        "dataset_dir": str(folder),
        "dataset": "train",
        "cutoff_len": settings.max_tokens,
        "output_dir": str(folder / "out"),
        "per_device_train_batch_size": settings.batch_size,
        "learning_rate": settings.learning_rate,
        "num_train_epochs": 1,
        "lr_scheduler_type": "linear",
        "optim": "adamw_torch",
        "disable_gradient_checkpointing": True,
        "use_cpu": choose_device().type == "cpu",
        "bf16": choose_dtype(settings.precision, choose_device()) == torch.bfloat16,
        "save_strategy": "no",
        "report_to": "none",
        "seed": settings.seed,
    }
    (folder / "job.json").write_text(json.dumps(job))
    return folder / "job.json"


def compare(commands: dict[str, list[str]], encoded: list[Encoded], rounds: int, folder: Path) -> None:
    """Every side in every round; prints tokens a second, peak memory and the ratios."""
    tokens = sum(len(item.ids) for item in encoded)
    measured: dict[str, list[tuple[float, float, int]]] = {name: [] for name in commands}
    environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE", "HF_HUB_OFFLINE": "1", "DISABLE_VERSION_CHECK": "1"}
    for _ in range(rounds):
        for name, command in commands.items():
            own = {k: v for k, v in environment.items() if name == "foretune" or k != "PYTHONPATH"}
            done = subprocess.run(command, capture_output=True, text=True, env=own, cwd=folder)
            if done.returncode:
                raise SystemExit(f"{name} failed:\n{done.stderr[-2000:]}")
            lines = dict(
                line.split(" ", 1) for line in done.stdout.splitlines() if line.startswith(("MEASURED", "PEAK"))
            )
            wall, busy = json.loads(lines["MEASURED"])
            measured[name].append((wall, busy, int(lines["PEAK"])))
    print(f"{len(encoded)} examples, {tokens} tokens, one epoch, {rounds} rounds, in turn")
    print(f"{'':<16}{'tokens/s':>10}{'tokens/CPU-s':>14}{'peak MiB':>10}")
    middle = {name: [median(values) for values in zip(*each, strict=True)] for name, each in measured.items()}
    for name, (wall, busy, peak) in middle.items():
        print(f"{name:<16}{tokens / wall:>10.0f}{tokens / busy:>14.0f}{peak:>10.0f}")
    ours, theirs = middle.values()
    print(f"ratio by wall time: {theirs[0] / ours[0]:.2f} (at least 1 wanted)")
    print(f"ratio by CPU time: {theirs[1] / ours[1]:.2f} (at least 1 wanted)")
    print(f"ratio of peak memory: {ours[2] / theirs[2]:.2f} (at most 1 wanted)")


if __name__ == "__main__":
    main()
