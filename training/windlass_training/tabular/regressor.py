"""The recipe for a regressor over a table: split, fit, export, check, describe."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import Field
from sklearn.metrics import mean_absolute_error, mean_absolute_percentage_error, r2_score, root_mean_squared_error
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline

from windlass_training.config import Split, SystemConfig, gate_checks
from windlass_training.errors import TrainingError
from windlass_training.system import Check, Json, TrainedModel
from windlass_training.tabular.classifier import distance_in, meant_unknown_categories
from windlass_training.tabular.features import Feature, manifest_inputs
from windlass_training.tabular.golden import golden, golden_requests
from windlass_training.tabular.graph import REGRESSOR_OUTPUTS, RegressorSession, Values, export_regressor
from windlass_training.tabular.reference import decile_edges, reference
from windlass_training.tabular.table import numeric_target, refuse_empty_columns, select_features

MIN_PART_ROWS = 20
"""Of each of the three parts: the metrics of fewer say nothing."""
MAX_RELATIVE_DIFFERENCE = 1e-5
"""Greatest difference of a prediction between scikit-learn and ONNX Runtime, as a share of it."""


class ThreeWaySplit(Split):
    validation_share: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """Of all rows, as test_share is. What tune compares; the model that is served learns from these rows too."""


class RegressorConfig(SystemConfig):
    metrics = "rmse|mae|r2|mape|baseline_rmse|baseline_mae|validation_rmse|validation_mae|rmse_unseen|unseen_share"
    split: ThreeWaySplit = ThreeWaySplit()


@dataclass(frozen=True)
class Regressor:
    """What one system says of its model; everything else is the same for all of them."""

    name: str
    features: Sequence[Feature]
    target: str
    build: Callable[[Any], Pipeline]
    """config -> an unfitted pipeline, preprocessing first and the estimator last."""
    response: Json
    card: str
    unit: str = ""
    """Of the target, for pictures."""
    identity: Sequence[str] = ()
    """Rows that are equal in these features are of the same thing: rmse_unseen is of things that only the test has."""


@dataclass(frozen=True)
class Part:
    rows: pd.DataFrame
    target: np.ndarray


@dataclass(frozen=True)
class Parts:
    train: Part
    validation: Part
    test: Part

    @property
    def known(self) -> Part:
        """What the served model learns from: all but the test split."""
        rows = pd.concat([self.train.rows, self.validation.rows], ignore_index=True)
        return Part(rows, np.concatenate([self.train.target, self.validation.target]))


def train_regressor(recipe: Regressor, table: pd.DataFrame, config: RegressorConfig) -> TrainedModel:
    parts = split_table(recipe, table, config)
    unseen = fitted(recipe, config, parts.train).predict(parts.validation.rows)
    known = parts.known
    pipeline = fitted(recipe, config, known)
    with meant_unknown_categories():
        session = RegressorSession(export_regressor(pipeline, recipe.features, recipe.name))
        test = parts.test.rows
        requests = golden_requests(recipe.features, session, test, partial(distance_in, pipeline))
        differences = [
            relative_difference(pipeline, session, f"test split of {len(test)} rows", test),
            relative_difference(
                pipeline, session, f"{len(requests)} golden rows, missing and unknown values among them", requests
            ),
        ]
    answers = session.run_one_by_one(requests)
    metrics = test_metrics(recipe, parts, session.run(test).value)
    validated = regressor_metrics(parts.validation.target, unseen)
    metrics |= {f"validation_{name}": validated[name] for name in ("rmse", "mae")}
    return TrainedModel(
        graph=session.graph,
        task="regression",
        contract={
            "inputs": manifest_inputs(recipe.features, known.rows),
            "outputs": REGRESSOR_OUTPUTS,
            "response": recipe.response,
        },
        metrics=metrics,
        checks=[*differences, *gate_checks(config.gates, metrics)],
        reference=reference(recipe.features, known.rows, unseen, decile_edges(unseen)),
        golden=golden(recipe.features, requests, answers, tolerance(answers)),
        rows=len(table),
        card=recipe.card,
    )


def split_table(recipe: Regressor, table: pd.DataFrame, config: RegressorConfig) -> Parts:
    rows, target = select_features(table, recipe.features), numeric_target(table, recipe.target)
    refuse_empty_columns(rows)
    split = config.split
    if split.test_share + split.validation_share >= 1:
        raise TrainingError(
            f"split.test_share {split.test_share:g} and split.validation_share {split.validation_share:g} leave no row "
            "to learn from; together they must be below 1"
        )
    refuse_small(len(rows), split)
    rest, test, rest_target, test_target = train_test_split(
        rows, target, test_size=split.test_share, random_state=config.seed
    )
    share = split.validation_share / (1 - split.test_share)
    train, validation, train_target, validation_target = train_test_split(
        rest, rest_target, test_size=share, random_state=config.seed
    )
    return Parts(Part(train, train_target), Part(validation, validation_target), Part(test, test_target))


def refuse_small(rows: int, split: ThreeWaySplit) -> None:
    shares = (split.test_share, split.validation_share, 1 - split.test_share - split.validation_share)
    least = int(np.ceil(MIN_PART_ROWS / min(shares)))
    if rows < least:
        raise TrainingError(
            f"the data is too small for its split: {rows} rows, of which the least part gets {min(shares):.0%}; "
            f"at least {least} rows are needed, {MIN_PART_ROWS} for each part. Gather more rows, or change [split]."
        )


def fitted(recipe: Regressor, config: RegressorConfig, part: Part) -> Pipeline:
    pipeline = recipe.build(config)
    with meant_unknown_categories():
        pipeline.fit(part.rows, part.target)
    if "n_jobs" in pipeline[-1].get_params():
        # Several threads add up the trees in any order, and the last digit of a prediction is another every time.
        pipeline[-1].set_params(n_jobs=1)
    return pipeline


def validate_regressor(
    recipe: Regressor, table: pd.DataFrame, config: RegressorConfig, folds: int
) -> list[Mapping[str, float]]:
    """The metrics of the validation split, one fold whatever `folds` says: these systems were always tuned on it."""
    del folds
    parts = split_table(recipe, table, config)
    with meant_unknown_categories():
        predicted = fitted(recipe, config, parts.train).predict(parts.validation.rows)
    return [regressor_metrics(parts.validation.target, predicted)]


def relative_difference(pipeline: Pipeline, session: RegressorSession, what: str, rows: pd.DataFrame) -> Check:
    """ONNX Runtime, in one batch and row by row, against scikit-learn."""
    expected = pipeline.predict(rows)
    answers = (session.run(rows), session.run_one_by_one(rows))
    scale = np.maximum(np.abs(expected), np.finfo(np.float32).tiny)
    greatest = max(float((np.abs(answer.value - expected) / scale).max()) for answer in answers)
    name = f"greatest relative difference of a prediction between scikit-learn and ONNX Runtime, {what}"
    return Check(name, greatest, MAX_RELATIVE_DIFFERENCE, "at most")


def tolerance(answers: Values) -> float:
    """golden.json's is absolute: the relative one at the greatest answer."""
    return float(MAX_RELATIVE_DIFFERENCE * np.abs(answers.value).max())


def test_metrics(recipe: Regressor, parts: Parts, predicted: np.ndarray) -> dict[str, float]:
    """Of the answers that ONNX Runtime gives for the test split, beside those of the median of what was learnt from."""
    test, known = parts.test, parts.known
    metrics = regressor_metrics(test.target, predicted)
    median = np.full(len(test.target), np.median(known.target))
    baseline = regressor_metrics(test.target, median)
    metrics |= {"baseline_rmse": baseline["rmse"], "baseline_mae": baseline["mae"]}
    new = ~seen_before(test.rows, known.rows, recipe.identity)
    if recipe.identity and new.any():
        metrics["rmse_unseen"] = regressor_metrics(test.target[new], predicted[new])["rmse"]
        metrics["unseen_share"] = round(float(new.mean()), 6)
    return metrics


def seen_before(rows: pd.DataFrame, known: pd.DataFrame, identity: Sequence[str]) -> np.ndarray:
    """Which of `rows` [N] are equal to one of `known` in all of `identity`, a missing value to a missing one."""
    if not identity:
        return np.zeros(len(rows), dtype=bool)
    columns = list(identity)
    both = pd.concat([known[columns], rows[columns]], ignore_index=True)
    groups = both.groupby(columns, dropna=False, sort=False).ngroup().to_numpy()
    return np.isin(groups[len(known) :], groups[: len(known)])


def regressor_metrics(target: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    metrics = {
        "rmse": root_mean_squared_error(target, predicted),
        "mae": mean_absolute_error(target, predicted),
        "r2": r2_score(target, predicted),
        "mape": mean_absolute_percentage_error(target, predicted),
    }
    return {name: round(float(value), 6) for name, value in metrics.items()}
