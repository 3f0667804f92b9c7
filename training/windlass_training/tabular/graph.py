"""From a fitted scikit-learn pipeline to an ONNX graph, and that graph's answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import pandas as pd
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.pipeline import Pipeline

from windlass_training.system import Json
from windlass_training.tabular.features import Feature
from windlass_training.tabular.front import Front, prepend
from windlass_training.tabular.opsets import OPSETS
from windlass_training.tabular.session import GraphSession

CLASSIFIER_OUTPUTS: list[Json] = [
    {"name": "label", "type": "int64", "shape": [None], "description": "The more probable class."},
    {
        "name": "probabilities",
        "type": "float32",
        "shape": [None, 2],
        "description": "The probability of each class, in the order of the labels.",
    },
]


CLASSIFIER_NAMES = [str(output["name"]) for output in CLASSIFIER_OUTPUTS]

REGRESSOR_OUTPUTS: list[Json] = [
    {"name": "value", "type": "float32", "shape": [None, 1], "description": "The prediction."},
]


@dataclass(frozen=True)
class Answers:
    """label: int64 [N]; probabilities: float32 [N, 2]."""

    label: np.ndarray
    probabilities: np.ndarray

    def of_row(self, row: int) -> Json:
        """As golden.json has it."""
        return {"label": [int(self.label[row])], "probabilities": [float(p) for p in self.probabilities[row]]}


@dataclass(frozen=True)
class Values:
    """value: float32 [N]."""

    value: np.ndarray

    def of_row(self, row: int) -> Json:
        return {"value": [float(self.value[row])]}


def export_classifier(pipeline: Pipeline, features: Sequence[Feature], name: str) -> bytes:
    """An ONNX graph with one input [null, 1] per feature and the outputs label and probabilities, without ZipMap."""
    return export(pipeline, features, name, {"zipmap": False})


def export_regressor(pipeline: Pipeline, features: Sequence[Feature], name: str) -> bytes:
    """An ONNX graph with one input [null, 1] per feature and the output value [null, 1]."""
    return export(pipeline, features, name, {}, final_types=[("value", FloatTensorType([None, 1]))])


def export(pipeline: Pipeline, features: Sequence[Feature], name: str, options: Json, final_types: Any = None) -> bytes:
    """Where the pipeline begins with a Front, its nodes come first and the features stay the graph's only inputs."""
    front = pipeline[0] if isinstance(pipeline[0], Front) else None
    rest = pipeline if front is None else pipeline[1:]
    columns = [(feature.name, feature.kind == "numeric") for feature in features]
    if front is not None:
        columns += [(column.name, column.kind == "numeric") for column in front.derived]
    number, text = FloatTensorType([None, 1]), StringTensorType([None, 1])
    model = to_onnx(
        rest,
        name=name,
        initial_types=[(column, number if numeric else text) for column, numeric in columns],
        final_types=final_types,
        options={id(rest): options} if options else None,
        target_opset=OPSETS,
    )
    if front is not None:
        prepend(front.features, front.derived, model)
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


class Session(GraphSession):
    """A classifier's graph."""

    edge: float | None = 0.5
    """Where a score makes another label."""

    def run(self, rows: pd.DataFrame) -> Answers:
        return Answers(**self.answer(rows, CLASSIFIER_NAMES))

    def run_one_by_one(self, rows: pd.DataFrame) -> Answers:
        return Answers(**self.answer_one_by_one(rows, CLASSIFIER_NAMES))

    def score(self, rows: pd.DataFrame) -> np.ndarray:
        """What rows are ranked by: P(1) [N]."""
        return self.run(rows).probabilities[:, 1]


class RegressorSession(GraphSession):
    """A regressor's graph."""

    edge: float | None = None

    def run(self, rows: pd.DataFrame) -> Values:
        return Values(self.answer(rows, ["value"])["value"][:, 0])

    def run_one_by_one(self, rows: pd.DataFrame) -> Values:
        return Values(self.answer_one_by_one(rows, ["value"])["value"][:, 0])

    def score(self, rows: pd.DataFrame) -> np.ndarray:
        return self.run(rows).value
