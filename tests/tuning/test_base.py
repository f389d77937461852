"""The model that is trained is the model that the engine runs."""

from __future__ import annotations

from pathlib import Path

import gguf
import pytest
from tests.tuning.tiny import Engine, packaged, tiny_model, vocabulary

from foretune.errors import ModelError
from foretune.tuning.base import load_base
from foretune.tuning.layout import interleave_rotary_rows, split_rotary_rows
from foretune.tuning.runtime import torch

CPU = torch.device("cpu")
PROMPT = [20, 31, 7, 99, 150, 42, 8, 8, 61]


def test_rotary_rows_go_from_halves_to_pairs_and_back() -> None:
    rows = torch.arange(8).unsqueeze(1)  # two heads of four rows
    assert interleave_rotary_rows(rows, 2).flatten().tolist() == [0, 2, 1, 3, 4, 6, 5, 7]
    assert split_rotary_rows(interleave_rotary_rows(rows, 2), 2).flatten().tolist() == list(range(8))


@pytest.mark.parametrize("architecture", ["llama", "qwen2"])
def test_the_loaded_model_gives_the_engines_probabilities(tmp_path: Path, architecture: str) -> None:
    files = tiny_model(tmp_path, architecture)
    model = load_base(files.weights, dtype=torch.float32, device=CPU)
    ours = torch.log_softmax(model(torch.tensor([PROMPT])).logits[0, -1], dim=-1)
    engine = Engine(files.weights).next_token_logprobs(PROMPT, len(vocabulary()))
    assert len(engine) == len(vocabulary())
    assert torch.allclose(ours, torch.tensor([engine[i] for i in range(len(ours))]), atol=5e-3)


@pytest.mark.slow
def test_a_quantised_file_is_unpacked_as_transformers_unpacks_it() -> None:
    from transformers import AutoModelForCausalLM

    path = packaged("smollm2-135m").weights
    ours = load_base(path, dtype=torch.float32, device=CPU)
    theirs = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32)
    expected = theirs.state_dict()
    assert ours.state_dict().keys() == expected.keys()
    assert all(torch.equal(values, expected[name]) for name, values in ours.state_dict().items())
    for setting in ("rope_parameters", "rms_norm_eps", "head_dim", "vocab_size", "tie_word_embeddings"):
        assert getattr(ours.config, setting) == getattr(theirs.config, setting)
    assert torch.equal(ours.model.rotary_emb.inv_freq, theirs.model.rotary_emb.inv_freq)


def test_stretched_rotary_frequencies_of_the_file_are_used(tmp_path: Path) -> None:
    files = tiny_model(tmp_path)
    stretched = tmp_path / "stretched.gguf"
    _copy_with_tensor(files.weights, stretched, "rope_freqs.weight", torch.full((8,), 4.0))
    plain = load_base(files.weights, dtype=torch.float32, device=CPU)
    model = load_base(stretched, dtype=torch.float32, device=CPU)
    assert torch.allclose(model.model.rotary_emb.inv_freq * 4, plain.model.rotary_emb.inv_freq)
    ours = torch.log_softmax(model(torch.tensor([PROMPT])).logits[0, -1], dim=-1)
    engine = Engine(stretched).next_token_logprobs(PROMPT, len(vocabulary()))
    assert torch.allclose(ours, torch.tensor([engine[i] for i in range(len(ours))]), atol=5e-3)


def test_a_tensor_without_a_place_is_refused(tmp_path: Path) -> None:
    files = tiny_model(tmp_path)
    odd = tmp_path / "odd.gguf"
    _copy_with_tensor(files.weights, odd, "blk.0.attn_sinks.weight", torch.ones(4))
    with pytest.raises(ModelError, match=r"blk\.0\.attn_sinks\.weight"):
        load_base(odd, dtype=torch.float32, device=CPU)


def test_another_architecture_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "other.gguf"
    writer = gguf.GGUFWriter(str(path), "mamba")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    with pytest.raises(ModelError, match="only llama, qwen2 models can be tuned"):
        load_base(path, dtype=torch.float32, device=CPU)


def _copy_with_tensor(source: Path, target: Path, name: str, values: torch.Tensor) -> None:
    reader = gguf.GGUFReader(str(source))
    writer = gguf.GGUFWriter(str(target), str(reader.fields["general.architecture"].contents()))
    for field in reader.fields.values():
        if not field.name.startswith("GGUF.") and field.name != "general.architecture":
            writer.add_key_value(
                field.name, field.contents(), field.types[0], field.types[-1] if len(field.types) > 1 else None
            )
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, tensor.data)
    writer.add_tensor(name, values.numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
