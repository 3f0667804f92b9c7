"""Columns computed inside the graph: no text fails a run, and training sees what serving sees."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

from windlass_training.tabular.derived import (
    Derived,
    difference,
    first_word,
    leading_number,
    number_by_text,
    ratio,
    year_of_date,
)
from windlass_training.tabular.features import Feature, NumericFeature, TextFeature
from windlass_training.tabular.front import Front, front_graph
from windlass_training.tabular.graph import export
from windlass_training.tabular.session import GraphSession

TEXT = TextFeature("text", "")
LEFT, RIGHT = NumericFeature("left", ""), NumericFeature("right", "")
NAN = float("nan")


def computed(column: Derived, features: tuple[Feature, ...], **rows: list[object]) -> list[object]:
    """Each value's answer alone, which must be what it is in one batch with all the others."""
    types = {feature.name: np.float32 if feature.kind == "numeric" else object for feature in features}
    table = pd.DataFrame(rows).astype(types)
    session = GraphSession(front_graph(features, [column]))
    together = session.answer(table, [column.name])[column.name]
    alone = session.answer_one_by_one(table, [column.name])[column.name]
    np.testing.assert_array_equal(together, alone)
    return [value[0] for value in together.tolist()]


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("6/23/2018", 2018),
        ("06/03/2018", 2018),
        ("12/31/1999", 1999),
        (" 6/23/2018 ", 2018),
        ("", NAN),
        ("/", NAN),
        ("//", NAN),
        ("6/23/", NAN),
        ("23/6/2018", NAN),
        ("6/32/2018", NAN),
        ("6/23/18", NAN),
        ("6/23/20185", NAN),
        ("6/23/2018/1", NAN),
        ("2018-06-23", NAN),
        ("yesterday", NAN),
        ("6/23/٢٠١٨", NAN),
        ("6/23/2018\0", NAN),
        ("9" * 5000, NAN),
    ],
)
def test_the_year_of_a_date_is_read_and_of_anything_else_is_missing(text: str, year: float) -> None:
    found = computed(year_of_date("year", "text"), (TEXT,), text=[text, "1/2/2003", ""])
    np.testing.assert_array_equal(np.array(found, dtype=np.float64), [year, 2003, NAN])


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("ford f-150", "ford"),
        ("ford", "ford"),
        ("  ford   f-150", "ford"),
        ("", ""),
        (" ", ""),
        ("\t\n", ""),
        ("škoda octavia", "škoda"),
        ("福特 f-150", "福特"),
        ("?", "?"),
        ("x" * 5000, "x" * 5000),
    ],
)
def test_the_first_word_is_taken_and_of_no_word_is_empty(text: str, word: str) -> None:
    assert computed(first_word("word", "text"), (TEXT,), text=[text]) == [word]
    assert computed(first_word("word", "text"), (TEXT,), text=["", text, "a b c d"]) == ["", word, "a"]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (" 36 months", 36),
        ("60 months", 60),
        ("", NAN),
        ("36", NAN),
        ("months", NAN),
        ("36 months or so", NAN),
        ("-36 months", NAN),
        ("1e9 months", NAN),
        ("9999999999 months", NAN),
    ],
)
def test_the_number_before_a_word_is_read_and_of_anything_else_is_missing(text: str, number: float) -> None:
    found = computed(leading_number("number", "text", "months"), (TEXT,), text=[text, "7 months"])
    np.testing.assert_array_equal(np.array(found, dtype=np.float64), [number, 7])


def test_a_text_is_looked_up_and_an_unknown_one_is_missing() -> None:
    column = number_by_text("years", "text", {"< 1 year": 0, "10+ years": 10})
    found = computed(column, (TEXT,), text=["10+ years", "< 1 year", "", "11 years"])
    np.testing.assert_array_equal(np.array(found, dtype=np.float64), [10, 0, NAN, NAN])


def test_arithmetic_passes_missing_values_on_and_divides_by_nothing_that_is_not_positive() -> None:
    rows: dict[str, list[object]] = {"left": [6, NAN, 6, 6, 6], "right": [4, 4, NAN, 0, -2]}
    less = computed(difference("less", "left", "right"), (LEFT, RIGHT), **rows)
    np.testing.assert_array_equal(np.array(less), [2, NAN, NAN, 6, 8])
    share = computed(ratio("share", "left", "right"), (LEFT, RIGHT), **rows)
    np.testing.assert_array_equal(np.array(share), [1.5, NAN, NAN, NAN, NAN])


def test_the_served_graph_holds_the_nodes_that_training_ran_and_takes_the_features_alone() -> None:
    derived = (first_word("brand", "text"),)
    rows = pd.DataFrame({"text": ["ford f-150", "bmw x5", "", "unheard of"]}, dtype=object)
    encoder = OneHotEncoder(categories=[["bmw", "ford"]], handle_unknown="ignore", sparse_output=False)
    pipeline = Pipeline(
        [("front", Front((TEXT,), derived)), ("columns", ColumnTransformer([("brand", encoder, ["brand"])]))]
    )
    fitted = clone(pipeline).fit(rows)
    assert fitted[0].transform(rows)["brand"].tolist() == ["ford", "bmw", "", "unheard"]
    session = GraphSession(export(fitted, (TEXT,), "words", {}))
    assert [value.name for value in session.inputs] == ["text"]
    (output,) = session.outputs
    answer = session.answer(rows, [output.name])[output.name]
    assert answer.tolist() == fitted.transform(rows).tolist() == [[0, 1], [1, 0], [0, 0], [0, 0]]
