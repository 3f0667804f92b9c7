"""What carvision's config.toml may say."""

from typing import Annotated

from pydantic import Field

from windlass_training.config import Section
from windlass_training.tabular.regressor import RegressorConfig


class Forest(Section):
    trees: Annotated[int, Field(ge=1, le=2000)]
    max_depth: Annotated[int, Field(ge=1, le=64)]
    min_samples_leaf: Annotated[int, Field(ge=1)]
    max_features: Annotated[float, Field(gt=0, le=1)]
    """Share of the columns that a split is looked for in."""


class Model(Section):
    forest: Forest


class CarVisionConfig(RegressorConfig):
    model: Model
