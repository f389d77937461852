"""A four-bit ONNX model as an eight-bit one, in memory: the same weights, multiplied three times as fast.

Four-bit weights (``MatMulNBits``) save space on disk and are turned into floats at
every run. Here each is turned once into a signed byte with one scale a column, and
the input is quantised as it comes (``DynamicQuantizeLinear``, ``MatMulInteger``):
https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto

__all__ = ["eight_bit"]

_LARGEST = 63
"""Seven bits of eight: products of two neighbours then fit into 16 bits, so that processors without VNNI
(where ``vpmaddubsw`` saturates) come to the same integers as those with it."""


def eight_bit(path: Path) -> bytes:
    """The model at ``path`` with every ``MatMulNBits`` of constant weights as an integer multiplication."""
    import onnx

    model = onnx.load(path)
    weights = {each.name: each for each in model.graph.initializer}
    nodes: list[NodeProto] = []
    added: list[TensorProto] = []
    quantized: dict[str, tuple[str, str, str]] = {}
    for node in model.graph.node:
        if node.op_type != "MatMulNBits":
            nodes.append(node)
            continue
        source = node.input[0]
        if source not in quantized:  # query, key and value share one input
            outputs = (f"{source}_u8", f"{source}_scale", f"{source}_zero")
            nodes.append(onnx.helper.make_node("DynamicQuantizeLinear", [source], list(outputs)))
            quantized[source] = outputs
        made, constants = _integer_multiplication(node, quantized[source], _floats(node, weights))
        nodes += made
        added += constants
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    used = {name for node in nodes for name in node.input}
    kept = [each for each in weights.values() if each.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend([*kept, *added])
    return bytes(model.SerializeToString())


def _floats(node: NodeProto, weights: dict[str, TensorProto]) -> NDArray[np.float32]:
    """The weights of a ``MatMulNBits`` as ``(inputs, outputs)``.

    Two a byte, the lower half first, in blocks that share a scale; the zero point is 8:
    https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MatMulNBits.
    """
    from onnx import numpy_helper

    sizes = {each.name: each.i for each in node.attribute}
    inputs, outputs, block = sizes["K"], sizes["N"], sizes["block_size"]
    packed = numpy_helper.to_array(weights[node.input[1]])
    scales = numpy_helper.to_array(weights[node.input[2]]).reshape(outputs, -1, 1)
    halves = np.stack([packed & 15, packed >> 4], axis=-1).reshape(outputs, -1, block)
    whole = ((halves.astype(np.float32) - 8) * scales).reshape(outputs, -1)
    return np.ascontiguousarray(whole[:, :inputs].T)


def _integer_multiplication(
    node: NodeProto, source: tuple[str, str, str], weights: NDArray[np.float32]
) -> tuple[list[Any], list[Any]]:
    """Nodes and constants that compute what ``node`` does."""
    from onnx import TensorProto, helper, numpy_helper

    values, scale, zero = source
    name = node.output[0]
    scales = np.abs(weights).max(axis=0) / _LARGEST
    scales[scales == 0] = 1
    bytes_ = np.rint(weights / scales).astype(np.int8)
    nodes = [
        helper.make_node("MatMulInteger", [values, f"{name}_w", zero], [f"{name}_i32"]),
        helper.make_node("Cast", [f"{name}_i32"], [f"{name}_f32"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [scale, f"{name}_ws"], [f"{name}_s"]),
        helper.make_node("Mul", [f"{name}_f32", f"{name}_s"], [name]),
    ]
    constants = [
        numpy_helper.from_array(bytes_, f"{name}_w"),
        numpy_helper.from_array(scales.astype(np.float32), f"{name}_ws"),
    ]
    return nodes, constants
