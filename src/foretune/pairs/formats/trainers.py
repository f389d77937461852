"""Trainers that people run themselves: TRL, Unsloth, MLX-LM, torchtune, LLaMA-Factory, Axolotl."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from foretune.pairs.formats.base import DataFile, Format, Rules, formatted
from foretune.pairs.formats.record import Record
from foretune.pairs.formats.shapes import SHAPES

__all__: list[str] = []


@formatted
class Trl(Format):
    """Conversational ``prompt`` and ``completion``: SFTTrainer then learns the completion only, with any template.

    https://huggingface.co/docs/trl/dataset_formats, https://huggingface.co/docs/trl/sft_trainer
    """

    name = "trl"
    title = "TRL"
    shape = SHAPES["prompt-messages"]
    rules = Rules(cutoff=1024)
    load = (
        '`load_dataset("json", data_files={"train": "train.jsonl", "validation": "validation.jsonl"})`, '
        "then SFTTrainer(train_dataset=…, eval_dataset=…)."
    )
    notes = (
        "`max_length` is 1,024 tokens unless you set it: what is longer loses its end, and with it the lesson.",
        "In this form the loss is on the completion only; rows of `messages` need `assistant_only_loss=True` and a "
        "template with {% generation %}.",
        "Of a conversation with several turns only the last reply is learned.",
    )
    sources = ("https://huggingface.co/docs/trl/dataset_formats", "https://huggingface.co/docs/trl/sft_trainer")


@formatted
class Unsloth(Format):
    """``{"conversations": [{"role", "content"}]}``, what Unsloth's notebooks feed to the tokenizer's template.

    https://docs.unsloth.ai/basics/datasets-guide
    """

    name = "unsloth"
    title = "Unsloth"
    shape = SHAPES["conversations"]
    rules = Rules(cutoff=2048)
    load = (
        '`load_dataset("json", data_files="train.jsonl", split="train")`, map `tokenizer.apply_chat_template` over '
        "`conversations`, then `train_on_responses_only(trainer, …)`."
    )
    notes = (
        "`standardize_sharegpt` is not needed: the roles are user and assistant already.",
        "Without `train_on_responses_only` the prompts are learned too.",
        "`max_seq_length` (2,048 in the notebooks) cuts off what is longer.",
    )
    sources = ("https://docs.unsloth.ai/basics/datasets-guide",)


@formatted
class Mlx(Format):
    """A folder with ``train.jsonl``, ``valid.jsonl`` and ``test.jsonl``.

    https://github.com/ml-explore/mlx-lm/blob/main/mlx_lm/LORA.md#Data
    """

    name = "mlx"
    title = "MLX-LM"
    shape = SHAPES["messages"]
    rules = Rules(cutoff=2048)
    evaluation = "valid.jsonl"
    test = "test.jsonl"
    load = "`mlx_lm.lora --model MODEL --train --mask-prompt --data FOLDER`."
    notes = (
        "The loss is on prompts too unless you say `--mask-prompt`.",
        "Rows over `--max-seq-length` (2,048) lose their end.",
        "Half of the evaluation documents are in valid.jsonl, the other half in test.jsonl (`--test`).",
    )
    sources = ("https://github.com/ml-explore/mlx-lm/blob/main/mlx_lm/LORA.md",)

    @property
    def data_files(self) -> tuple[str, ...]:
        return (self.train, self.evaluation, self.test)

    def files(self, train: Sequence[Record], evaluation: Sequence[Record]) -> Iterator[DataFile]:
        sources = sorted({str(record.metadata.get("source", "")) for record in evaluation})
        tested = set(sources[1::2])  # whole documents: no source on both sides
        test = [record for record in evaluation if str(record.metadata.get("source", "")) in tested]
        valid = [record for record in evaluation if str(record.metadata.get("source", "")) not in tested]
        yield from super().files(train, valid)
        if test:
            yield DataFile(self.test, "test", len(test), self.written(self.test, test))


_TORCHTUNE = """\
# Put this into your recipe's YAML; paths are relative to where `tune run` is started.
dataset:
  _component_: torchtune.datasets.chat_dataset
  source: json
  data_files: train.jsonl
  conversation_column: messages
  conversation_style: openai
  split: train
"""
_TORCHTUNE_EVALUATION = """\
dataset_val:
  _component_: torchtune.datasets.chat_dataset
  source: json
  data_files: validation.jsonl
  conversation_column: messages
  conversation_style: openai
  split: train
run_val_every_n_steps: 25
"""


@formatted
class Torchtune(Format):
    """``chat_dataset`` with ``conversation_style: openai``; its ``validate_messages`` looks at every row.

    https://docs.pytorch.org/torchtune/stable/basics/chat_datasets.html
    """

    name = "torchtune"
    title = "torchtune"
    shape = SHAPES["messages"]
    load = "Put dataset.yaml into the recipe's YAML and start `tune run` in this folder."
    notes = (
        "A system message that is not first, or two user messages in a row, stop the run.",
        "torchtune is no longer developed.",
    )
    sources = ("https://docs.pytorch.org/torchtune/stable/basics/chat_datasets.html",)

    def settings(self, *, evaluation: bool) -> Mapping[str, str]:
        return {"dataset.yaml": _TORCHTUNE + (_TORCHTUNE_EVALUATION if evaluation else "")}


_FACTORY = "https://github.com/hiyouga/LLaMA-Factory/blob/main/data/README.md"


def _dataset_info(info: Mapping[str, object], files: Mapping[str, str]) -> Mapping[str, str]:
    named = {name: {"file_name": file, **info} for name, file in files.items()}
    return {"dataset_info.json": json.dumps(named, indent=2) + "\n"}


@formatted
class LlamaFactory(Format):
    """OpenAI's messages, registered as ``sharegpt`` with tags in ``dataset_info.json``.

    https://github.com/hiyouga/LLaMA-Factory/blob/main/data/README.md
    """

    name = "llama-factory"
    title = "LLaMA-Factory (sharegpt)"
    shape = SHAPES["messages"]
    rules = Rules(cutoff=2048)
    train = "foretune_train.json"
    evaluation = "foretune_evaluation.json"
    load = (
        "`llamafactory-cli train … --dataset_dir FOLDER --dataset foretune_train --eval_dataset foretune_evaluation` "
        "(`dataset_info.json` is in the folder)."
    )
    notes = (
        "Without `formatting: sharegpt` and `tags` in dataset_info.json every row is skipped.",
        "A row whose roles do not alternate is skipped with a warning in the log.",
        "Rows over `cutoff_len` (2,048) lose their end.",
    )
    sources = (_FACTORY,)

    def settings(self, *, evaluation: bool) -> Mapping[str, str]:
        info = {
            "formatting": "sharegpt",
            "columns": {"messages": "messages"},
            "tags": {
                "role_tag": "role",
                "content_tag": "content",
                "user_tag": "user",
                "assistant_tag": "assistant",
                "system_tag": "system",
            },
        }
        files = {"foretune_train": self.train} | ({"foretune_evaluation": self.evaluation} if evaluation else {})
        return _dataset_info(info, files)


@formatted
class LlamaFactoryAlpaca(LlamaFactory):
    """``instruction``, ``output``, and ``system`` and ``history`` where there are any.

    https://github.com/hiyouga/LLaMA-Factory/blob/main/data/README.md
    """

    name = "llama-factory-alpaca"
    title = "LLaMA-Factory (alpaca)"
    shape = SHAPES["instruction"]
    notes = (
        "`instruction` and `input` are joined with a line break into one prompt.",
        "Replies in `history` are learned too, unless `mask_history: true`.",
        "Rows over `cutoff_len` (2,048) lose their end.",
    )

    def encode(self, record: Record) -> dict[str, object]:
        # its loader reads every registered column of every row
        return {"system": "", "history": [], **super().encode(record)}

    def settings(self, *, evaluation: bool) -> Mapping[str, str]:
        names = {"prompt": "instruction", "query": "input", "response": "output"}
        info = {"columns": {**names, "system": "system", "history": "history"}}
        files = {"foretune_train": self.train} | ({"foretune_evaluation": self.evaluation} if evaluation else {})
        return _dataset_info(info, files)


_AXOLOTL = """\
# Start in this folder: axolotl train axolotl.yaml
base_model: Qwen/Qwen2.5-0.5B-Instruct  # the model you tune
chat_template: tokenizer_default

datasets:
  - path: train.jsonl
    ds_type: json
    type: chat_template
    field_messages: messages
    message_property_mappings:
      role: role
      content: content
    roles_to_train: [assistant]
    train_on_eos: turn
{evaluation}val_set_size: 0.0
dataset_prepared_path: prepared
output_dir: adapter

adapter: lora
lora_r: 16
lora_alpha: 32
lora_dropout: 0.05
lora_target_linear: true

sequence_len: 2048
excess_length_strategy: raise  # say so rather than drop a row that is too long
sample_packing: false
pad_to_sequence_len: false

micro_batch_size: 1
gradient_accumulation_steps: 4
num_epochs: 3
optimizer: adamw_torch
lr_scheduler: cosine
learning_rate: 0.0002
warmup_ratio: 0.1
bf16: auto
gradient_checkpointing: true
logging_steps: 1
seed: 42
"""
_AXOLOTL_EVALUATION = """\
test_datasets:
  - path: validation.jsonl
    ds_type: json
    split: train
    type: chat_template
    field_messages: messages
    message_property_mappings:
      role: role
      content: content
    roles_to_train: [assistant]
    train_on_eos: turn
"""


@formatted
class Axolotl(Format):
    """``type: chat_template`` rows and a YAML that runs as it is.

    https://docs.axolotl.ai/docs/dataset-formats/conversation.html
    """

    name = "axolotl"
    title = "Axolotl"
    shape = SHAPES["messages"]
    rules = Rules(cutoff=2048, beyond="dropped there unless `excess_length_strategy` says otherwise")
    load = "In this folder: `axolotl train axolotl.yaml`; change `base_model` first."
    notes = (
        "Rows over `sequence_len` are dropped by default; the YAML here says `raise` instead.",
        "The template's end-of-turn token has to be the tokenizer's, or the model never learns to stop: "
        "for another template set `eot_tokens`.",
    )
    sources = ("https://docs.axolotl.ai/docs/dataset-formats/conversation.html",)

    def settings(self, *, evaluation: bool) -> Mapping[str, str]:
        return {"axolotl.yaml": _AXOLOTL.format(evaluation=_AXOLOTL_EVALUATION if evaluation else "")}
