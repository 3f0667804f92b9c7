"""The recipe for a binary classifier over a table: split, fit, export, check, describe."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.metrics import (
    accuracy_score,
    brier_score_loss,
    f1_score,
    log_loss,
    precision_score,
    recall_score,
    roc_auc_score,
)
from sklearn.model_selection import StratifiedKFold, cross_val_predict, train_test_split
from sklearn.pipeline import Pipeline

from windlass_training.config import SystemConfig, gate_checks
from windlass_training.errors import TrainingError
from windlass_training.system import Check, Json, TrainedModel
from windlass_training.tabular.features import Feature, manifest_inputs
from windlass_training.tabular.golden import golden, golden_requests
from windlass_training.tabular.graph import CLASSIFIER_OUTPUTS, Session, export_classifier
from windlass_training.tabular.reference import reference
from windlass_training.tabular.table import binary_target, refuse_empty_columns, select_features
from windlass_training.tabular.trees import split_distance

FOLDS = 5
MIN_CLASS_ROWS = 2 * FOLDS
"""Of the rarer class: fewer leave folds, or the test split, without it."""
MAX_DIFFERENCE = 1e-5
"""Greatest difference of a probability between scikit-learn and ONNX Runtime."""


@dataclass(frozen=True)
class BinaryClassifier:
    """What one system says of its model; everything else is the same for all of them."""

    name: str
    features: Sequence[Feature]
    target: str
    labels: tuple[str, str]
    """Of target 0 and of target 1."""
    build: Callable[[Any], Pipeline]
    """config -> an unfitted pipeline, preprocessing first and the estimator last."""
    threshold: float
    bands: Sequence[Json]
    response: Json
    card: str


@dataclass(frozen=True)
class Split:
    train: pd.DataFrame
    train_target: np.ndarray
    test: pd.DataFrame
    test_target: np.ndarray


def train_binary_classifier(recipe: BinaryClassifier, table: pd.DataFrame, config: SystemConfig) -> TrainedModel:
    split = split_table(recipe, table, config)
    pipeline = recipe.build(config)
    with meant_unknown_categories():
        pipeline.fit(split.train, split.train_target)
        session = Session(export_classifier(pipeline, recipe.features, recipe.name))
        requests = golden_requests(recipe.features, session, split.test, partial(distance_in, pipeline))
        differences = [
            difference(pipeline, session, f"test split of {len(split.test)} rows", split.test),
            difference(
                pipeline, session, f"{len(requests)} golden rows, missing and unknown values among them", requests
            ),
        ]
    metrics = classifier_metrics(split.test_target, session.run(split.test).probabilities[:, 1], recipe.threshold)
    return TrainedModel(
        graph=session.graph,
        task="binary-classification",
        contract=contract(recipe, split.train),
        metrics=metrics,
        checks=[*differences, *gate_checks(config.gates, metrics)],
        reference=reference(recipe.features, split.train, unseen_probability(pipeline, split)),
        golden=golden(recipe.features, requests, session.run_one_by_one(requests)),
        rows=len(table),
        card=recipe.card,
    )


@contextmanager
def meant_unknown_categories() -> Iterator[None]:
    """scikit-learn warns of each batch with a category that it has not seen; those here are meant."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Found unknown categories", category=UserWarning)
        yield


def split_table(recipe: BinaryClassifier, table: pd.DataFrame, config: SystemConfig) -> Split:
    rows, target = select_features(table, recipe.features), binary_target(table, recipe.target)
    refuse_empty_columns(rows)
    refuse_small(target, recipe.target, config.split.test_share)
    train, test, train_target, test_target = train_test_split(
        rows, target, test_size=config.split.test_share, stratify=target, random_state=config.seed
    )
    return Split(train, train_target, test, test_target)


def refuse_small(target: np.ndarray, name: str, test_share: float) -> None:
    """Each class must be in every fold of the training rows, and in the test split."""
    value = int(target.mean() < 0.5)
    count = int((target == value).sum())
    held, learnt = int(count * test_share), count - int(np.ceil(count * test_share))
    if count < MIN_CLASS_ROWS or held < 1 or learnt < FOLDS:
        raise TrainingError(
            f"the data is too small for its split: of {len(target)} rows {count} have {name} = {value}, and a test "
            f"share of {test_share:g} with {FOLDS} folds needs at least {MIN_CLASS_ROWS} of each class, {FOLDS} of "
            "them to learn from and one to test on. Gather more rows, or change split.test_share."
        )


def cross_validate_classifier(
    recipe: BinaryClassifier, table: pd.DataFrame, config: SystemConfig, folds: int
) -> list[Mapping[str, float]]:
    """Each fold's metrics, of the rows that are not in the test split, scikit-learn answering."""
    split = split_table(recipe, table, config)
    rarer = int(min(split.train_target.sum(), (1 - split.train_target).sum()))
    if rarer < folds:
        raise TrainingError(f"search.folds = {folds}: the rarer class has {rarer} rows to learn from, fewer than folds")
    parts = StratifiedKFold(folds, shuffle=True, random_state=config.seed).split(split.train, split.train_target)
    found: list[Mapping[str, float]] = []
    for fit, held in parts:
        pipeline = recipe.build(config)
        with meant_unknown_categories():
            pipeline.fit(split.train.iloc[fit], split.train_target[fit])
            probability = pipeline.predict_proba(split.train.iloc[held])[:, 1]
        found.append(classifier_metrics(split.train_target[held], probability, recipe.threshold))
    return found


def distance_in(pipeline: Pipeline, rows: pd.DataFrame) -> np.ndarray:
    """split_distance [N] of rows that have not been preprocessed."""
    return split_distance(pipeline[-1], np.asarray(pipeline[:-1].transform(rows)))


def difference(pipeline: Pipeline, session: Session, what: str, rows: pd.DataFrame) -> Check:
    """ONNX Runtime, in one batch and row by row, against scikit-learn."""
    expected = pipeline.predict_proba(rows)
    answers = (session.run(rows), session.run_one_by_one(rows))
    greatest = max(float(np.abs(answer.probabilities - expected).max()) for answer in answers)
    name = f"greatest difference of a probability between scikit-learn and ONNX Runtime, {what}"
    return Check(name, greatest, MAX_DIFFERENCE, "at most")


def unseen_probability(pipeline: Pipeline, split: Split) -> np.ndarray:
    """P(1) [N] for the training rows, each from a fit on the other folds."""
    folds = cross_val_predict(clone(pipeline), split.train, split.train_target, cv=FOLDS, method="predict_proba")
    return np.asarray(folds[:, 1])


def classifier_metrics(target: np.ndarray, probability: np.ndarray, threshold: float) -> dict[str, float]:
    """Of the answers that ONNX Runtime gives for the test split: what is measured is what will be served."""
    predicted = (probability >= threshold).astype(np.int64)
    metrics = {
        "f1": f1_score(target, predicted, zero_division=0),
        "f1_weighted": f1_score(target, predicted, average="weighted", zero_division=0),
        "auc": roc_auc_score(target, probability),
        "accuracy": accuracy_score(target, predicted),
        "precision": precision_score(target, predicted, zero_division=0),
        "recall": recall_score(target, predicted, zero_division=0),
        "log_loss": log_loss(target, probability.astype(np.float64), labels=[0, 1]),
        "brier": brier_score_loss(target, probability),
        "positive_share": float(target.mean()),
    }
    return {name: round(float(value), 6) for name, value in metrics.items()}


def contract(recipe: BinaryClassifier, table: pd.DataFrame) -> Json:
    decision: Json = {"output": "probabilities", "index": 1, "threshold": recipe.threshold}
    if recipe.bands:
        decision["bands"] = list(recipe.bands)
    return {
        "inputs": manifest_inputs(recipe.features, table),
        "outputs": CLASSIFIER_OUTPUTS,
        "labels": list(recipe.labels),
        "decision": decision,
        "response": recipe.response,
    }
