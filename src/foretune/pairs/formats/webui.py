"""text-generation-webui: its Training tab, as it is since 4.0 and as it was up to 3.23.

Read from its own sources: https://github.com/oobabooga/text-generation-webui, ``docs/05 - Training Tab.md`` and
``modules/training.py``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from foretune.pairs.formats.base import Format, Rules, formatted
from foretune.pairs.formats.shapes import SHAPES, Row

__all__ = ["keyset_match"]

_REPOSITORY = "https://github.com/oobabooga/text-generation-webui"
_DATASETS = "user_data/training/datasets"


@formatted
class WebUi(Format):
    """A JSON *array* of ``{"messages": […]}``; the chat template is applied and only replies are learned."""

    name = "text-generation-webui"
    title = "text-generation-webui 4.0 and later"
    shape = SHAPES["messages"]
    rules = Rules(cutoff=512, beyond="dropped there without a word")
    train = "foretune_train.json"
    evaluation = "foretune_evaluation.json"
    load = (
        f"Copy both files to {_DATASETS}, load the model with the Transformers loader, and choose them in "
        "Training > Train LoRA > Chat Dataset; set `Cutoff Length` above the longest row."
    )
    notes = (
        "Rows over `Cutoff Length` (512 tokens unless you change it) are dropped without a word.",
        "JSON Lines are not listed: the file has to be one array.",
        "A GGUF model cannot be trained: load the original weights with the Transformers loader.",
        "With its defaults (batch of 128 rows) ten rows are three steps: lower `Batch Size` to 1 or 2 for a pilot.",
    )
    sources = (f"{_REPOSITORY}/blob/main/docs/05%20-%20Training%20Tab.md",)


_KEYSETS: Mapping[str, str] = {
    "instruction,output": "User: %instruction%\nAssistant: %output%",
    "instruction,input,output": "User: %instruction%: %input%\nAssistant: %output%",
    "instruction,output,system": "%system%\n\nUser: %instruction%\nAssistant: %output%",
}


def keyset_match(row: Mapping[str, object], keysets: Mapping[str, str] = _KEYSETS) -> bool:
    """Whether the Training tab finds a template for a row.

    One of the format file's key sets has to equal the row's keys whose value is a text that is not blank:
    ``generate_prompt`` in ``modules/training.py`` up to 3.23.
    """
    filled = {name for name, value in row.items() if isinstance(value, str) and value.strip()}
    return any(set(keys.split(",")) == filled for keys in keysets)


@formatted
class WebUi3(Format):
    """``instruction``, ``output`` and a format file with a template for exactly these keys."""

    name = "text-generation-webui-3"
    title = "text-generation-webui up to 3.23"
    shape = SHAPES["instruction"]
    rules = Rules(cutoff=256, beyond="cut off there", turns=False)
    train = "foretune_train.json"
    evaluation = "foretune_evaluation.json"
    load = (
        "Copy both files to training/datasets and foretune-format.json to training/formats (under user_data later), "
        "then choose them as `Dataset`, `Evaluation Dataset` and `Data Format`."
    )
    notes = (
        "The row's keys have to equal a key set of the format file: one more text column (an id, say) fails every row.",
        "A row over `Cutoff Length` (256 tokens unless you change it) loses its end.",
        "The template here says `User:` and `Assistant:`; for a chat model choose the format file of its own template.",
    )
    sources = (f"{_REPOSITORY}/blob/v3.23/modules/training.py",)

    def settings(self, *, evaluation: bool) -> Mapping[str, str]:
        return {"foretune-format.json": json.dumps(_KEYSETS, indent=2) + "\n"}

    def row_faults(self, row: Row) -> Iterator[str]:
        if not keyset_match(row):
            filled = ", ".join(name for name, value in row.items() if isinstance(value, str) and value.strip())
            yield f"no key set of the format file equals its filled columns ({filled})"
