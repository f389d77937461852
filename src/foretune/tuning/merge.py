"""Base model and adapter made one: a GGUF file for programs that switch no adapters.

One tensor is in memory at a time. Needs ``gguf`` and ``safetensors``, but not torch. Types and layout:
https://github.com/ggml-org/ggml/blob/master/docs/gguf.md; the quantised forms are those of the ``gguf`` package,
which its publisher holds byte for byte against llama.cpp's.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from foretune.tuning.layout import ARCHITECTURES, LINEAR_LAYERS, interleave_rotary_rows
from foretune.tuning.weights import PLAIN, WeightFiles

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float32]

__all__ = ["FILE_TYPES", "write_merged"]

FILE_TYPES: Mapping[str, int] = {"F32": 0, "F16": 1, "Q8_0": 7}
"""Name of the number format: ``general.file_type``, llama.cpp's ``LLAMA_FTYPE_*``."""

_PREFIX = "base_model.model.model."


def write_merged(base: Path, peft: Path, out: Path, *, kind: str, name: str = "", files: WeightFiles = PLAIN) -> None:
    """Write ``base`` with the update of the PEFT folder ``peft`` added to its weights; whole or not at all.

    The matrices are stored as ``kind``; norms and biases stay float32, as in every GGUF file.
    The same inputs give the same bytes.

    Args:
        base: GGUF file the adapter was trained on; its metadata, tokenizer and template are kept.
        kind: a key of :data:`FILE_TYPES`.
        name: what the file calls itself (``general.name``); as the base does if empty.
    """
    import gguf

    reader = gguf.GGUFReader(base)
    architecture = str(reader.fields["general.architecture"].contents())
    updates = _Updates.read(peft, files)
    heads = {
        layer: int(reader.fields[f"{architecture}.attention.{key}"].contents())
        for layer, key in (("attn_q", "head_count"), ("attn_k", "head_count_kv"))
    }
    stored_as = gguf.GGMLQuantizationType[kind]
    with files.draft(out) as draft:
        writer = gguf.GGUFWriter(str(draft), architecture)
        _copy_metadata(
            reader, writer, {"general.file_type": FILE_TYPES[kind], **({"general.name": name} if name else {})}
        )
        planned = []
        for tensor in reader.tensors:
            shape = tuple(int(size) for size in reversed(tensor.shape))  # gguf lists the fastest axis first
            type_ = _type(shape, stored_as, gguf)
            writer.add_tensor_info(
                tensor.name,
                gguf.quants.quant_shape_to_byte_shape(shape, type_) if _is_bytes(type_, gguf) else shape,
                _numpy_type(type_, gguf),
                _bytes(shape, type_, gguf),
                type_ if _is_bytes(type_, gguf) else None,
            )
            planned.append((tensor, shape, type_))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for tensor, shape, type_ in planned:
            values = gguf.quants.dequantize(tensor.data, tensor.tensor_type).reshape(shape)
            if (update := updates.find(tensor.name)) is not None:
                layer = tensor.name.split(".")[2]
                permuted = ARCHITECTURES[architecture].permutes(tensor.name)
                values = update.applied(values, heads[layer] if permuted else 0)
            writer.write_tensor_data(gguf.quants.quantize(values, type_))
        writer.close()


@dataclass(frozen=True, slots=True)
class _Update:
    """What an adapter does to one matrix W of (outputs, inputs)."""

    a: Floats
    """(rank, inputs)"""
    b: Floats
    """(outputs, rank)"""
    scale: float
    magnitude: Floats | None
    """(outputs,), of DoRA."""

    def applied(self, weight: Floats, heads: int) -> Floats:
        """W + scale · B A; with DoRA each row of that is brought to its magnitude (arXiv:2402.09353, eq. 5).

        ``heads`` above 0: the rows of ``weight`` are in llama.cpp's rotary order, and those of the update are not.
        """
        import numpy as np

        b, magnitude = self.b, self.magnitude
        if heads:
            b = interleave_rotary_rows(b, heads)
            magnitude = None if magnitude is None else interleave_rotary_rows(magnitude, heads)
        merged: Floats = weight + np.float32(self.scale) * (b @ self.a)
        if magnitude is not None:
            merged *= (magnitude / np.linalg.norm(merged, axis=1))[:, None]
        return merged


class _Updates:
    """The updates in a PEFT folder by GGUF name."""

    def __init__(self, tensors: Mapping[str, Floats], scale: float) -> None:
        self._tensors = tensors
        self._scale = scale

    @classmethod
    def read(cls, folder: Path, files: WeightFiles) -> _Updates:
        from safetensors.numpy import load

        config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
        rank = config["r"]
        scale = config["lora_alpha"] / (math.sqrt(rank) if config.get("use_rslora") else rank)
        with files.reading(folder / "adapter_model.safetensors") as stream:
            return cls(load(stream.read()), scale)

    def find(self, gguf_name: str) -> _Update | None:
        block, layer, kind = [*gguf_name.split(".")[1:], "", "", ""][:3]
        if kind != "weight" or layer not in LINEAR_LAYERS:
            return None
        stem = f"{_PREFIX}layers.{block}.{LINEAR_LAYERS[layer]}"
        if f"{stem}.lora_A.weight" not in self._tensors:
            return None
        return _Update(
            self._tensors[f"{stem}.lora_A.weight"],
            self._tensors[f"{stem}.lora_B.weight"],
            self._scale,
            self._tensors.get(f"{stem}.lora_magnitude_vector"),
        )


def _copy_metadata(reader: Any, writer: Any, changed: Mapping[str, Any]) -> None:
    """Everything the base says about itself, but for what is ``changed``."""
    import gguf

    for field in reader.fields.values():
        # The writer makes these itself.
        if field.name == "general.architecture" or field.name.startswith("GGUF.") or field.name in changed:
            continue
        nested = field.types[1] if field.types[0] is gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, field.contents(), field.types[0], nested)
    for key, value in changed.items():
        kind = gguf.GGUFValueType.STRING if isinstance(value, str) else gguf.GGUFValueType.UINT32
        writer.add_key_value(key, value, kind)


def _type(shape: tuple[int, ...], wanted: Any, gguf: Any) -> Any:
    """Vectors stay float32; so does a matrix whose rows are no whole number of blocks."""
    block, _ = gguf.GGML_QUANT_SIZES[wanted]
    return gguf.GGMLQuantizationType.F32 if len(shape) < 2 or shape[-1] % block else wanted


def _is_bytes(type_: Any, gguf: Any) -> bool:
    return type_ not in (gguf.GGMLQuantizationType.F32, gguf.GGMLQuantizationType.F16)


def _numpy_type(type_: Any, gguf: Any) -> Any:
    import numpy as np

    plain = {gguf.GGMLQuantizationType.F32: np.float32, gguf.GGMLQuantizationType.F16: np.float16}
    return np.dtype(plain.get(type_, np.uint8))


def _bytes(shape: tuple[int, ...], type_: Any, gguf: Any) -> int:
    block, size = gguf.GGML_QUANT_SIZES[type_]
    return math.prod(shape) // int(block) * int(size)
