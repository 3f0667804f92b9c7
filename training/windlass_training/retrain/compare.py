"""A new model beside the one that serves, on the same rows. Pure but for what the systems' evaluate does."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from windlass_training.config import SystemConfig
from windlass_training.errors import TrainingError
from windlass_training.system import StoredBundle, System


class WorseModelError(TrainingError):
    """The new model is worse than the one that serves: nothing was published."""

    exit_status: ClassVar[int] = 3


@dataclass(frozen=True)
class Comparison:
    metric: str
    goal: Literal["greatest", "least"]
    rows: int
    serving: float
    serving_version: str
    new: float
    margin: float

    @property
    def loss(self) -> float:
        """By how much the new model is worse; below 0 it is better."""
        return self.serving - self.new if self.goal == "greatest" else self.new - self.serving

    @property
    def worse(self) -> bool:
        """By more than the margin; a metric that is not a number is worse than any."""
        return not self.loss <= self.margin and self.serving == self.serving

    def __str__(self) -> str:
        direction = "worse" if self.loss > 0 else "better"
        difference = f"{direction} by {abs(self.loss):.6g}" if self.loss else "the same"
        return (
            f"{self.metric} on the {self.rows} rows of the new data's test split: {self.new:.6g}, "
            f"version {self.serving_version} that serves: {self.serving:.6g} ({self.goal} is best): "
            f"{difference}, margin {self.margin:.6g}"
        )


def compare(
    system: System[Any],
    new: StoredBundle,
    serving: StoredBundle,
    content: Any,
    config: SystemConfig,
    margin: float | None,
) -> Comparison:
    """By the metric that the config's [search] names; without `margin` that of the config's [retrain]."""
    name = serving.manifest.get("name")
    if name != system.model_name:
        raise TrainingError(f"the model that serves is {name}, not {system.model_name}: they cannot be compared")
    ours = system.evaluate(new, content, config, False)
    theirs = system.evaluate(serving, content, config, False)
    return Comparison(
        metric=config.search.metric,
        goal=config.search.goal,
        rows=ours.rows,
        serving=named(theirs.metrics, config.search.metric),
        serving_version=f"{serving.manifest.get('version')}",
        new=named(ours.metrics, config.search.metric),
        margin=config.retrain.margin if margin is None else margin,
    )


def named(metrics: Mapping[str, float], metric: str) -> float:
    if metric not in metrics:
        raise TrainingError(f"search.metric is {metric}, which evaluating does not give; it gives {', '.join(metrics)}")
    return float(metrics[metric])
