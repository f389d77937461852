"""The consumers' own code takes what was exported for them; more of them are run by benchmarks/formats.py."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.pairs.conversations import HARD

from foretune.pairs.formats import FORMATS, export_format

ARRAYS_AND_LINES = [name for name in FORMATS if name not in ("text", "huggingface")]
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@pytest.fixture(scope="module")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The library, offline and with its cache in a temporary folder."""
    found = pytest.importorskip("datasets", reason="datasets comes with the extra `dev`")
    found.config.HF_DATASETS_CACHE = tmp_path_factory.mktemp("cache")
    found.disable_progress_bars()
    return found


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    """A tokenizer of bytes with a ChatML template: as small as they come, and a real one."""
    transformers = pytest.importorskip("transformers", reason="transformers comes with the extra `tune`")
    from tokenizers import Tokenizer, decoders, pre_tokenizers
    from tokenizers.models import BPE

    alphabet = {character: n for n, character in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    inner = Tokenizer(BPE(alphabet, []))
    inner.pre_tokenizer, inner.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    made = transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner, eos_token="<|im_end|>", additional_special_tokens=["<|im_start|>"]
    )
    made.chat_template = TEMPLATE
    return made


def _loaded(datasets: Any, name: str, folder: Path) -> Any:
    export = export_format(HARD, folder, FORMATS[name])
    files = {each.split: str(each.path) for each in export.files if each.split}
    return datasets.load_dataset("json", data_files=files)


@pytest.mark.parametrize("name", ARRAYS_AND_LINES)
def test_datasets_loads_every_row(name: str, datasets: Any, tmp_path: Path) -> None:
    loaded = _loaded(datasets, name, tmp_path)
    left_out = sum(one.provenance != {} for one in HARD) if not FORMATS[name].rules.turns else 0
    assert sum(split.num_rows for split in loaded.values()) == len(HARD) - left_out


def test_datasets_loads_the_folder_with_its_splits_and_where_rows_came_from(datasets: Any, tmp_path: Path) -> None:
    export = export_format(HARD, tmp_path, FORMATS["huggingface"])
    loaded = datasets.load_dataset(str(export.folder))
    assert {split: rows.num_rows for split, rows in loaded.items()} == {"train": 3, "validation": 2}
    assert loaded["train"][1]["source"] == "handbook/page-2.md"
    assert loaded["train"][1]["messages"] == [
        {"role": message.role, "content": message.content} for message in HARD[1].messages
    ]


def test_the_card_is_one_the_hub_understands(tmp_path: Path) -> None:
    hub = pytest.importorskip("huggingface_hub", reason="huggingface_hub comes with the extra `tune`")
    export = export_format(HARD, tmp_path, FORMATS["huggingface"])
    card = hub.DatasetCard.load(export.folder / "README.md")
    [config] = card.data.to_dict()["configs"]
    assert [each["split"] for each in config["data_files"]] == ["train", "validation"]


def test_trl_learns_the_completion_only(datasets: Any, tokenizer: Any, tmp_path: Path) -> None:
    utils = pytest.importorskip("trl.data_utils", reason="trl comes with the extra `dev`")
    rows = list(_loaded(datasets, "trl", tmp_path)["train"])
    assert all(utils.is_conversational(row) for row in rows)
    applied = [utils.apply_chat_template(row, tokenizer) for row in rows]
    for row, one in zip(applied, HARD, strict=False):
        assert one.response in row["completion"]
        assert one.response not in row["prompt"]
        assert row["prompt"].endswith("<|im_start|>assistant\n")


@pytest.mark.parametrize(
    ("name", "column"),
    [("axolotl", "messages"), ("mlx", "messages"), ("torchtune", "messages"), ("unsloth", "conversations")],
)
def test_transformers_applies_a_chat_template_to_every_row(
    name: str, column: str, datasets: Any, tokenizer: Any, tmp_path: Path
) -> None:
    for row, one in zip(_loaded(datasets, name, tmp_path)["train"], HARD, strict=False):
        ids = tokenizer.apply_chat_template(row[column], return_dict=False)
        text = "".join(f"<|im_start|>{each.role}\n{each.content}<|im_end|>\n" for each in one.messages)
        assert ids == tokenizer(text)["input_ids"]
        assert tokenizer.decode(ids) == text


@pytest.mark.parametrize(("name", "encoding"), [("openai", "utf-8"), ("azure-openai", "utf-8-sig")])
def test_openais_published_check_finds_nothing(name: str, encoding: str, tmp_path: Path) -> None:
    """“Format validation” of examples/Chat_finetuning_data_prep.ipynb in https://github.com/openai/openai-cookbook."""
    export = export_format(HARD, tmp_path, FORMATS[name])
    faults: Counter[str] = Counter()
    for file in export.files:
        for line in file.path.read_text(encoding=encoding).split("\n")[:-1]:
            example = json.loads(line)
            messages = example.get("messages")
            if not messages:
                faults["missing_messages_list"] += 1
                continue
            for message in messages:
                faults["message_missing_key"] += not {"role", "content"} <= message.keys()
                faults["message_unrecognized_key"] += bool(
                    message.keys() - {"role", "content", "name", "function_call", "weight"}
                )
                faults["unrecognized_role"] += message["role"] not in ("system", "user", "assistant", "function")
                faults["missing_content"] += not message["content"] or not isinstance(message["content"], str)
            faults["missing_assistant_message"] += not any(message["role"] == "assistant" for message in messages)
    assert not +faults


def test_the_training_tab_up_to_3_23_finds_a_template_for_every_row(datasets: Any, tmp_path: Path) -> None:
    """``generate_prompt`` of https://github.com/oobabooga/text-generation-webui/blob/v3.23/modules/training.py."""
    rows = _loaded(datasets, "text-generation-webui-3", tmp_path)
    formats = json.loads(
        (tmp_path / "text-generation-webui-3" / "foretune-format.json").read_text(encoding="utf-8-sig")
    )
    for split in rows.values():
        for row in split:
            filled = {key for key, value in row.items() if isinstance(value, str) and value.strip()}
            [template] = [text for keys, text in formats.items() if set(keys.split(",")) == filled]
            for key in filled:
                template = template.replace(f"%{key}%", row[key])
            assert row["output"] in template
            assert "%" not in template


def test_the_training_tab_since_4_0_reads_an_array_of_messages(datasets: Any, tmp_path: Path) -> None:
    """“Dataset formats” of docs/05 - Training Tab.md: one array, each row with ``messages`` of role and content."""
    export = export_format(HARD, tmp_path, FORMATS["text-generation-webui"])
    for file in export.files:
        rows = json.loads(file.path.read_text(encoding="utf-8"))
        assert isinstance(rows, list)
        assert all(row.keys() == {"messages"} for row in rows)
        assert all(message.keys() == {"role", "content"} for row in rows for message in row["messages"])
