"""A bundle that was read back: whether its graph still gives its golden answers, and model.json's metrics."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from windlass_training.onnx_session import open_session
from windlass_training.system import Check, Json, StoredBundle

METRIC_TOLERANCE = 1e-6
"""What rounding to six decimals leaves of a metric that is the same."""


def golden_check(bundle: StoredBundle) -> list[Check]:
    """Of a graph over a table. A bundle without golden answers has no such check."""
    if bundle.golden is None:
        return []
    session = open_session(bundle.graph)
    rows = bundle.golden["rows"]
    greatest = max(golden_difference(session, bundle.manifest["inputs"], row) for row in rows)
    name = f"greatest difference from golden.json's answers, {len(rows)} rows"
    return [Check(name, greatest, float(bundle.golden["tolerance"]), "at most")]


def golden_difference(session: Any, inputs: list[Json], row: Json) -> float:
    feeds = {entry["name"]: tensor(entry["type"], row["input"].get(entry["name"])) for entry in inputs}
    outputs = list(row["output"])
    answers = session.run(outputs, feeds)
    return max(
        float(np.abs(np.ravel(answer).astype(np.float64) - np.asarray(row["output"][name], np.float64)).max())
        for name, answer in zip(outputs, answers, strict=True)
    )


def tensor(kind: str, value: Any) -> np.ndarray:
    if kind == "string":
        return np.array([["" if value is None else value]], dtype=object)
    return np.array([[np.nan if value is None else value]], dtype=np.float32)


def metrics_check(bundle: StoredBundle, measured: Mapping[str, float]) -> list[Check]:
    """For the test split that model.json's metrics were measured on: the same graph must give the same metrics."""
    stated = bundle.manifest.get("metrics", {})
    compared = {name: abs(measured[name] - stated[name]) for name in measured if name in stated}
    if not compared:
        return []
    worst = max(compared, key=lambda name: compared[name])
    return [
        Check(f"greatest difference from model.json's metrics ({worst})", compared[worst], METRIC_TOLERANCE, "at most")
    ]
