"""What validate-data says of a table: every column that training reads, and everything that it would refuse."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from windlass_training.system import DataReport, Finding, Json
from windlass_training.tabular.features import CategoricalFeature, Feature, NumericFeature, names
from windlass_training.tabular.table import feature_text, is_missing, shown, text_of, trimmed

MISSING_WARNED = 0.5
"""Share of missing values from which an optional feature is warned of."""
DUPLICATES_WARNED = 0.01
RARE_CLASS_WARNED = 0.02
FEW_ROWS_WARNED = 200
MIN_CLASS_ROWS = 10
EXAMPLES = 3
CATEGORIES_SHOWN = 20


def table_report(
    table: pd.DataFrame, features: Sequence[Feature], target: str, target_findings: Sequence[Finding]
) -> DataReport:
    present = [feature for feature in features if feature.name in table.columns]
    findings = [
        *missing_columns(table, [*names(features), target]),
        *size_findings(table),
        *(finding for feature in present for finding in feature_findings(table[feature.name], feature)),
        *(target_findings if target in table.columns and len(table) else []),
        *duplicate_findings(table, [*names(present), *([target] if target in table.columns else [])]),
    ]
    columns = [summary(table[feature.name], feature) for feature in present]
    if target in table.columns:
        columns.append(target_summary(table[target]))
    return DataReport(len(table), columns, findings)


def missing_columns(table: pd.DataFrame, wanted: Sequence[str]) -> list[Finding]:
    has = ", ".join(map(str, table.columns[:30]))
    return [
        Finding("error", name, "missing-column", f"the column is not there; the data has {has}")
        for name in wanted
        if name not in table.columns
    ]


def size_findings(table: pd.DataFrame) -> list[Finding]:
    if table.empty:
        return [Finding("error", "", "no-rows", "the data has a header and no rows")]
    if len(table) < FEW_ROWS_WARNED:
        text = f"{len(table)} rows: metrics of so few say little; {FEW_ROWS_WARNED} are the least that this takes"
        return [Finding("warning", "", "few-rows", f"{text} without a warning", len(table))]
    return []


def feature_findings(column: pd.Series, feature: Feature) -> list[Finding]:
    missing = is_missing(column)
    share = float(missing.mean()) if len(column) else 0.0
    found: list[Finding] = []
    if feature.required and missing.any():
        found.append(finding(feature.name, "missing-values", missing, column, "a required feature has no value"))
    elif share == 1.0 and len(column):
        found.append(finding(feature.name, "missing-values", missing, column, "no row has a value"))
    elif share > MISSING_WARNED:
        text = f"{share:.0%} of the rows have no value"
        found.append(Finding("warning", feature.name, "missing-values", text, int(missing.sum())))
    if feature.kind == "text":
        return found
    if feature.kind == "categorical":
        return found + category_findings(column, feature)
    return found + number_findings(column, feature, missing)


def category_findings(column: pd.Series, feature: CategoricalFeature) -> list[Finding]:
    text = text_of(column)
    unknown = (text != "") & ~text.isin(feature.values)
    allowed = f"must be one of {', '.join(feature.values[:20])}"
    return [finding(feature.name, "unknown-category", unknown, column, allowed)] if unknown.any() else []


def number_findings(column: pd.Series, feature: NumericFeature, missing: pd.Series) -> list[Finding]:
    number = pd.to_numeric(column, errors="coerce")
    finite = pd.Series(np.isfinite(number.to_numpy(dtype=np.float64)), index=column.index)
    rules = [("wrong-type", ~missing & ~finite, "must be a number")]
    if feature.minimum is not None:
        rules.append(("out-of-range", finite & (number < feature.minimum), f"must be at least {feature.minimum:g}"))
    if feature.maximum is not None:
        rules.append(("out-of-range", finite & (number > feature.maximum), f"must be at most {feature.maximum:g}"))
    if feature.integer:
        rules.append(("not-whole", finite & (number % 1 != 0), "must be a whole number"))
    found = [finding(feature.name, rule, wrong, column, text) for rule, wrong, text in rules if wrong.any()]
    if finite.any() and number[finite].min() == number[finite].max():
        only = f"every row with a value has {number[finite].iloc[0]:g}: it teaches nothing"
        found.append(Finding("warning", feature.name, "constant", only, int(finite.sum())))
    return found


def finding(name: str, rule: str, wrong: pd.Series, column: pd.Series, text: str) -> Finding:
    rows = np.flatnonzero(wrong.to_numpy())[:EXAMPLES]
    seen = ", ".join(f"{shown(column.iloc[row])} in data row {row + 1}" for row in rows)
    count = int(wrong.sum())
    return Finding("error", name, rule, f"{text}; {count} of {len(column)} rows are not: {seen}", count)


def duplicate_findings(table: pd.DataFrame, columns: Sequence[str]) -> list[Finding]:
    if table.empty or not columns:
        return []
    same = int(table.duplicated(subset=list(columns)).sum())
    if same <= DUPLICATES_WARNED * len(table):
        return []
    text = f"{same} of {len(table)} rows repeat another's features and target: some will be in both parts of the split"
    return [Finding("warning", "", "duplicates", text, same)]


def binary_target_findings(table: pd.DataFrame, name: str, test_share: float) -> list[Finding]:
    if name not in table.columns or table.empty:
        return []
    column = table[name]
    number = pd.to_numeric(column, errors="coerce")
    wrong = ~number.isin([0, 1])
    if wrong.any():
        return [finding(name, "wrong-target", wrong, column, "the target must be 0 or 1")]
    counts = {value: int((number == value).sum()) for value in (0, 1)}
    rarer = min(counts, key=lambda value: counts[value])
    least = counts[rarer]
    if least == 0:
        only = f"every row is {1 - rarer}; both 0 and 1 are needed to learn"
        return [Finding("error", name, "one-class", only, len(table))]
    if least < MIN_CLASS_ROWS or int(least * test_share) < 1:
        text = f"{least} rows are {rarer}: too few for a split with a test share of {test_share:g}"
        return [Finding("error", name, "too-few-rows", f"{text}; at least {MIN_CLASS_ROWS} are needed", least)]
    if least < RARE_CLASS_WARNED * len(table):
        return [Finding("warning", name, "rare-class", f"{least / len(table):.2%} of the rows are {rarer}", least)]
    return []


def summary(column: pd.Series, feature: Feature) -> Json:
    missing = int(is_missing(column).sum())
    described: Json = {"name": feature.name, "kind": feature.kind, "missing": missing}
    if feature.kind != "numeric":
        counts = feature_text(column, feature).value_counts().drop("", errors="ignore")
        return described | {
            "categories": {str(value): int(count) for value, count in counts.head(CATEGORIES_SHOWN).items()}
        }
    return described | number_summary(column)


def target_summary(column: pd.Series) -> Json:
    """The balance of a few classes, or the range of a number."""
    described: Json = {"name": column.name, "kind": "target", "missing": int(is_missing(column).sum())}
    counts = trimmed(column).value_counts().drop("", errors="ignore")
    if len(counts) > CATEGORIES_SHOWN:
        return described | number_summary(column)
    return described | {"categories": {str(value): int(count) for value, count in counts.items()}}


def number_summary(column: pd.Series) -> Json:
    number = pd.to_numeric(column, errors="coerce").astype(np.float64)
    number = number[np.isfinite(number)]
    if number.empty:
        return {}
    return {
        "minimum": float(number.min()),
        "median": float(number.median()),
        "mean": round(float(number.mean()), 6),
        "maximum": float(number.max()),
    }
