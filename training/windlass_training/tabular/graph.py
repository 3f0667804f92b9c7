"""From a fitted scikit-learn pipeline to an ONNX graph, and that graph's answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pandas as pd
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.pipeline import Pipeline

from windlass_training.system import Json
from windlass_training.tabular.features import Feature

# The newest that skl2onnx 1.20 writes; ONNX Runtime 1.30 takes up to 26.
OPSETS = {"": 22, "ai.onnx.ml": 3}

CLASSIFIER_OUTPUTS: list[Json] = [
    {"name": "label", "type": "int64", "shape": [None], "description": "The more probable class."},
    {
        "name": "probabilities",
        "type": "float32",
        "shape": [None, 2],
        "description": "The probability of each class, in the order of the labels.",
    },
]


@dataclass(frozen=True)
class Answers:
    """label: int64 [N]; probabilities: float32 [N, 2]."""

    label: np.ndarray
    probabilities: np.ndarray


def export_classifier(pipeline: Pipeline, features: Sequence[Feature], name: str) -> bytes:
    """An ONNX graph with one input [null, 1] per feature and the outputs label and probabilities, without ZipMap."""
    numeric, text = FloatTensorType([None, 1]), StringTensorType([None, 1])
    inputs = [(feature.name, numeric if feature.kind == "numeric" else text) for feature in features]
    model = to_onnx(
        pipeline,
        name=name,
        initial_types=inputs,
        options={id(pipeline): {"zipmap": False}},
        target_opset=OPSETS,
    )
    drop_unused_initializers(model)
    sort_opsets(model)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def drop_unused_initializers(model: Any) -> None:
    """skl2onnx leaves some behind, and ONNX Runtime warns of each whenever the model is loaded."""
    used = {name for node in model.graph.node for name in node.input}
    kept = [tensor for tensor in model.graph.initializer if tensor.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)


def sort_opsets(model: Any) -> None:
    """skl2onnx writes them in the order of a set of strings, which differs from one process to the next."""
    opsets = sorted(model.opset_import, key=lambda opset: opset.domain)
    del model.opset_import[:]
    model.opset_import.extend(opsets)


class Session:
    """ONNX Runtime on one thread: the same bits on every run."""

    def __init__(self, graph: bytes) -> None:
        self.graph = graph
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    def run(self, rows: pd.DataFrame) -> Answers:
        return self._run(tensors(rows))

    def run_one_by_one(self, rows: pd.DataFrame) -> Answers:
        batch = tensors(rows)
        answers = [self._run({name: tensor[i : i + 1] for name, tensor in batch.items()}) for i in range(len(rows))]
        return Answers(
            np.concatenate([answer.label for answer in answers]),
            np.concatenate([answer.probabilities for answer in answers]),
        )

    def _run(self, feeds: dict[str, np.ndarray]) -> Answers:
        label, probabilities = self._session.run(["label", "probabilities"], feeds)
        return Answers(label, probabilities)


def tensors(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """Column -> its tensor [N, 1]."""
    return {str(name): rows[[name]].to_numpy() for name in rows.columns}
