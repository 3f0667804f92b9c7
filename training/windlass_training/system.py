"""What every system gives to the command line, and what training it gives back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

Json = dict[str, Any]


@dataclass(frozen=True)
class Check:
    """A number that was compared with a limit when the model was trained; `gate` is what --no-gate leaves out."""

    name: str
    value: float
    limit: float
    bound: Literal["at most", "above"]
    gate: bool = False

    @property
    def passes(self) -> bool:
        return self.value <= self.limit if self.bound == "at most" else self.value > self.limit

    def __str__(self) -> str:
        verdict = "ok" if self.passes else "FAILED"
        return f"{self.name}: {self.value:.6g} ({self.bound} {self.limit:g}) {verdict}"


@dataclass(frozen=True)
class TrainedModel:
    """All that a bundle holds, in memory. `contract` is model.json's inputs, outputs, labels, decision and response."""

    graph: bytes
    task: str
    contract: Json
    metrics: Mapping[str, float]
    checks: Sequence[Check]
    reference: Json
    golden: Json
    rows: int
    card: str


@dataclass(frozen=True)
class System:
    """One of the systems: how its data is read or made, and how its model is trained."""

    name: str
    model_name: str
    summary: str
    """A sentence, for --help and model.json."""
    generate: Callable[[int, int], pd.DataFrame]
    """(rows, seed) -> a table with the columns of the real data and a signal that can be learnt."""
    train: Callable[[pd.DataFrame, int], TrainedModel]
    """(table as read from the CSV file, seed) -> the model. Raises TrainingError for a table that does not fit."""
    published: Mapping[str, float] = field(default_factory=dict)
    """What others measured on the real data, to compare with."""
