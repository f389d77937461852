"""Forms that belong to nobody and are read by many: Alpaca, ShareGPT, ChatML, plain text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from foretune.pairs.formats.base import Format, Rules, formatted
from foretune.pairs.formats.record import Record
from foretune.pairs.formats.shapes import SHAPES

__all__ = ["CUT"]

CUT = "\n\n<|endoftext|>\n\n"
"""What stands between two conversations of a text file."""


@formatted
class Alpaca(Format):
    """``{"instruction", "input", "output"}``; https://github.com/tatsu-lab/stanford_alpaca#data-release."""

    name = "alpaca"
    title = "Alpaca"
    shape = SHAPES["instruction"]
    rules = Rules(system=False, turns=False)
    train = "train.json"
    evaluation = "validation.json"
    load = "A JSON array, as Stanford published it; most trainers call it `alpaca`."
    notes = (
        "There is no system message: it stands in front of the instruction.",
        "`input` is always there and empty.",
    )
    sources = ("https://github.com/tatsu-lab/stanford_alpaca#data-release",)


@formatted
class ShareGpt(Format):
    """``{"conversations": [{"from": "human" | "gpt" | "system", "value"}]}``."""

    name = "sharegpt"
    title = "ShareGPT"
    shape = SHAPES["sharegpt"]
    train = "train.json"
    evaluation = "validation.json"
    load = "A JSON array; most trainers call it `sharegpt`."
    notes = ("The user is `human`, the assistant `gpt`.",)
    sources = ("https://github.com/lm-sys/FastChat/blob/main/docs/commands/data_cleaning.md",)


@formatted
class ChatMl(Format):
    """``{"text": …}`` with the turns between ``<|im_start|>`` and ``<|im_end|>``.

    https://github.com/openai/openai-python/blob/v0.28.1/chatml.md
    """

    name = "chatml"
    title = "ChatML"
    shape = SHAPES["chatml"]
    load = 'Rows of {"text": …}: the template is in the text, so switch the trainer\'s own template off.'
    notes = (
        "A text that holds <|im_end|> itself would end its turn early: such rows are set aside.",
        "The loss is on the whole text, prompts included.",
        "Only for models whose tokenizer knows <|im_start|> as one token.",
    )
    sources = ("https://github.com/openai/openai-python/blob/v0.28.1/chatml.md",)


@formatted
class PlainText(Format):
    """Headings and text, conversations apart by ``<|endoftext|>``: for base models and raw-text tabs."""

    name = "text"
    title = "Plain text"
    shape = SHAPES["headed"]
    train = "train.txt"
    evaluation = "validation.txt"
    load = "Any trainer that reads text: split it at <|endoftext|>."
    notes = (
        "The loss is on everything, headings and prompts included.",
        "A text with <|endoftext|> or a heading such as `### User:` in it is set aside.",
    )
    sources = ("https://github.com/karpathy/nanoGPT",)

    def written(self, name: str, records: Sequence[Record]) -> Iterator[bytes]:
        for number, record in enumerate(records):
            yield (f"{CUT if number else ''}{self.encode(record)['text']}").encode()
        yield b"\n"
