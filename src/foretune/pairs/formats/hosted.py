"""Services that take ``{"messages": […]}`` a line: OpenAI, Azure OpenAI, Mistral, Together, Fireworks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from foretune.pairs.formats.base import Format, Rules, formatted
from foretune.pairs.formats.shapes import SHAPES, Row

__all__: list[str] = []

_MEGABYTE = 1_000_000
_GIGABYTE = 1_000_000_000
_OPENAI_KEYS = frozenset({"role", "content", "name", "function_call", "weight"})
"""Keys of a message that OpenAI's published check knows."""


@formatted
class OpenAi(Format):
    """The checks of OpenAI's cookbook, and the limits of its guide.

    https://github.com/openai/openai-cookbook/blob/main/examples/Chat_finetuning_data_prep.ipynb,
    https://platform.openai.com/docs/guides/supervised-fine-tuning
    """

    name = "openai"
    title = "OpenAI"
    shape = SHAPES["messages"]
    rules = Rules(fewest=10, most_bytes=512 * _MEGABYTE, message_keys=_OPENAI_KEYS)
    load = "Upload both files with purpose `fine-tune`, then create a fine-tuning job with their ids."
    notes: ClassVar[tuple[str, ...]] = (
        "Fewer than 10 rows are refused; 50 to 100 are a sensible start.",
        "How long a row may be depends on the model: count with `--tokenizer tiktoken:o200k_base`.",
        "`weight` (0 or 1) on an assistant message leaves that message out of the loss.",
        "The content filter reads the file: rows it objects to fail the job.",
    )
    sources: ClassVar[tuple[str, ...]] = (
        "https://github.com/openai/openai-cookbook/blob/main/examples/Chat_finetuning_data_prep.ipynb",
        "https://platform.openai.com/docs/guides/supervised-fine-tuning",
    )

    def row_faults(self, row: Row) -> Iterator[str]:
        for item in row["messages"]:
            weight = item.get("weight")
            if weight is not None and weight not in (0, 1):
                yield f"a message has weight {weight}: only 0 and 1 are known"
            if weight is not None and item.get("role") != "assistant":
                yield f"a {item.get('role')} message has a weight: only the assistant's may"


@formatted
class AzureOpenAi(OpenAi):
    """As OpenAI, and the file begins with a byte order mark.

    https://learn.microsoft.com/azure/ai-services/openai/how-to/fine-tuning
    """

    name = "azure-openai"
    title = "Azure OpenAI"
    rules = Rules(fewest=10, most_bytes=512 * _MEGABYTE, message_keys=_OPENAI_KEYS, bom=True)
    load = "Upload both files in the Azure portal or with the openai client for Azure, then create a fine-tuning job."
    notes = (
        "The files have to be UTF-8 with a byte order mark; an editor that saves without it makes the upload fail.",
        *OpenAi.notes[:3],
    )
    sources = ("https://learn.microsoft.com/azure/ai-services/openai/how-to/fine-tuning", *OpenAi.sources)


@formatted
class Mistral(Format):
    """What mistral-finetune and Mistral's service check; the last message has to be the assistant's.

    https://github.com/mistralai/mistral-finetune#instruct,
    https://docs.mistral.ai/capabilities/finetuning/text_finetuning
    """

    name = "mistral"
    title = "Mistral"
    shape = SHAPES["messages"]
    rules = Rules(message_keys=frozenset({"role", "content", "weight"}))
    load = (
        "mistral-finetune: `instruct_data: train.jsonl` and `eval_instruct_data: validation.jsonl` under `data`; "
        "the service: upload both and create a job."
    )
    notes = (
        "A conversation that does not end with the assistant is refused.",
        "mistral-finetune's `utils.validate_data` checks the same before a run, with the tokenizer of the model.",
        "The service's guide shows rows of user and assistant only; mistral-finetune takes a system message as well.",
    )
    sources = (
        "https://github.com/mistralai/mistral-finetune",
        "https://docs.mistral.ai/capabilities/finetuning/text_finetuning",
    )


@formatted
class Together(Format):
    """Conversational rows; a column more and the server rejects the file.

    Its guide allows files of 100 GB, its own client refuses what is over 50.1.

    https://docs.together.ai/docs/fine-tuning/data-preparation
    """

    name = "together"
    title = "Together"
    shape = SHAPES["messages"]
    rules = Rules(most_bytes=50 * _GIGABYTE, message_keys=frozenset({"role", "content", "weight"}))
    load = "`together files upload` both files, then `together fine-tuning create --training-file ID …`."
    notes = (
        "One file holds one format: `messages` and `text` in the same file are rejected.",
        "`--train-on-inputs auto` masks prompts of conversational files.",
        "`together files check train.jsonl` looks at JSON and encoding only; the rest is checked by the server.",
    )
    sources = ("https://docs.together.ai/docs/fine-tuning/data-preparation",)


@formatted
class Fireworks(Format):
    """3 rows to 3 million; system first, then user and assistant in turns.

    https://docs.fireworks.ai/fine-tuning/fine-tuning-models
    """

    name = "fireworks"
    title = "Fireworks"
    shape = SHAPES["messages"]
    rules = Rules(fewest=3, most=3_000_000, message_keys=frozenset({"role", "content", "weight"}))
    load = "`firectl dataset create NAME train.jsonl`, then `firectl sftj create --base-model MODEL --dataset NAME`."
    notes = (
        "The base model has to be marked `Tunable: true`.",
        "`weight` 0 on an assistant message leaves it out of the loss.",
    )
    sources = ("https://docs.fireworks.ai/fine-tuning/fine-tuning-models",)
