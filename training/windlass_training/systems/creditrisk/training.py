"""What is this system's own: the AUC of repeated cross-validation, and ranges that come from the data."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from joblib import parallel_config
from scipy.stats import t as student
from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score

from windlass_training.config import gate_checks
from windlass_training.system import Evaluation, Json, StoredBundle, System, TrainedModel
from windlass_training.systems.creditrisk.config import CreditRiskConfig
from windlass_training.systems.creditrisk.features import REQUIRED
from windlass_training.systems.creditrisk.recipe import RECIPE
from windlass_training.tabular.classifier import split_table, train_binary_classifier
from windlass_training.tabular.features import names
from windlass_training.tabular.table import binary_target, select_features

CONFIDENCE = 0.95
ONLY_IN_TRAINING = "auc_cv"
"""What these metrics' names begin with: they are of the recipe, and no bundle can be asked for them."""


def train(table: pd.DataFrame, config: CreditRiskConfig) -> TrainedModel:
    # The gates are checked below, when all metrics are there.
    model = train_binary_classifier(RECIPE, table, config.model_copy(update={"gates": {}}))
    metrics = {**model.metrics, **cross_validated_auc(table, config)}
    return replace(
        model,
        contract={**model.contract, "inputs": with_ranges(model.contract["inputs"], table, config)},
        metrics=metrics,
        checks=[*model.checks, *gate_checks(config.gates, metrics)],
    )


def cross_validated_auc(table: pd.DataFrame, config: CreditRiskConfig) -> dict[str, float]:
    """Mean and confidence interval. The folds' AUCs are no independent measurements, since they share training rows:
    Nadeau and Bengio's correction widens the interval for it (Inference for the generalization error, 2003)."""
    rows, target = select_features(table, RECIPE.features), binary_target(table, RECIPE.target)
    options = config.cross_validation
    folds = RepeatedStratifiedKFold(n_splits=options.folds, n_repeats=options.repeats, random_state=config.seed)
    with parallel_config(backend="threading", n_jobs=-1):
        scores = cross_val_score(RECIPE.build(config), rows, target, cv=folds, scoring="roc_auc")
    low, high = interval(scores, 1 / (options.folds - 1))
    found = {"auc_cv": scores.mean(), "auc_cv_low": low, "auc_cv_high": high}
    return {name: round(float(value), 6) for name, value in found.items()}


def interval(scores: np.ndarray, test_to_train: float) -> tuple[float, float]:
    """Corrected resampled t; `test_to_train` is the ratio of the numbers of rows in each fold."""
    count = len(scores)
    error = np.sqrt((1 / count + test_to_train) * scores.var(ddof=1))
    half = float(student.ppf((1 + CONFIDENCE) / 2, count - 1) * error)
    return float(scores.mean() - half), float(scores.mean() + half)


def with_ranges(inputs: list[Json], table: pd.DataFrame, config: CreditRiskConfig) -> list[Json]:
    """model.json's inputs, the range of each required number that of the training rows. An optional one may be
    of any size: a request that would be answered without it must not be refused for it."""
    rows = split_table(RECIPE, table, config).train
    required = set(names(REQUIRED))
    return [
        {**described, "range": range_of(rows[str(described["name"])])} if described["name"] in required else described
        for described in inputs
    ]


def range_of(column: Any) -> Json:
    """The shortest decimals of the float32 that the graph gets."""
    return {"min": shortest(column.min()), "max": shortest(column.max())}


def shortest(value: np.float32) -> float:
    return float(str(value))


def evaluate(
    system: System[pd.DataFrame], bundle: StoredBundle, table: pd.DataFrame, config: CreditRiskConfig, whole: bool
) -> Evaluation:
    gates: Mapping[str, Any] = {
        name: gate for name, gate in config.gates.items() if not name.startswith(ONLY_IN_TRAINING)
    }
    return system.evaluate(bundle, table, config.model_copy(update={"gates": gates}), whole)
