"""reference.json: the training data's frozen bins, against which drift is measured."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from windlass_training.errors import TrainingError
from windlass_training.system import Json
from windlass_training.tabular.features import CategoricalFeature, Feature, NumericFeature, TextFeature

BINS = 10
DISTINCT_VALUES = 20
"""An integer feature with no more values than this gets a bin for each."""


PROBABILITY_EDGES = np.round(np.linspace(0, 1, BINS + 1), 10)


def reference(
    features: Sequence[Feature], table: pd.DataFrame, predictions: np.ndarray, edges: np.ndarray = PROBABILITY_EDGES
) -> Json:
    """`predictions` [N] are probabilities of the positive class, or numbers, of rows that the model has not seen: a
    model is surer of the rows that it was fitted on, and would seem to drift on the first new ones."""
    return {
        "formatVersion": 1,
        "rows": len(table),
        "features": {feature.name: feature_bins(feature, table[feature.name]) for feature in features},
        "prediction": numeric_bins(predictions, edges),
    }


def feature_bins(feature: Feature, column: pd.Series) -> Json:
    if feature.kind == "categorical":
        return category_bins(feature, column)
    if feature.kind == "text":
        return text_bins(feature, column)
    values = column.to_numpy(dtype=np.float64)
    if np.isnan(values).all():
        raise TrainingError(f"column {feature.name}: no row has a value, and drift would have nothing to compare with")
    return numeric_bins(values, feature_edges(feature, values[~np.isnan(values)]))


def feature_edges(feature: NumericFeature, present: np.ndarray) -> np.ndarray:
    """Deciles, each value once; for whole numbers half a unit away from any value, so that rounding decides nothing."""
    if not feature.integer:
        return decile_edges(present)
    distinct = np.unique(present)
    if len(distinct) <= DISTINCT_VALUES:
        return np.append(distinct - 0.5, distinct[-1] + 0.5)
    inner = np.ceil(np.quantile(present, np.linspace(0, 1, BINS + 1)[1:-1])) - 0.5
    return np.unique([distinct[0] - 0.5, *inner, distinct[-1] + 0.5])


def numeric_bins(values: np.ndarray, edges: np.ndarray) -> Json:
    """Bins [e(i), e(i+1)), the last one closed; missing, under and over are counted apart, never dropped."""
    present = values[~np.isnan(values)]
    counts, _ = np.histogram(present, bins=edges)
    return {
        "kind": "numeric",
        "edges": [float(edge) for edge in edges],
        "counts": [int(count) for count in counts],
        "under": int((present < edges[0]).sum()),
        "over": int((present > edges[-1]).sum()),
        "missing": int(np.isnan(values).sum()),
    }


def decile_edges(values: np.ndarray) -> np.ndarray:
    """Deciles, each value once; at least one bin."""
    edges = np.unique(np.quantile(values, np.linspace(0, 1, BINS + 1)))
    return edges if len(edges) > 1 else np.array([edges[0], np.nextafter(edges[0], np.inf)])


def text_bins(feature: TextFeature, column: pd.Series) -> Json:
    """A bin for each of the commonest texts, which the data decides, as many as the feature says."""
    counts = column[column != ""].value_counts()
    ranked = sorted(((-int(count), str(text)) for text, count in counts.items()))[: feature.bins]
    return category_bins(CategoricalFeature(feature.name, "", tuple(text for _, text in ranked)), column)


def category_bins(feature: CategoricalFeature, column: pd.Series) -> Json:
    counts = {value: int((column == value).sum()) for value in feature.values}
    missing = int((column == "").sum())
    return {
        "kind": "categorical",
        "counts": counts,
        "other": len(column) - sum(counts.values()) - missing,
        "missing": missing,
    }
