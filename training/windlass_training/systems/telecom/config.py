"""What telecom's config.toml may say."""

from typing import Annotated

from pydantic import Field

from windlass_training.config import CLASSIFIER_METRICS, Section, SystemConfig


class Model(Section):
    trees: Annotated[int, Field(ge=1, le=2000)]
    max_depth: Annotated[int, Field(ge=1, le=16)]
    learning_rate: Annotated[float, Field(gt=0, le=1)]
    subsample: Annotated[float, Field(gt=0, le=1)]
    """The share of the rows that each tree is fitted on."""
    min_samples_leaf: Annotated[int, Field(ge=1)]


class TelecomConfig(SystemConfig):
    metrics = CLASSIFIER_METRICS
    model: Model
