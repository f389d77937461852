"""Other people's loaders, run on what was exported for them: started by ``benchmarks/formats.py``, one process each.

    python benchmarks/consumers.py CONSUMER FOLDER TOKENIZER

prints one line of JSON: the consumer's version, how many rows it took, and of those it did not, why. Needs nothing
of this project, so that it can run where the consumer is installed.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import sys
import types
from collections.abc import Callable, Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

for _switch in (
    "HF_HUB_OFFLINE",
    "DO_NOT_TRACK",
    "AXOLOTL_DO_NOT_TRACK",
    "DISABLE_VERSION_CHECK",
    "HF_DATASETS_OFFLINE",
):
    os.environ[_switch] = "1"

Taken = Iterator[str]
"""For each row nothing, or why it was not taken."""
CONSUMERS: dict[str, tuple[str, str, Callable[[Path, str], Taken]]] = {}
"""By consumer: the distribution whose version is shown, the format it is given, and what runs it."""


def consumer(
    name: str, distribution: str, form: str
) -> Callable[[Callable[[Path, str], Taken]], Callable[[Path, str], Taken]]:
    """Register what runs a consumer."""

    def register(run: Callable[[Path, str], Taken]) -> Callable[[Path, str], Taken]:
        CONSUMERS[name] = (distribution, form, run)
        return run

    return register


def _rows(folder: Path, names: tuple[str, ...] = ("train.jsonl", "validation.jsonl")) -> Iterator[dict[str, Any]]:
    for name in names:
        if (folder / name).is_file():
            for line in (folder / name).read_text(encoding="utf-8").split("\n"):
                if line:
                    yield json.loads(line)


def _tokenizer(path: str) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(path)


@consumer("mistral-common", "mistral-common", "mistral")
def mistral(folder: Path, _: str) -> Taken:
    """The validator and the tokenizer that mistral-finetune calls, in their mode for tuning."""
    from mistral_common.protocol.instruct.request import ChatCompletionRequest
    from mistral_common.protocol.instruct.validator import ValidationMode
    from mistral_common.tokens.tokenizers.mistral import MistralTokenizer

    known = MistralTokenizer.v3(is_tekken=True)
    known._chat_completion_request_validator._mode = ValidationMode.finetuning
    for row in _rows(folder):
        try:
            request: Any = ChatCompletionRequest(messages=row["messages"])
            ids = known.encode_chat_completion(request).tokens
        except Exception as error:
            yield repr(error)[:200]
        else:
            yield "" if ids else "no tokens"


@consumer("together", "together", "together")
def together(folder: Path, _: str) -> Taken:
    """``together files check``."""
    from together.lib.utils.files import check_file

    for name in ("train.jsonl", "validation.jsonl"):
        report = check_file(folder / name)
        count = report["num_samples"] or 0
        yield from [""] * count if report["is_check_passed"] else [report["message"]]


@consumer("MLX-LM", "mlx-lm", "mlx")
def mlx(folder: Path, tokenizer: str) -> Taken:
    """``load_local_dataset`` of ``mlx_lm.lora --mask-prompt``, and its tokenization of each row."""
    from mlx_lm.tuner.datasets import load_local_dataset

    parts = load_local_dataset(folder, _tokenizer(tokenizer), types.SimpleNamespace(mask_prompt=True))
    for part in parts:
        for number in range(len(part)):
            ids, offset = part.process(part[number])
            yield "" if 0 < offset < len(ids) else "the reply is not told from the prompt"


@consumer("torchtune", "torchtune", "torchtune")
def torchtune(folder: Path, _: str) -> Taken:
    """The transform behind ``conversation_style: openai``, and ``validate_messages``."""
    from torchtune.data import OpenAIToMessages, validate_messages

    transform = OpenAIToMessages(train_on_input=False)
    for row in _rows(folder):
        try:
            validate_messages(transform(row)["messages"])
        except ValueError as error:
            yield str(error)
        else:
            yield ""


@consumer("LLaMA-Factory (sharegpt)", "llamafactory", "llama-factory")
def llama_factory(folder: Path, tokenizer: str) -> Taken:
    """Its own parser of ``dataset_info.json`` and its loader; a row it skips has no prompt afterwards."""
    # imported for audio, which no row holds; its build has to be that of the torch beside it
    sys.modules["torchaudio"] = types.ModuleType("torchaudio")
    sys.modules["torchaudio"].__spec__ = ModuleSpec("torchaudio", None)
    from llamafactory.data.loader import _load_single_dataset
    from llamafactory.data.parser import get_dataset_list
    from llamafactory.hparams import DataArguments, ModelArguments
    from transformers import Seq2SeqTrainingArguments

    model, training = ModelArguments(model_name_or_path=tokenizer), Seq2SeqTrainingArguments(use_cpu=True)
    for name in ("foretune_train", "foretune_evaluation"):
        data = DataArguments(dataset_dir=str(folder), overwrite_cache=True)
        [about] = get_dataset_list([name], data.dataset_dir)
        for row in _load_single_dataset(about, model, data, training):
            yield "" if row["_prompt"] and row["_response"] else "skipped"


@consumer("LLaMA-Factory (alpaca)", "llamafactory", "llama-factory-alpaca")
def llama_factory_alpaca(folder: Path, tokenizer: str) -> Taken:
    yield from llama_factory(folder, tokenizer)


@consumer("Axolotl", "axolotl", "axolotl")
def axolotl(folder: Path, tokenizer: str) -> Taken:
    """The YAML through its schema, then its own loading and masking; a row with nothing to learn is not taken."""
    import yaml
    from axolotl.utils.config import validate_config
    from axolotl.utils.data.sft import _load_and_process_single_dataset
    from axolotl.utils.dict import DictDefault

    os.chdir(folder)
    settings = yaml.safe_load((folder / "axolotl.yaml").read_text(encoding="utf-8"))
    machine = {"bf16": False, "fp8": False, "tf32": False, "n_gpu": 0, "compute_capability": ""}
    config = validate_config(
        DictDefault({**settings, "base_model": tokenizer}),
        capabilities=machine,
        env_capabilities={"torch_version": importlib.metadata.version("torch").split("+")[0]},
    )
    known = _tokenizer(tokenizer)
    for about in [*config["datasets"], *config["test_datasets"]]:
        loaded, _ = _load_and_process_single_dataset(about, config, known, "train", seed=42)
        for row in loaded:
            learned = [token for token, label in zip(row["input_ids"], row["labels"], strict=True) if label != -100]
            yield "" if 0 < len(learned) < len(row["input_ids"]) else "the reply is not told from the prompt"


@consumer("TRL", "trl", "trl")
def trl(folder: Path, tokenizer: str) -> Taken:
    """``apply_chat_template`` of SFTTrainer's own preparation."""
    from trl.data_utils import apply_chat_template, is_conversational

    known = _tokenizer(tokenizer)
    for row in _rows(folder):
        if not is_conversational(row):
            yield "not seen as a conversation"
            continue
        applied = apply_chat_template(row, known)
        yield "" if applied["completion"].startswith(row["completion"][0]["content"]) else "the completion is another"


@consumer("datasets", "datasets", "huggingface")
def datasets(folder: Path, _: str) -> Taken:
    """``load_dataset`` of the folder."""
    from datasets import load_dataset

    for rows in load_dataset(str(folder)).values():
        for row in rows:
            yield "" if row["messages"][-1]["role"] == "assistant" else "no reply"


def main() -> None:
    name, folder, tokenizer = sys.argv[1], Path(sys.argv[2]).resolve(), sys.argv[3]
    distribution, _, run = CONSUMERS[name]
    said = list(run(folder, tokenizer))
    refused = sorted({why for why in said if why})
    taken = sum(not why for why in said)
    version = importlib.metadata.version(distribution)
    print(json.dumps({"version": version, "taken": taken, "rows": len(said), "refused": refused[:3]}))


if __name__ == "__main__":
    main()
