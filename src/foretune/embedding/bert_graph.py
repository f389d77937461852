"""BERT encoders as ONNX graphs over the safetensors file itself.

The graph is a few kilobytes made in milliseconds: its initializers point into
the weights' file by offset, so onnxruntime maps the weights from there and
nothing is converted, copied or cached.

Texts of one run have the same number of tokens. So nothing is padded or masked,
and a vector cannot depend on other texts. On a CPU that is also the fastest:
the tokens of one long text keep a core busy, and its activations fit the cache.

Source of the architecture: Devlin et al. 2018, https://arxiv.org/abs/1810.04805,
with mean pooling after Reimers and Gurevych 2019, https://arxiv.org/abs/1908.10084.
Source of the fused operators ``Gelu`` (exact, by erf) and ``MultiHeadAttention``:
https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["GRAPH_VERSION", "BertShape", "bert_graph", "read_shape"]

GRAPH_VERSION = 1
"""Raised by every change that may change a vector."""

_OPSET = 17
_IR_VERSION = 8
_FUSED = "com.microsoft"


@dataclass(frozen=True, slots=True)
class BertShape:
    """The numbers of a BERT encoder that its weights do not show."""

    layers: int
    heads: int
    epsilon: float
    """Of every layer normalisation."""


def read_shape(config: Path) -> BertShape:
    """From the model's ``config.json``."""
    values = json.loads(config.read_bytes())
    return BertShape(values["num_hidden_layers"], values["num_attention_heads"], values["layer_norm_eps"])


def bert_graph(weights: Path, shape: BertShape) -> bytes:
    """Token ids, int64 ``(texts, tokens)``, to unit vectors, float32 ``(texts, hidden)``: means over the tokens.

    Args:
        weights: the safetensors file; when the graph is opened, onnxruntime has
            to be told its folder (``session.model_external_initializers_file_folder_path``).
        shape: what the file does not say.

    Returns:
        A serialised ONNX model with input ``ids`` and output ``embeddings``.
    """
    graph = _Graph(weights)
    text_shape = graph.add("Concat", [graph.add("Shape", ["ids"]), graph.constant([graph.hidden])], axis=0)
    # One row a token: what the linear layers want. Attention alone needs to know where a text ends.
    x = graph.add("Reshape", [_embedded(graph, shape), graph.constant([-1, graph.hidden])])
    for layer in range(shape.layers):
        name = f"encoder.layer.{layer}"
        attended = _attention(graph, x, name, text_shape, shape.heads)
        attended = graph.add("Add", [graph.linear(attended, f"{name}.attention.output.dense"), x])
        x = graph.normalise(attended, f"{name}.attention.output.LayerNorm", shape.epsilon)
        inner = graph.add("Gelu", [graph.linear(x, f"{name}.intermediate.dense")], domain=_FUSED)
        inner = graph.add("Add", [graph.linear(inner, f"{name}.output.dense"), x])
        x = graph.normalise(inner, f"{name}.output.LayerNorm", shape.epsilon)
    graph.add("LpNormalization", [_summed(graph, graph.add("Reshape", [x, text_shape]))], output="embeddings", p=2)
    return graph.serialised()


def _embedded(graph: _Graph, shape: BertShape) -> str:
    """The sum of word, position and token type, normalised: ``(texts, tokens, hidden)``."""
    first, second = graph.constant([0]), graph.constant([1])
    tokens = graph.add("Shape", ["ids"], start=1)
    words = graph.add("Gather", [graph.weight("embeddings.word_embeddings.weight"), "ids"])
    places = graph.add("Slice", [graph.weight("embeddings.position_embeddings.weight"), first, tokens, first])
    kind = graph.add("Slice", [graph.weight("embeddings.token_type_embeddings.weight"), first, second, first])
    x = graph.add("Add", [graph.add("Add", [words, places]), kind])
    return graph.normalise(x, "embeddings.LayerNorm", shape.epsilon)


def _attention(graph: _Graph, x: str, layer: str, text_shape: str, heads: int) -> str:
    """Attention of every token of a text to every token of it; rows in, rows out."""
    parts = [
        graph.add("Reshape", [graph.linear(x, f"{layer}.attention.self.{part}"), text_shape])
        for part in ("query", "key", "value")
    ]
    attended = graph.add("MultiHeadAttention", parts, domain=_FUSED, num_heads=heads)
    return graph.add("Reshape", [attended, graph.constant([-1, graph.hidden])])


def _summed(graph: _Graph, x: str) -> str:
    """Sums over the tokens, ``(texts, hidden)``; normalisation makes them equal to means.

    A product with ones: the sum operator adds in another order for one text than for several.
    """
    from onnx import TensorProto, helper

    one_row = graph.add("Concat", [graph.constant([1]), graph.add("Shape", ["ids"], start=1)], axis=0)
    ones = graph.add("ConstantOfShape", [one_row], value=helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0]))
    return graph.add("Squeeze", [graph.add("MatMul", [ones, x]), graph.constant([1])])


class _Graph:
    """Nodes and initializers as they are added; every ``add`` returns the name of its output."""

    def __init__(self, weights: Path) -> None:
        self._weights = weights
        self._tensors, self._data_start = _read_header(weights)
        self.hidden: int = self._tensors["embeddings.word_embeddings.weight"]["shape"][1]
        self._nodes: list[Any] = []
        self._initializers: dict[str, Any] = {}

    def add(
        self, operator: str, inputs: Sequence[str], *, output: str = "", domain: str = "", **attributes: Any
    ) -> str:
        from onnx import helper

        output = output or f"{operator}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [output], name=output, domain=domain, **attributes))
        return output

    def linear(self, x: str, name: str) -> str:
        # The file holds (out, in), as torch does.
        return self.add("Gemm", [x, self.weight(f"{name}.weight"), self.weight(f"{name}.bias")], transB=1)

    def normalise(self, x: str, name: str, epsilon: float) -> str:
        inputs = [x, self.weight(f"{name}.weight"), self.weight(f"{name}.bias")]
        return self.add("LayerNormalization", inputs, axis=-1, epsilon=epsilon)

    def constant(self, values: Sequence[int]) -> str:
        from onnx import numpy_helper

        name = f"constant {values}"
        self._initializers[name] = numpy_helper.from_array(np.array(values, dtype=np.int64), name)
        return name

    def weight(self, name: str) -> str:
        from onnx import TensorProto

        if name not in self._initializers:
            entry = self._tensors[name]
            start, end = entry["data_offsets"]
            tensor = TensorProto(
                name=name,
                data_type=TensorProto.FLOAT,
                dims=entry["shape"],
                data_location=TensorProto.EXTERNAL,
            )
            place = {"location": self._weights.name, "offset": self._data_start + start, "length": end - start}
            for key, value in place.items():
                tensor.external_data.add(key=key, value=str(value))
            self._initializers[name] = tensor
        return name

    def serialised(self) -> bytes:
        from onnx import TensorProto, helper

        graph = helper.make_graph(
            self._nodes,
            "bert",
            [helper.make_tensor_value_info("ids", TensorProto.INT64, ["texts", "tokens"])],
            [helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["texts", self.hidden])],
            list(self._initializers.values()),
        )
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_FUSED, 1)]
        serialised: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION).SerializeToString()
        return serialised


def _read_header(path: Path) -> tuple[dict[str, Any], int]:
    """What each tensor is, and where in the file the data begins.

    Source of the format: https://github.com/huggingface/safetensors#format
    """
    with path.open("rb") as stream:
        (size,) = struct.unpack("<Q", stream.read(8))
        return json.loads(stream.read(size)), 8 + size
