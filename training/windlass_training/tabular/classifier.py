"""The recipe for a binary classifier over a table: split, fit, export, check, describe."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

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
from sklearn.model_selection import cross_val_predict, train_test_split
from sklearn.pipeline import Pipeline

from windlass_training.system import Check, Json, TrainedModel
from windlass_training.tabular.features import Feature, manifest_inputs
from windlass_training.tabular.golden import golden, golden_requests
from windlass_training.tabular.graph import CLASSIFIER_OUTPUTS, Session, export_classifier
from windlass_training.tabular.reference import reference
from windlass_training.tabular.table import binary_target, select_features
from windlass_training.tabular.trees import split_distance

TEST_SHARE = 0.2
FOLDS = 5
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
    build: Callable[[int], Pipeline]
    """seed -> an unfitted pipeline, preprocessing first and the estimator last."""
    threshold: float
    bands: Sequence[Json]
    response: Json
    gates: Mapping[str, float]
    """Metric -> the value that it must be above."""
    card: str


@dataclass(frozen=True)
class Split:
    train: pd.DataFrame
    train_target: np.ndarray
    test: pd.DataFrame
    test_target: np.ndarray


def train_binary_classifier(recipe: BinaryClassifier, table: pd.DataFrame, seed: int) -> TrainedModel:
    split = split_table(recipe, table, seed)
    pipeline = recipe.build(seed)
    with warnings.catch_warnings():
        # scikit-learn warns of each batch with a category that it has not seen; those here are meant.
        warnings.filterwarnings("ignore", message="Found unknown categories", category=UserWarning)
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
    gates = [Check(name, metrics[name], limit, "above", gate=True) for name, limit in recipe.gates.items()]
    return TrainedModel(
        graph=session.graph,
        task="binary-classification",
        contract=contract(recipe, split.train),
        metrics=metrics,
        checks=[*differences, *gates],
        reference=reference(recipe.features, split.train, unseen_probability(pipeline, split)),
        golden=golden(recipe.features, requests, session.run_one_by_one(requests)),
        rows=len(table),
        card=recipe.card,
    )


def split_table(recipe: BinaryClassifier, table: pd.DataFrame, seed: int) -> Split:
    rows, target = select_features(table, recipe.features), binary_target(table, recipe.target)
    train, test, train_target, test_target = train_test_split(
        rows, target, test_size=TEST_SHARE, stratify=target, random_state=seed
    )
    return Split(train, train_target, test, test_target)


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
    return {
        "inputs": manifest_inputs(recipe.features, table),
        "outputs": CLASSIFIER_OUTPUTS,
        "labels": list(recipe.labels),
        "decision": {
            "output": "probabilities",
            "index": 1,
            "threshold": recipe.threshold,
            "bands": list(recipe.bands),
        },
        "response": recipe.response,
    }
