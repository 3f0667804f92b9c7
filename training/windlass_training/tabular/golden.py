"""golden.json: requests and the answers that ONNX Runtime gave, for a runtime to repeat before it serves."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from windlass_training.system import Json
from windlass_training.tabular.features import Feature
from windlass_training.tabular.graph import Answers, RegressorSession, Session, Values

SPREAD_ROWS = 24
MISSING_ROWS = 3
TOLERANCE = 1e-5
SPLIT_MARGIN = 1e-6
"""A row with a scaled feature this near to a tree's split is left out: another CPU may round it to the other side."""
LABEL_MARGIN = 1e-4
ODD_TRIES = 20
UNKNOWN_CATEGORY = "(unknown)"


def golden_requests(
    features: Sequence[Feature],
    session: Session | RegressorSession,
    rows: pd.DataFrame,
    split_distance: Callable[[pd.DataFrame], np.ndarray],
) -> pd.DataFrame:
    """Of `rows` some spread over the scores and some with missing values, and the odd forms of one more."""
    score = session.score(rows)
    stable = is_stable(split_distance(rows), score, session.edge)
    incomplete = np.array(rows.isna().any(axis=1) | (rows == "").any(axis=1))
    complete = np.flatnonzero(stable & ~incomplete)
    chosen = [
        *spread(complete, score, SPREAD_ROWS),
        *spread(np.flatnonzero(stable & incomplete), score, MISSING_ROWS),
    ]
    bases = [odd_rows(features, rows.iloc[base]) for base in complete[:ODD_TRIES]]
    return pd.concat([rows.iloc[chosen], *most_stable(session, bases, split_distance)], ignore_index=True)


def most_stable(
    session: Session | RegressorSession,
    groups: Sequence[pd.DataFrame],
    split_distance: Callable[[pd.DataFrame], np.ndarray],
) -> list[pd.DataFrame]:
    """The stable rows of the group that has the most of them. (A median may lie on a split: not all need be stable.)"""
    best: list[pd.DataFrame] = []
    for group in groups:
        stable = group[is_stable(split_distance(group), session.score(group), session.edge)]
        if not best or len(stable) > len(best[0]):
            best = [stable]
        if len(stable) == len(group):
            break
    return best


def odd_rows(features: Sequence[Feature], row: pd.Series) -> pd.DataFrame:
    """`row` with each feature missing, with each text unknown, and with all features missing, one row for each."""
    rows = [with_value(row, feature, missing_value(feature)) for feature in features]
    rows += [with_value(row, feature, UNKNOWN_CATEGORY) for feature in features if feature.kind != "numeric"]
    rows.append(pd.Series({feature.name: missing_value(feature) for feature in features}, dtype=object))
    types = {feature.name: np.float32 if feature.kind == "numeric" else object for feature in features}
    return pd.DataFrame(rows).astype(types)[list(types)].reset_index(drop=True)


def with_value(row: pd.Series, feature: Feature, value: float | str) -> pd.Series:
    changed = row.copy()
    changed[feature.name] = value
    return changed


def missing_value(feature: Feature) -> float | str:
    return float("nan") if feature.kind == "numeric" else ""


def golden(
    features: Sequence[Feature], requests: pd.DataFrame, answers: Answers | Values, tolerance: float = TOLERANCE
) -> Json:
    return {
        "formatVersion": 1,
        "tolerance": tolerance,
        "rows": [
            {"input": request_body(features, requests.iloc[i]), "output": answers.of_row(i)}
            for i in range(len(requests))
        ],
    }


def is_stable(distance: np.ndarray, score: np.ndarray, edge: float | None) -> np.ndarray:
    """Whether another CPU's last digit leaves the answer as it is; a score at `edge` may get the other label."""
    stable: np.ndarray = distance > SPLIT_MARGIN
    return stable if edge is None else stable & (np.abs(score - edge) > LABEL_MARGIN)


def spread(candidates: np.ndarray, score: np.ndarray, count: int) -> list[int]:
    """At most `count` of the candidates, evenly by rank of their score, the least and the greatest among them."""
    ranked = candidates[np.argsort(score[candidates], kind="stable")]
    if len(ranked) <= count:
        return [int(row) for row in ranked]
    picks = np.round(np.linspace(0, len(ranked) - 1, count)).astype(int)
    return [int(row) for row in ranked[picks]]


def request_body(features: Sequence[Feature], row: pd.Series) -> Json:
    """A body of POST /predict: null for a missing value, and the shortest decimal of a float32."""
    return {feature.name: json_value(feature, row[feature.name]) for feature in features}


def json_value(feature: Feature, value: object) -> str | int | float | None:
    if feature.kind != "numeric":
        return str(value) or None
    number = np.float32(value)  # type: ignore[arg-type]
    if np.isnan(number):
        return None
    return int(number) if feature.integer else float(str(number))
