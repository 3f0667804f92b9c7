"""A System made of a Regressor: everything that the commands ask of it."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import pandas as pd

from windlass_training import plots
from windlass_training.config import gate_checks
from windlass_training.system import DataReport, Evaluation, Finding, StoredBundle, System
from windlass_training.tabular.graph import RegressorSession
from windlass_training.tabular.observed import lenient_rows
from windlass_training.tabular.regressor import (
    MIN_PART_ROWS,
    Regressor,
    RegressorConfig,
    regressor_metrics,
    split_table,
    test_metrics,
    train_regressor,
    validate_regressor,
)
from windlass_training.tabular.stored import golden_check, metrics_check
from windlass_training.tabular.table import numeric_target, select_features
from windlass_training.tabular.table_system import table_system
from windlass_training.tabular.validation import finding, table_report


def regressor_system(
    *,
    name: str,
    summary: str,
    recipe: Regressor,
    config_type: type[RegressorConfig],
    generate: Callable[[int, int], pd.DataFrame],
    published: Mapping[str, float],
) -> System[pd.DataFrame]:
    return table_system(
        name=name,
        model_name=recipe.name,
        summary=summary,
        config_type=config_type,
        features=recipe.features,
        generate=generate,
        train=partial(train_regressor, recipe),
        cross_validate=partial(validate_regressor, recipe),
        evaluate=partial(evaluate_regressor, recipe),
        validate=partial(validate_table, recipe),
        predict=partial(predict_value, recipe),
        published=published,
    )


def evaluate_regressor(
    recipe: Regressor, bundle: StoredBundle, table: pd.DataFrame, config: RegressorConfig, whole: bool
) -> Evaluation:
    session = RegressorSession(bundle.graph)
    if whole:
        rows, target = select_features(table, recipe.features), numeric_target(table, recipe.target)
        predicted = session.run(rows).value
        metrics = regressor_metrics(target, predicted)
    else:
        parts = split_table(recipe, table, config)
        target, predicted = parts.test.target, session.run(parts.test.rows).value
        metrics = test_metrics(recipe, parts, predicted)
    return Evaluation(
        rows=len(target),
        metrics=metrics,
        checks=[
            *golden_check(bundle),
            *([] if whole else metrics_check(bundle, metrics)),
            *gate_checks(config.gates, metrics),
        ],
        pictures={"residuals.png": plots.residuals(target, predicted.astype(np.float64), recipe.unit)},
    )


def validate_table(recipe: Regressor, table: pd.DataFrame, config: RegressorConfig) -> DataReport:
    share = min(config.split.test_share, config.split.validation_share)
    return table_report(table, recipe.features, recipe.target, target_findings(table, recipe.target, share))


def target_findings(table: pd.DataFrame, name: str, least_share: float) -> list[Finding]:
    if name not in table.columns or table.empty:
        return []
    column = table[name]
    number = pd.to_numeric(column, errors="coerce").astype(np.float64)
    wrong = pd.Series(~np.isfinite(number.to_numpy()), index=column.index)
    if wrong.any():
        return [finding(name, "wrong-target", wrong, column, "the target must be a number")]
    if bool((number == number.iloc[0]).all()):
        text = f"every row is {number.iloc[0]:g}; there is nothing to learn"
        return [Finding("error", name, "constant-target", text, len(table))]
    needed = int(np.ceil(MIN_PART_ROWS / least_share))
    if len(table) < needed:
        text = f"{len(table)} rows are too few for the split; at least {needed} are needed"
        return [Finding("error", name, "too-few-rows", text, len(table))]
    return []


def predict_value(recipe: Regressor, bundle: StoredBundle, table: pd.DataFrame) -> np.ndarray:
    return RegressorSession(bundle.graph).run(lenient_rows(table, recipe.features)).value.astype(np.float64)
