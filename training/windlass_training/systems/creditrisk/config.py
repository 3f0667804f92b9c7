"""What creditrisk's config.toml may say."""

from typing import Annotated

from pydantic import Field

from windlass_training.config import CLASSIFIER_METRICS, Section, SystemConfig


class Forest(Section):
    trees: Annotated[int, Field(ge=1, le=2000)]
    max_depth: Annotated[int, Field(ge=1, le=64)]
    min_samples_leaf: Annotated[int, Field(ge=1)]


class Model(Section):
    forest: Forest


class CrossValidation(Section):
    """Of the AUC: so few loans make the AUC of one test split a matter of luck."""

    folds: Annotated[int, Field(ge=2, le=20)] = 5
    repeats: Annotated[int, Field(ge=1, le=20)] = 5


class CreditRiskConfig(SystemConfig):
    metrics = CLASSIFIER_METRICS + "|auc_cv|auc_cv_.+"
    model: Model
    cross_validation: CrossValidation = CrossValidation()
