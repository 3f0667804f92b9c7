"""The border: a CSV table is checked against the features here, and trusted after that."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from windlass_training.errors import TrainingError
from windlass_training.tabular.features import Feature, names


def select_features(table: pd.DataFrame, features: Sequence[Feature]) -> pd.DataFrame:
    """The feature columns as the served graph gets them: float32 with NaN for missing, text with '' for missing."""
    require_columns(table, names(features))
    columns = {feature.name: checked_column(table[feature.name], feature) for feature in features}
    return pd.DataFrame(columns)


def refuse_empty_columns(rows: pd.DataFrame) -> None:
    """Of the rows to learn from: nothing can be imputed in a column without any value, nor drift be measured on it."""
    for name in rows.columns:
        if (rows[name].isna() | (rows[name] == "")).all():
            raise TrainingError(f"column {name}: no row has a value. Fill it in, or train on data that has it.")


def binary_target(table: pd.DataFrame, name: str) -> np.ndarray:
    require_columns(table, [name])
    target = pd.to_numeric(table[name], errors="coerce")
    refuse_rows(name, ~target.isin([0, 1]), table[name], "the target must be 0 or 1")
    if target.nunique() < 2:
        raise TrainingError(f"column {name}: every row is {target.iloc[0]:g}; both 0 and 1 are needed to learn")
    return target.to_numpy(dtype=np.int64)


def numeric_target(table: pd.DataFrame, name: str) -> np.ndarray:
    require_columns(table, [name])
    target = pd.to_numeric(table[name], errors="coerce").astype(np.float64)
    refuse_rows(name, pd.Series(~np.isfinite(target.to_numpy())), table[name], "the target must be a number")
    if target.nunique() < 2:
        raise TrainingError(f"column {name}: every row is {target.iloc[0]:g}; there is nothing to learn")
    return target.to_numpy()


def require_columns(table: pd.DataFrame, wanted: Sequence[str]) -> None:
    missing = [name for name in wanted if name not in table.columns]
    if missing:
        raise TrainingError(
            f"the data lacks the columns {', '.join(missing)}; it has {', '.join(map(str, table.columns))}"
        )
    if table.empty:
        raise TrainingError("the data has a header and no rows")


def checked_column(column: pd.Series, feature: Feature) -> pd.Series:
    missing = is_missing(column)
    if feature.required:
        refuse_rows(feature.name, missing, column, "a required feature has no value")
    if feature.kind == "text":
        return feature_text(column, feature)
    if feature.kind == "categorical":
        text = text_of(column)
        allowed = f"must be one of {', '.join(feature.values)}"
        refuse_rows(feature.name, (text != "") & ~text.isin(feature.values), column, allowed)
        return text
    number = pd.to_numeric(column, errors="coerce")
    refuse_rows(feature.name, ~missing & ~np.isfinite(number), column, "must be a number")
    if feature.minimum is not None:
        refuse_rows(feature.name, number < feature.minimum, column, f"must be at least {feature.minimum:g}")
    if feature.maximum is not None:
        refuse_rows(feature.name, number > feature.maximum, column, f"must be at most {feature.maximum:g}")
    if feature.integer:
        refuse_rows(feature.name, number.notna() & (number % 1 != 0), column, "must be a whole number")
    return number.astype(np.float32)


def feature_text(column: pd.Series, feature: Feature) -> pd.Series:
    """A feature's text as a client sends it: nothing takes spaces away on the way to the graph."""
    return trimmed(column) if feature.kind == "text" and feature.trimmed else text_of(column)


def text_of(column: pd.Series) -> pd.Series:
    """As it stands; '' where there is none."""
    return column.astype("string").fillna("").astype(object)


def trimmed(column: pd.Series) -> pd.Series:
    """As text without spaces around it; '' where there is none."""
    return column.astype("string").fillna("").str.strip().astype(object)


def is_missing(column: pd.Series) -> pd.Series:
    """Nothing, or only spaces."""
    return trimmed(column) == ""


def refuse_rows(name: str, wrong: pd.Series, column: pd.Series, rule: str) -> None:
    count = int(wrong.sum())
    if count == 0:
        return
    row = int(np.flatnonzero(wrong.to_numpy())[0])
    raise TrainingError(
        f"column {name}: {rule}; {count} of {len(column)} rows are not, "
        f"the first is data row {row + 1} with {shown(column.iloc[row])}. Mend or drop those rows."
    )


def shown(value: object) -> str:
    """A cell's value for a message, as the file has it: neither NaN nor numpy's names for what it holds."""
    plain = value.item() if isinstance(value, np.generic) else value
    if plain is None or plain is pd.NA or plain == "" or plain != plain:
        return "no value"
    if isinstance(plain, float):
        return f"{plain:.15g}"
    return repr(plain)
