"""From a Keras network to an ONNX graph that takes pictures, and that graph's answers.

Written by hand from the layers' weights: tf2onnx, which Keras' own export needs, does not go with protobuf 7.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from windlass_training.errors import TrainingError
from windlass_training.onnx_session import open_session
from windlass_training.system import Json

OPSET = 22
IR_VERSION = 10
INPUT = "image"
LABEL = "label"
PROBABILITIES = "probabilities"
BATCH = 16


@dataclass
class Graph:
    """What has been written so far; `last` is the name of the tensor that the next node reads, [N, C, H, W]."""

    last: str
    nodes: list[Any] = field(default_factory=list)
    weights: list[Any] = field(default_factory=list)

    def add(self, operator: str, *weights: np.ndarray, **attributes: Any) -> None:
        name = f"{operator.lower()}_{len(self.nodes)}"
        inputs = [self.last, *(self.weight(f"{name}_weight_{i}", weight) for i, weight in enumerate(weights))]
        self.nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        self.last = name

    def weight(self, name: str, value: np.ndarray) -> str:
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name


def export_network(model: Any, name: str) -> bytes:
    """A Keras Sequential over [N, side, side, 3], softmax last -> ONNX: uint8 [N, side, side, 3] -> label int64 [N],
    probabilities float32 [N, classes]. Raises TrainingError for a layer that it cannot write."""
    _, height, width, channels = model.input_shape
    graph = Graph(INPUT)
    # Still bytes: a quarter of what would be moved after the cast.
    graph.add("Transpose", perm=[0, 3, 1, 2])
    graph.add("Cast", to=TensorProto.FLOAT)
    for layer in model.layers:
        writer_of(layer)(graph, layer)
    classes = int(model.output_shape[-1])
    graph.nodes.append(helper.make_node("Identity", [graph.last], [PROBABILITIES], name=PROBABILITIES))
    graph.nodes.append(helper.make_node("ArgMax", [PROBABILITIES], [LABEL], name=LABEL, axis=1, keepdims=0))
    return serialize(graph, name, (height, width, channels), classes)


def serialize(graph: Graph, name: str, picture: tuple[int, int, int], classes: int) -> bytes:
    described = helper.make_graph(
        graph.nodes,
        name,
        [helper.make_tensor_value_info(INPUT, TensorProto.UINT8, ["N", *picture])],
        [
            helper.make_tensor_value_info(LABEL, TensorProto.INT64, ["N"]),
            helper.make_tensor_value_info(PROBABILITIES, TensorProto.FLOAT, ["N", classes]),
        ],
        graph.weights,
    )
    model = helper.make_model(
        described,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="windlass-training",
    )
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def rescaling(graph: Graph, layer: Any) -> None:
    graph.add("Mul", np.array(layer.scale, np.float32))
    if layer.offset:
        graph.add("Add", np.array(layer.offset, np.float32))


def convolution(graph: Graph, layer: Any) -> None:
    (height, width), strides = layer.kernel_size, tuple(layer.strides)
    same = layer.padding == "same"
    if tuple(layer.dilation_rate) != (1, 1) or layer.groups != 1 or (same and (strides != (1, 1) or height % 2 == 0)):
        raise TrainingError(
            f"the layer {layer.name} cannot be written as ONNX: dilation {layer.dilation_rate}, {layer.groups} groups, "
            f"kernel {layer.kernel_size}, strides {strides}, padding {layer.padding}; without dilation and groups, and "
            "padding same with odd kernels and stride 1 alone, it can"
        )
    # Keras has kernels as [H, W, in, out].
    weights = [np.transpose(weight, (3, 2, 0, 1)) if weight.ndim == 4 else weight for weight in layer.get_weights()]
    pads = [height // 2, width // 2] * 2 if same else [0, 0, 0, 0]
    graph.add("Conv", *weights, kernel_shape=[height, width], strides=list(strides), pads=pads)
    activation(graph, layer)


def batch_normalization(graph: Graph, layer: Any) -> None:
    gamma, beta, mean, variance = layer.get_weights()
    graph.add("BatchNormalization", gamma, beta, mean, variance, epsilon=float(layer.epsilon))


def max_pooling(graph: Graph, layer: Any) -> None:
    # Keras' "valid" drops what is left over at the edge, as ONNX's floor does.
    if layer.padding != "valid":
        raise TrainingError(f"the layer {layer.name} cannot be written as ONNX: padding {layer.padding}; use valid")
    graph.add("MaxPool", kernel_shape=list(layer.pool_size), strides=list(layer.strides))


def global_average(graph: Graph, _layer: Any) -> None:
    graph.add("GlobalAveragePool")
    graph.add("Flatten", axis=1)


def dense(graph: Graph, layer: Any) -> None:
    graph.add("Gemm", *layer.get_weights())
    activation(graph, layer)


def relu(graph: Graph, layer: Any) -> None:
    if layer.max_value is not None or layer.negative_slope or layer.threshold:
        raise TrainingError(f"the layer {layer.name} cannot be written as ONNX: only a plain ReLU can")
    graph.add("Relu")


def activation(graph: Graph, layer: Any) -> None:
    name = layer.activation.__name__
    if name == "relu":
        graph.add("Relu")
    elif name == "softmax":
        graph.add("Softmax", axis=1)
    elif name != "linear":
        raise TrainingError(f"the layer {layer.name} cannot be written as ONNX: activation {name}; use relu or softmax")


def dropout(_graph: Graph, _layer: Any) -> None:
    """Does nothing outside of training."""


WRITERS: Mapping[str, Callable[[Graph, Any], None]] = {
    "Rescaling": rescaling,
    "Conv2D": convolution,
    "BatchNormalization": batch_normalization,
    "ReLU": relu,
    "MaxPooling2D": max_pooling,
    "GlobalAveragePooling2D": global_average,
    "Dropout": dropout,
    "Dense": dense,
}


def writer_of(layer: Any) -> Callable[[Graph, Any], None]:
    kind = type(layer).__name__
    if kind not in WRITERS:
        raise TrainingError(
            f"the layer {layer.name} ({kind}) cannot be written as ONNX; known are {', '.join(WRITERS)}"
        )
    return WRITERS[kind]


def manifest_inputs(side: int) -> list[Json]:
    return [
        {
            "name": INPUT,
            "type": "uint8",
            "shape": [None, side, side, 3],
            "description": "A picture of one leaf: JPEG, PNG or WebP.",
            "required": True,
            "image": {"height": side, "width": side, "resize": "bilinear", "fit": "stretch", "layout": "nhwc"},
        }
    ]


def manifest_outputs(labels: Sequence[str]) -> list[Json]:
    return [
        {"name": LABEL, "type": "int64", "shape": [None], "description": "The index of the most probable class."},
        {
            "name": PROBABILITIES,
            "type": "float32",
            "shape": [None, len(labels)],
            "description": f"The probability of each class: {', '.join(labels)}.",
        },
    ]


@dataclass(frozen=True)
class Answers:
    label: np.ndarray
    """int64 [N]."""
    probabilities: np.ndarray
    """float32 [N, classes]."""


class Session:
    def __init__(self, graph: bytes) -> None:
        self.graph = graph
        self._session = open_session(graph)

    def run(self, pixels: np.ndarray, batch: int = BATCH) -> Answers:
        """`pixels` uint8 [N, side, side, 3]."""
        parts = [
            self._session.run([LABEL, PROBABILITIES], {INPUT: pixels[start : start + batch]})
            for start in range(0, len(pixels), batch)
        ]
        return Answers(np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts]))
