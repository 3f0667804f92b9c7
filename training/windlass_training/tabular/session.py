"""ONNX Runtime, as training asks it for a table's rows."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from windlass_training.onnx_session import open_session


class GraphSession:
    def __init__(self, graph: bytes) -> None:
        self.graph = graph
        self._session = open_session(graph)

    @property
    def inputs(self) -> Sequence[Any]:
        """Of the graph, as ONNX Runtime describes them: name, type, shape."""
        found: Sequence[Any] = self._session.get_inputs()
        return found

    @property
    def outputs(self) -> Sequence[Any]:
        found: Sequence[Any] = self._session.get_outputs()
        return found

    def answer(self, rows: pd.DataFrame, outputs: Sequence[str]) -> dict[str, np.ndarray]:
        """Output -> its tensor, for all rows in one run."""
        return self._run(tensors(rows), outputs)

    def answer_one_by_one(self, rows: pd.DataFrame, outputs: Sequence[str]) -> dict[str, np.ndarray]:
        """Output -> its tensor, one run for each row."""
        batch = tensors(rows)
        answers = [
            self._run({name: tensor[i : i + 1] for name, tensor in batch.items()}, outputs) for i in range(len(rows))
        ]
        return {name: np.concatenate([answer[name] for answer in answers]) for name in outputs}

    def _run(self, feeds: dict[str, np.ndarray], outputs: Sequence[str]) -> dict[str, np.ndarray]:
        return dict(zip(outputs, self._session.run(list(outputs), feeds), strict=True))


def tensors(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """Column -> its tensor [N, 1]."""
    return {str(name): rows[[name]].to_numpy() for name in rows.columns}
