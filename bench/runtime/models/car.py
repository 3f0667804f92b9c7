"""Writes a regression forest of 300 trees, about 28 MB as ONNX, of the size of a used-car price model: car.py OUT."""

import sys
from pathlib import Path

import numpy as np
from skl2onnx import to_onnx
from sklearn.ensemble import RandomForestRegressor

FEATURES = 12
ROWS = 6_800


def main(out: Path) -> None:
    random = np.random.default_rng(11)
    table = random.normal(size=(ROWS, FEATURES)).astype(np.float32)
    price = 20_000 + 4_000 * table[:, 0] - 3_000 * table[:, 1] * (table[:, 2] > 0) + 900 * np.sin(3 * table[:, 3])
    price += random.normal(scale=800, size=ROWS)
    forest = RandomForestRegressor(n_estimators=300, min_samples_leaf=3, random_state=11, n_jobs=1)
    forest.fit(table, price)
    graph = to_onnx(forest, table[:1], target_opset={"": 17, "ai.onnx.ml": 3})
    out.write_bytes(graph.SerializeToString())


main(Path(sys.argv[1]))
