"""Columns that are computed inside the graph, from hand-written ONNX nodes. Malformed text never fails a run.

Every tensor is [N, 1]: float32 where the column is a number, with NaN for what cannot be told, else text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper

ML_DOMAIN = "ai.onnx.ml"
HAS_A_WORD = r"(?s).*\S.*"
US_DATE = r"\s*(0?[1-9]|1[0-2])/(0?[1-9]|[12][0-9]|3[01])/[0-9]{4}\s*"


@dataclass(frozen=True)
class Derived:
    """A computed column: `nodes` read tensors of features, or of columns derived before, and give the tensor `name`."""

    name: str
    kind: Literal["numeric", "text"]
    nodes: tuple[NodeProto, ...]
    constants: tuple[TensorProto, ...]


def first_word(name: str, source: str) -> Derived:
    """The text before the first space of `source`; '' where there is no word."""
    part = Parts(name)
    has_word = part.node("RegexFullMatch", source, pattern=HAS_A_WORD)
    # With a word added there is always one to take: without any, StringSplit gives a tensor that ends at 0 columns.
    padded = part.node("StringConcat", source, part.text(" ?"))
    words = part.node("StringSplit", padded, outputs=2)
    first = part.node("Gather", words, part.integer(0), axis=2)
    return part.text_column(part.node("Where", has_word, first, part.text("")))


def year_of_date(name: str, source: str) -> Derived:
    """The year of an M/D/YYYY date."""
    return number_in_text(name, source, US_DATE, delimiter="/", index=2, well_formed="1/1/1")


def leading_number(name: str, source: str, word: str) -> Derived:
    """The number before `word`, such as 36 of '36 months'."""
    return number_in_text(name, source, rf"\s*[0-9]{{1,6}} +{word}\s*", delimiter=" ", index=0, well_formed="0 x")


def number_in_text(name: str, source: str, pattern: str, *, delimiter: str, index: int, well_formed: str) -> Derived:
    """The `index`th part of `source` as a number where all of it matches `pattern`, else NaN. Cast fails the whole run
    on text that is no number, so that what does not match is replaced by `well_formed` before it gets there."""
    part = Parts(name)
    matches = part.node("RegexFullMatch", source, pattern=pattern)
    safe = part.node("Where", matches, source, part.text(well_formed))
    split = {"delimiter": delimiter} if delimiter != " " else {}
    parts = part.node("StringSplit", safe, outputs=2, **split)
    digits = part.node("Gather", parts, part.integer(index), axis=2)
    number = part.node("Cast", digits, to=TensorProto.FLOAT)
    return part.number_column(part.node("Where", matches, number, part.number(np.nan)))


def number_by_text(name: str, source: str, numbers: Mapping[str, float]) -> Derived:
    """What `numbers` has for the text, else NaN."""
    part = Parts(name)
    found = part.node(
        "LabelEncoder",
        source,
        domain=ML_DOMAIN,
        keys_strings=list(numbers),
        values_floats=[float(value) for value in numbers.values()],
        default_float=float("nan"),
    )
    return part.number_column(found)


def difference(name: str, left: str, right: str) -> Derived:
    """left - right; NaN where one of them is."""
    part = Parts(name)
    return part.number_column(part.node("Sub", left, right))


def ratio(name: str, above: str, below: str) -> Derived:
    """above / below; NaN where one of them is, or `below` is not positive."""
    part = Parts(name)
    positive = part.node("Greater", below, part.number(0))
    return part.number_column(part.node("Div", above, part.node("Where", positive, below, part.number(np.nan))))


class Parts:
    """Nodes and constants of one column; their names begin with the column's, so that no two columns' meet."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[NodeProto] = []
        self._constants: list[TensorProto] = []

    def node(self, operator: str, *inputs: str, outputs: int = 1, **attributes: Any) -> str:
        """Gives the name of the first output."""
        place = f"{self._name}/{len(self._nodes)}"
        names = [f"{place}/{output}" for output in range(outputs)]
        self._nodes.append(helper.make_node(operator, list(inputs), names, name=place, **attributes))
        return names[0]

    def text(self, value: str) -> str:
        return self._constant(np.array([[value]], dtype=object))

    def number(self, value: float) -> str:
        return self._constant(np.array([[value]], dtype=np.float32))

    def integer(self, value: int) -> str:
        """A scalar: Gather then drops the axis that it takes from."""
        return self._constant(np.array(value, dtype=np.int64))

    def text_column(self, output: str) -> Derived:
        return self._column(output, "text")

    def number_column(self, output: str) -> Derived:
        return self._column(output, "numeric")

    def _constant(self, value: np.ndarray) -> str:
        name = f"{self._name}/constant/{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(value, name))
        return name

    def _column(self, output: str, kind: Literal["numeric", "text"]) -> Derived:
        (last,) = [node for node in self._nodes if output in node.output]
        last.output[list(last.output).index(output)] = self._name
        return Derived(self._name, kind, tuple(self._nodes), tuple(self._constants))


def nodes_of(columns: Sequence[Derived]) -> list[NodeProto]:
    return [node for column in columns for node in column.nodes]


def constants_of(columns: Sequence[Derived]) -> list[TensorProto]:
    return [constant for column in columns for constant in column.constants]
