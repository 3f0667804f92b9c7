"""A System made of a BinaryClassifier: everything that the commands ask of it."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import pandas as pd

from windlass_training import plots
from windlass_training.config import SystemConfig, gate_checks
from windlass_training.system import DataReport, Evaluation, StoredBundle, System
from windlass_training.tabular.classifier import (
    BinaryClassifier,
    classifier_metrics,
    cross_validate_classifier,
    split_table,
    train_binary_classifier,
)
from windlass_training.tabular.graph import Session
from windlass_training.tabular.observed import lenient_rows
from windlass_training.tabular.stored import golden_check, metrics_check
from windlass_training.tabular.table import binary_target, select_features
from windlass_training.tabular.table_system import table_system
from windlass_training.tabular.validation import binary_target_findings, table_report


def classifier_system(
    *,
    name: str,
    summary: str,
    recipe: BinaryClassifier,
    config_type: type[SystemConfig],
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
        train=partial(train_binary_classifier, recipe),
        cross_validate=partial(cross_validate_classifier, recipe),
        evaluate=partial(evaluate_classifier, recipe),
        validate=partial(validate_table, recipe),
        predict=partial(predict_probability, recipe),
        published=published,
    )


def evaluate_classifier(
    recipe: BinaryClassifier, bundle: StoredBundle, table: pd.DataFrame, config: SystemConfig, whole: bool
) -> Evaluation:
    if whole:
        rows, target = select_features(table, recipe.features), binary_target(table, recipe.target)
    else:
        split = split_table(recipe, table, config)
        rows, target = split.test, split.test_target
    probability = Session(bundle.graph).run(rows).probabilities[:, 1]
    threshold = float(bundle.manifest.get("decision", {}).get("threshold", recipe.threshold))
    metrics = classifier_metrics(target, probability, threshold)
    return Evaluation(
        rows=len(rows),
        metrics=metrics,
        checks=[
            *golden_check(bundle),
            *([] if whole else metrics_check(bundle, metrics)),
            *gate_checks(config.gates, metrics),
        ],
        pictures={
            "roc.png": plots.roc(target, probability),
            "precision-recall.png": plots.precision_recall(target, probability),
            "calibration.png": plots.calibration(target, probability),
            "confusion-matrix.png": plots.confusion_matrix(
                target, (probability >= threshold).astype(np.int64), recipe.labels
            ),
        },
    )


def validate_table(recipe: BinaryClassifier, table: pd.DataFrame, config: SystemConfig) -> DataReport:
    target = binary_target_findings(table, recipe.target, config.split.test_share)
    return table_report(table, recipe.features, recipe.target, target)


def predict_probability(recipe: BinaryClassifier, bundle: StoredBundle, table: pd.DataFrame) -> np.ndarray:
    return Session(bundle.graph).run(lenient_rows(table, recipe.features)).probabilities[:, 1]
