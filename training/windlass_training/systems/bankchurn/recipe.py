"""The model, and how its answers look to the clients of POST /predict."""

import numpy as np
from skl2onnx.sklapi import CastTransformer
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from windlass_training.systems.bankchurn.config import BankChurnConfig, Model
from windlass_training.systems.bankchurn.features import FEATURES, TARGET
from windlass_training.tabular.classifier import BinaryClassifier
from windlass_training.tabular.features import names


def build(config: BankChurnConfig) -> Pipeline:
    # The categories come first: the forest draws columns by position, so the order is part of the model.
    columns = ColumnTransformer(
        [
            ("categories", categories(), names(FEATURES, "categorical")),
            ("numbers", numbers(), names(FEATURES, "numeric")),
        ]
    )
    return Pipeline([("columns", columns), ("vote", vote(config.model, config.seed))])


def categories() -> Pipeline:
    # skl2onnx takes no NaN in text: '' is the missing value from the request to the imputer.
    return make_pipeline(
        SimpleImputer(missing_values="", strategy="constant", fill_value="missing"),
        OneHotEncoder(drop="first", handle_unknown="ignore", sparse_output=False),
    )


def numbers() -> Pipeline:
    # In float32 the scaled values differ from scikit-learn's by enough to cross splits (6e-3 in a probability).
    return make_pipeline(
        SimpleImputer(strategy="median"),
        CastTransformer(dtype=np.float64),
        StandardScaler(),
        CastTransformer(dtype=np.float32),
    )


def vote(model: Model, seed: int) -> VotingClassifier:
    regression = LogisticRegression(
        C=model.regression.c, class_weight="balanced", solver="liblinear", random_state=seed
    )
    forest = RandomForestClassifier(
        n_estimators=model.forest.trees,
        max_depth=model.forest.max_depth,
        min_samples_split=model.forest.min_samples_split,
        min_samples_leaf=model.forest.min_samples_leaf,
        class_weight="balanced_subsample",
        random_state=seed,
    )
    return VotingClassifier(
        [("regression", regression), ("forest", forest)],
        voting="soft",
        weights=np.array([model.regression.weight, model.forest.weight]),
        # skl2onnx has no flattening; for a soft vote the flag changes transform alone, never a prediction.
        flatten_transform=False,
    )


RESPONSE = {
    "predict": {
        "churn_probability": {"from": "probability"},
        "churn_prediction": {"from": "prediction"},
        "risk_level": {"from": "band"},
        "confidence": {"from": "confidence"},
        "model_version": {"from": "version"},
        "prediction_timestamp": {"from": "timestamp"},
    },
    "batch": {
        "request": "customers",
        "predictions": "predictions",
        "limit": 1000,
        "fields": {
            "batch_id": {"from": "requestId"},
            "total_customers": {"from": "rows"},
            "processing_time_seconds": {"from": "durationSeconds"},
        },
    },
    "health": {
        "status": {"from": "constant", "value": "healthy"},
        "model_loaded": {"from": "modelLoaded"},
        "uptime_seconds": {"from": "uptimeSeconds"},
        "version": {"from": "version"},
    },
    "errors": "detail",
}

CARD = """\
The probability that a customer of a bank leaves, from ten facts about the account. A soft vote of logistic regression
and a random forest, both weighted for the rarer class; missing values are imputed, categories
one-hot encoded and numbers scaled inside the graph.

Made for choosing whom to talk to, not for refusing anybody anything: `Geography`, `Gender` and `Age` are among the
inputs, and no fairness has been measured. Probabilities are weighted towards the rarer class and are no frequencies.
`risk_level` is LOW below 0.3, MEDIUM below 0.7, else HIGH. The gate is on the weighted F1, which the majority class
dominates; the F1 of the customers who leave is lower.
"""

RECIPE = BinaryClassifier(
    name="BankChurn",
    features=FEATURES,
    target=TARGET,
    labels=("retained", "exited"),
    build=build,
    threshold=0.5,
    bands=({"label": "LOW", "below": 0.3}, {"label": "MEDIUM", "below": 0.7}, {"label": "HIGH"}),
    response=RESPONSE,
    card=CARD,
)
