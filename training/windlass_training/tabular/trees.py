"""How near rows come to the splits of trees: there, one rounding of a feature changes the answer."""

from collections.abc import Iterator
from typing import Any

import numpy as np


def split_distance(estimator: Any, matrix: np.ndarray) -> np.ndarray:
    """The least |value - threshold| of each row of `matrix` [N, columns], over the splits on its way down each tree;
    infinite without trees. Whole numbers do lie on splits: one between 40 and 42 is at 41."""
    rows = np.ascontiguousarray(matrix, dtype=np.float32)
    nearest = np.full(len(rows), np.inf)
    for tree in trees_of(estimator):
        path = tree.decision_path(rows).tocoo()
        row, node = path.row, path.col
        inner = tree.feature[node] >= 0
        row, node = row[inner], node[inner]
        distance = np.abs(rows[row, tree.feature[node]] - tree.threshold[node])
        np.minimum.at(nearest, row, distance)
    return nearest


def trees_of(estimator: Any) -> Iterator[Any]:
    """Every fitted tree inside an estimator, through ensembles of ensembles."""
    if hasattr(estimator, "tree_"):
        yield estimator.tree_
        return
    for member in np.ravel(np.asarray(getattr(estimator, "estimators_", []), dtype=object)):
        yield from trees_of(member)
