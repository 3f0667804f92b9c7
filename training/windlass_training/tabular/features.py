"""Features of a table: one declaration that the data check, the ONNX inputs and model.json are all made from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from windlass_training.system import Json


@dataclass(frozen=True)
class NumericFeature:
    name: str
    description: str
    minimum: float | None = None
    maximum: float | None = None
    integer: bool = False
    required: bool = True
    unit: str | None = None
    kind: Literal["numeric"] = "numeric"


@dataclass(frozen=True)
class CategoricalFeature:
    name: str
    description: str
    values: tuple[str, ...]
    required: bool = True
    kind: Literal["categorical"] = "categorical"


@dataclass(frozen=True)
class TextFeature:
    """Any text: nothing is refused for not being known, and the graph makes of it what it can."""

    name: str
    description: str
    required: bool = True
    bins: int = 50
    """How many of the commonest texts drift is measured on; 0 for a text that is always another, such as a date."""
    trimmed: bool = False
    """The graph makes nothing of spaces around it, and clients send none: those in a file are dropped."""
    kind: Literal["text"] = "text"


Feature = NumericFeature | CategoricalFeature | TextFeature
Kind = Literal["numeric", "categorical", "text"]


def names(features: Sequence[Feature], kind: Kind | None = None) -> list[str]:
    return [feature.name for feature in features if kind is None or feature.kind == kind]


def manifest_inputs(features: Sequence[Feature], table: pd.DataFrame) -> list[Json]:
    """model.json's `inputs`; the defaults, which are for display alone, are the table's median or commonest value."""
    return [manifest_input(feature, table[feature.name]) for feature in features]


def manifest_input(feature: Feature, column: pd.Series) -> Json:
    described: Json = {
        "name": feature.name,
        "type": "float32" if feature.kind == "numeric" else "string",
        "shape": [None, 1],
        "description": feature.description,
        "required": feature.required,
    }
    if feature.kind == "categorical":
        return described | {"values": list(feature.values), "default": commonest(column)}
    if feature.kind == "text":
        return described | {"default": commonest(column)}
    if feature.unit is not None:
        described["unit"] = feature.unit
    bounds = {"min": feature.minimum, "max": feature.maximum}
    bounds = {bound: value for bound, value in bounds.items() if value is not None}
    if bounds:
        described["range"] = bounds
    median = float(column.median())
    default: float = int(median) if feature.integer else round(median, 2)
    return described | {"integer": feature.integer, "default": default}


def commonest(column: pd.Series) -> str:
    present = column[column != ""]
    return "" if present.empty else str(present.mode()[0])
