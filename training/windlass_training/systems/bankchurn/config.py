"""What bankchurn's config.toml may say."""

from typing import Annotated

from pydantic import Field

from windlass_training.config import CLASSIFIER_METRICS, Section, SystemConfig

Weight = Annotated[float, Field(gt=0, le=1)]


class Regression(Section):
    weight: Weight
    c: Annotated[float, Field(gt=0)]
    """The inverse of the strength of regularization."""


class Forest(Section):
    weight: Weight
    trees: Annotated[int, Field(ge=1, le=2000)]
    max_depth: Annotated[int, Field(ge=1, le=64)]
    min_samples_split: Annotated[int, Field(ge=2)]
    min_samples_leaf: Annotated[int, Field(ge=1)]


class Model(Section):
    regression: Regression
    forest: Forest


class BankChurnConfig(SystemConfig):
    metrics = CLASSIFIER_METRICS
    model: Model
