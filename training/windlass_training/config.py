"""A system's config.toml: seed, split, hyperparameters, gates and what tune searches. Unknown keys are errors."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from windlass_training.config_problems import explained
from windlass_training.errors import TrainingError
from windlass_training.system import Bound, Check, Json

CLASSIFIER_METRICS = "f1|f1_weighted|auc|accuracy|precision|recall|log_loss|brier|positive_share"
Scalar = bool | int | float | str

REPLACED_WHOLE = frozenset({"gates", "space"})
"""Maps whose keys are not fixed: what --config says of one replaces all of it."""


class Section(BaseModel):
    """A table of a config file."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Split(Section):
    test_share: Annotated[float, Field(gt=0, lt=1)] = 0.2


class Gate(Section):
    """What a metric must be for a bundle to be written: one bound."""

    above: float | None = None
    at_least: float | None = None
    below: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def has_one_bound(self) -> Self:
        if len(self.model_dump(exclude_none=True)) != 1:
            raise ValueError("give one of above, at_least, below and at_most")
        return self

    def check(self, metric: str, value: float) -> Check:
        limits: dict[Bound, float | None] = {
            "above": self.above,
            "at least": self.at_least,
            "below": self.below,
            "at most": self.at_most,
        }
        bound, limit = next((bound, limit) for bound, limit in limits.items() if limit is not None)
        return Check(metric, value, limit, bound, gate=True)


class Dimension(Section):
    """The values that tune tries for one key: one of a list, or between two numbers (whole ones when both are)."""

    one_of: Annotated[list[Scalar], Field(min_length=1)] | None = None
    between: Annotated[list[int | float], Field(min_length=2, max_length=2)] | None = None
    log: bool = False

    @model_validator(mode="after")
    def is_one_of_two_kinds(self) -> Self:
        if (self.one_of is None) == (self.between is None):
            raise ValueError("give one of one_of and between")
        if self.between is not None:
            low, high = self.between
            if low >= high:
                raise ValueError(f"between must rise; {low:g} is not below {high:g}")
            if self.log and low <= 0:
                raise ValueError(f"between must be above 0 with log = true; it starts at {low:g}")
        return self


class Search(Section):
    metric: str
    """A metric of cross-validation; its mean over the folds is compared."""
    goal: Literal["greatest", "least"] = "greatest"
    trials: Annotated[int, Field(ge=1, le=10_000)] = 20
    folds: Annotated[int, Field(ge=2, le=20)] = 5
    space: dict[str, Dimension] = Field(default_factory=dict)
    """Key with its table, such as model.forest.max_depth -> the values to try."""


class Retrain(Section):
    margin: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    """By so much the search's metric of a new model may be worse than that of the one that serves: in its own unit."""


class SystemConfig(Section):
    """What every system's config.toml has; each system adds its [model]."""

    metrics: ClassVar[str] = r".+"
    """A pattern of the metrics that the system has, and that gates may be set on."""

    seed: Annotated[int, Field(ge=0, lt=2**32)] = 42
    split: Split = Split()
    gates: dict[str, Gate] = Field(default_factory=dict)
    search: Search
    retrain: Retrain = Retrain()


Config = TypeVar("Config", bound=SystemConfig)


def load_config(config_type: type[Config], default: Path, override: Path | None, seed: int | None) -> Config:
    """The system's own config.toml, what `override` says instead, and the seed of the command line over both."""
    values = read_toml(default)
    if override is not None:
        values = merged(values, read_toml(override))
    if seed is not None:
        values = {**values, "seed": seed}
    config = parse_config(config_type, values, f"{override or default}")
    for name in config.gates:
        if not re.fullmatch(config_type.metrics, name):
            raise TrainingError(
                f"{override or default} does not fit: gates.{name} is no metric of this system; a gate is set "
                f"on one of {', '.join(config_type.metrics.split('|'))}."
            )
    return config


def read_toml(file: Path) -> Json:
    if not file.is_file():
        raise TrainingError(f"--config {file}: no such file. Leave --config out to take the system's own.")
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TrainingError(f"{file} is not TOML in UTF-8: {error}") from error


def merged(base: Json, over: Mapping[str, Any]) -> Json:
    result = dict(base)
    for key, value in over.items():
        inner = result.get(key)
        both = isinstance(inner, dict) and isinstance(value, dict) and key not in REPLACED_WHOLE
        result[key] = merged(inner, value) if both and isinstance(inner, dict) else value
    return result


def parse_config(config_type: type[Config], values: Json, where: str) -> Config:
    try:
        return config_type.model_validate(values)
    except ValidationError as error:
        problems = [explained(config_type, detail) for detail in error.errors()]
        raise TrainingError(f"{where} does not fit: {'; '.join(dict.fromkeys(problems))}.") from error


def gate_checks(gates: Mapping[str, Gate], metrics: Mapping[str, float]) -> list[Check]:
    for name in gates:
        if name not in metrics:
            raise TrainingError(f"gates.{name} is no metric of this model; it has {', '.join(metrics)}")
    return [gate.check(name, metrics[name]) for name, gate in gates.items()]


def parameters(config: SystemConfig) -> dict[str, Scalar]:
    """Dotted key -> value of all that shapes the model; what is searched and the gates left out."""
    values = config.model_dump(exclude={"gates", "search"}, exclude_none=True)
    return dict(flat(values, ""))


def flat(values: Mapping[str, Any], prefix: str) -> list[tuple[str, Scalar]]:
    found: list[tuple[str, Scalar]] = []
    for key, value in values.items():
        if isinstance(value, dict):
            found += flat(value, f"{prefix}{key}.")
        else:
            found.append((f"{prefix}{key}", value if isinstance(value, bool | int | float | str) else f"{value}"))
    return found
