"""The step of a pipeline that computes columns inside the graph: training and serving run the very same nodes."""

from collections.abc import Sequence
from typing import Any, Self

import onnx
import pandas as pd
from onnx import TensorProto, helper
from sklearn.base import BaseEstimator, TransformerMixin

from windlass_training.tabular.derived import Derived, constants_of, nodes_of
from windlass_training.tabular.features import Feature, names
from windlass_training.tabular.opsets import IR_VERSION, OPSETS
from windlass_training.tabular.session import GraphSession


class Front(BaseEstimator, TransformerMixin):  # type: ignore[misc]
    """The first step of a Pipeline. It adds the derived columns by running their graph with ONNX Runtime; the export of
    the pipeline puts the same nodes before the others (`prepend`)."""

    def __init__(self, features: Sequence[Feature], derived: Sequence[Derived]) -> None:
        self.features = features
        self.derived = derived

    def fit(self, rows: pd.DataFrame, target: object = None) -> Self:  # noqa: ARG002
        self.session_ = GraphSession(front_graph(self.features, self.derived))
        return self

    def transform(self, rows: pd.DataFrame) -> pd.DataFrame:
        raw = rows[names(self.features)]
        answers = self.session_.answer(raw, [column.name for column in self.derived])
        return raw.assign(**{name: answer[:, 0] for name, answer in answers.items()})


def front_graph(features: Sequence[Feature], derived: Sequence[Derived]) -> bytes:
    """A model of its own: the features in, the derived columns out."""
    graph = helper.make_graph(
        nodes_of(derived),
        "front",
        [value_info(feature.name, feature.kind == "numeric") for feature in features],
        [value_info(column.name, column.kind == "numeric") for column in derived],
        constants_of(derived),
    )
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def prepend(features: Sequence[Feature], derived: Sequence[Derived], model: Any) -> None:
    """Makes `model`, whose inputs are columns by name, one whose inputs are the features alone."""
    graph = model.graph
    nodes = [*nodes_of(derived), *graph.node]
    constants = [*constants_of(derived), *graph.initializer]
    inputs = [value_info(feature.name, feature.kind == "numeric") for feature in features]
    for field, content in (("node", nodes), ("initializer", constants), ("input", inputs)):
        graph.ClearField(field)
        getattr(graph, field).extend(content)
    # skl2onnx imports the oldest operator sets that its own nodes are in.
    del model.opset_import[:]
    model.opset_import.extend(helper.make_opsetid(domain, version) for domain, version in OPSETS.items())


def value_info(name: str, numeric: bool) -> Any:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT if numeric else TensorProto.STRING, [None, 1])
