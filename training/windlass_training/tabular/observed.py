"""A table as drift sees it: nothing is refused for its values, since drifted data is out of range by nature."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from windlass_training.tabular.features import Feature, names
from windlass_training.tabular.table import feature_text, require_columns


def lenient_rows(table: pd.DataFrame, features: Sequence[Feature]) -> pd.DataFrame:
    """The feature columns as the served graph gets them; what is no number is missing."""
    require_columns(table, names(features))
    columns = {feature.name: lenient_column(table[feature.name], feature) for feature in features}
    return pd.DataFrame(columns)


def lenient_column(column: pd.Series, feature: Feature) -> pd.Series:
    if feature.kind != "numeric":
        return feature_text(column, feature)
    return pd.to_numeric(column, errors="coerce").astype(np.float32)


def observe(table: pd.DataFrame, features: Sequence[Feature]) -> dict[str, np.ndarray]:
    """Feature -> [N], float32 with NaN or text with ''."""
    rows = lenient_rows(table, features)
    types = {feature.name: np.float32 if feature.kind == "numeric" else object for feature in features}
    return {name: rows[name].to_numpy(dtype=kind) for name, kind in types.items()}
