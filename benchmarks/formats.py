"""Do the consumers' own loaders take the files that are exported for them?

    python benchmarks/formats.py --make    the consumers, into a virtual environment of their own (.consumers; once)
    python benchmarks/formats.py           one table: what was exported, and what each consumer took

Exports the questions and answers of the example (alone, and three to a conversation with a system message) and the hard
conversations of the tests (right-to-left text, emoji, line separators) for each consumer, lets its own code load them,
and prints how many rows were exported and how many it took. A consumer that is not installed says so in its row.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.consumers import CONSUMERS  # noqa: E402
from tests.pairs.conversations import HARD, pair  # noqa: E402

from foretune.pairs.formats import FORMATS, export_format  # noqa: E402
from foretune.types import Pair  # noqa: E402

# fmt: off
PACKAGES = (
    "llamafactory", "axolotl", "mistral-common", "tiktoken", "mlx-lm", "mlx", "mlx-cpu", "torchtune",
    "torchao==0.14.1", "together", "httpx", "httpcore", "h11", "anyio", "sniffio", "distro", "pydantic-extra-types",
    "pycountry", "pillow", "colorama", "addict", "fire", "omegaconf", "torchdata", "av", "termcolor",
    "docstring_parser", "shtab", "typeguard", "tyro", "modelscope", "matplotlib", "einops", "art", "evaluate",
    "python-dotenv", "wandb", "posthog", "backoff", "gradio", "sentencepiece", "detect-agent", "numba", "llvmlite",
)
# fmt: on
"""What the loaders import; all else is borrowed from this environment, and training itself is not installed."""


def make(environment: Path) -> None:
    """A virtual environment that sees the packages of this one and has the consumers besides."""
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    python = environment / "bin" / "python"
    [here] = [path for path in sys.path if path.endswith("site-packages")][:1]
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    (environment / "lib" / version / "site-packages" / "borrowed.pth").write_text(f"{here}\n")
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-deps", *PACKAGES], check=True)


def _pairs() -> list[Pair]:
    """Questions of the example with their answers: alone, then in threes as one conversation with a system message."""
    with (ROOT / "examples" / "handbook" / "questions.csv").open(encoding="utf-8-sig", newline="") as file:
        asked = [(row["question"], row["answer"]) for row in csv.DictReader(file) if row["answer"].strip()]
    exchanges = [[("user", question), ("assistant", answer)] for question, answer in asked]
    system = [("system", "You answer briefly.")]
    threes = [sum(exchanges[start : start + 3], system) for start in range(0, len(asked), 3)]
    return [*HARD, *(_side(number, turns) for number, turns in enumerate([*exchanges, *threes], start=100))]


def _side(number: int, turns: Sequence[tuple[str, str]]) -> Pair:
    return pair(number, *turns, split="evaluation" if number % 5 == 0 else "train")


def _tokenizer(folder: Path) -> None:
    """A tokenizer of bytes with a ChatML template: no model has to be fetched."""
    from tokenizers import Tokenizer, decoders, pre_tokenizers
    from tokenizers.models import BPE
    from transformers import PreTrainedTokenizerFast

    alphabet = {character: number for number, character in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    inner = Tokenizer(BPE(alphabet, []))
    inner.pre_tokenizer, inner.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    made = PreTrainedTokenizerFast(
        tokenizer_object=inner,
        eos_token="<|im_end|>",
        pad_token="<|im_end|>",
        additional_special_tokens=["<|im_start|>"],
    )
    made.chat_template = (
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    made.save_pretrained(folder)


def _run(python: str, name: str, folder: Path, tokenizer: Path) -> dict[str, Any]:
    script = Path(__file__).with_name("consumers.py")
    done = subprocess.run(
        [python, script, name, folder, tokenizer], capture_output=True, text=True, timeout=600, cwd=folder
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no word"])[-1]
        return {"version": "", "taken": 0, "rows": 0, "refused": [f"did not run: {last[:120]}"]}
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--make", action="store_true", help="install the consumers first")
    parser.add_argument("--environment", type=Path, default=ROOT / ".consumers", help="where the consumers are")
    options = parser.parse_args()
    if options.make:
        make(options.environment)
        return
    there = options.environment / "bin" / "python"
    python = str(there.absolute()) if there.exists() else sys.executable
    pairs = _pairs()
    print(f"{len(pairs)} conversations; set aside: what the format cannot carry, by the exporter, with the reason\n")
    print("| consumer | version | format | exported | set aside | taken | refused |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        _tokenizer(folder / "tokenizer")
        for name, (_, form, _) in CONSUMERS.items():
            export = export_format(pairs, folder, FORMATS[form])
            said = _run(python, name, export.folder, folder / "tokenizer")
            exported = sum(each.rows for each in export.files)
            why = "; ".join(said["refused"]) or "none"
            row = (name, said["version"], form, exported, len(export.set_aside), said["taken"], why)
            print(f"| {' | '.join(map(str, row))} |", flush=True)


if __name__ == "__main__":
    main()
