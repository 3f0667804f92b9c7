"""What every system gives to the command line, and what training and evaluating give back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

import numpy as np

if TYPE_CHECKING:
    from windlass_training.config import SystemConfig

Json = dict[str, Any]
Bound = Literal["at most", "below", "above", "at least"]
Data = TypeVar("Data")
"""What a system learns from once it is read: a table, or pictures."""


@dataclass(frozen=True)
class Check:
    """A number that was compared with a limit; `gate` is what --no-gate leaves out."""

    name: str
    value: float
    limit: float
    bound: Bound
    gate: bool = False

    @property
    def passes(self) -> bool:
        value, limit = self.value, self.limit
        verdicts = {
            "at most": value <= limit,
            "below": value < limit,
            "above": value > limit,
            "at least": value >= limit,
        }
        return verdicts[self.bound]

    def __str__(self) -> str:
        verdict = "ok" if self.passes else "FAILED"
        return f"{self.name}: {self.value:.6g} ({self.bound} {self.limit:g}) {verdict}"

    def report(self) -> Json:
        return {
            "name": self.name,
            "value": self.value,
            "bound": self.bound,
            "limit": self.limit,
            "passes": self.passes,
            "gate": self.gate,
        }


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
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Further files of the bundle, such as the pictures that golden.json names: path -> bytes."""
    details: Json = field(default_factory=dict)
    """What metrics.json keeps beside the metrics, such as the losses of each epoch."""
    libraries: Sequence[str] = ()
    """What it was made with beside those that every model is."""


@dataclass(frozen=True)
class Finding:
    """Something that validate-data found. An error is what training would refuse, or what would make it pointless."""

    severity: Literal["error", "warning"]
    column: str
    """'' where it is about the data as a whole."""
    rule: str
    """Stable, for machines: missing-column, wrong-type, out-of-range, ..."""
    message: str
    count: int = 0
    """Rows that it is about."""


@dataclass(frozen=True)
class DataReport:
    rows: int
    columns: Sequence[Json]
    """A summary of each column (or property): name first, then what the kind of data has."""
    findings: Sequence[Finding]


@dataclass(frozen=True)
class StoredBundle:
    """A bundle that was read back, its files checked against their digests."""

    folder: Path
    manifest: Json
    graph: bytes
    reference: Json | None
    golden: Json | None
    config: Json | None
    """What it was trained with, as metrics.json has it."""
    details: Json = field(default_factory=dict)
    """TrainedModel's."""


@dataclass(frozen=True)
class Evaluation:
    """What a bundle's graph answered on data. `pictures`: file name, such as roc.png -> bytes."""

    rows: int
    metrics: Mapping[str, float]
    checks: Sequence[Check]
    pictures: Mapping[str, bytes]
    card: str = ""
    """Markdown of what is particular to this kind, such as a table by species."""


@dataclass(frozen=True)
class System(Generic[Data]):
    """One of the systems. Every hook raises TrainingError for data that does not fit; `config` is of config_type."""

    name: str
    model_name: str
    summary: str
    """A sentence, for --help and model.json."""
    config_type: type["SystemConfig"]
    read: Callable[[Path], Data]
    """--data (a file, or a folder of pictures) -> what is in it, unchecked."""
    digest: Callable[[Path], str]
    """The sha256 of --data, in hex."""
    size: Callable[[Data], int]
    """Rows, or pictures."""
    generate: Callable[[int, int], Data]
    """(rows, seed) -> data like the real, with a signal that can be learnt."""
    write: Callable[[Data, Path], None]
    """Writes generated data as `read` takes it; the same data gives the same bytes."""
    train: Callable[[Data, Any], TrainedModel]
    """(data, config) -> the model."""
    cross_validate: Callable[[Data, Any, int], Sequence[Mapping[str, float]]]
    """(data, config, folds) -> each fold's metrics, for tune. The test split takes no part in it."""
    evaluate: Callable[[StoredBundle, Data, Any, bool], Evaluation]
    """(bundle, data, config, whole) -> the graph's answers on all of the data, or (not whole) on its test split."""
    validate: Callable[[Data, Any], DataReport]
    """(data, config) -> what is in it and what is wrong with it. It raises nothing for bad data."""
    observe: Callable[[Data], Mapping[str, np.ndarray]]
    """Feature, as drift reports name it -> its values [N]: float32 or float64 with NaN, or text with ''. Nothing is
    refused for its values: drifted data is out of range."""
    reference: Callable[[Data], Mapping[str, Json]]
    """Feature, named as by `observe` -> frozen bins, as reference.json has them."""
    predict: Callable[[StoredBundle, Data], np.ndarray]
    """What reference.json's prediction counts, [N] of the graph's type: P(positive), a number, or the greatest
    probability."""
    published: Mapping[str, float] = field(default_factory=dict)
    """What others measured on the real data, to compare with."""
    generated_rows: int = 10_000
    """How many are made where nobody says."""
