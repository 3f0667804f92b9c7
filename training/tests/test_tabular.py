"""The parts that models over tables share: data checks, bins, splits of trees."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression

from windlass_training.errors import TrainingError
from windlass_training.tabular.csv import read_csv
from windlass_training.tabular.features import CategoricalFeature, NumericFeature, TextFeature
from windlass_training.tabular.golden import spread
from windlass_training.tabular.observed import observe
from windlass_training.tabular.reference import category_bins, feature_bins, numeric_bins
from windlass_training.tabular.table import binary_target, select_features
from windlass_training.tabular.trees import split_distance

AGE = NumericFeature("age", "", minimum=18, maximum=100, integer=True)
INCOME = NumericFeature("income", "", minimum=0, required=False)
COUNTRY = CategoricalFeature("country", "", ("France", "Spain"))
FEATURES = (AGE, INCOME, COUNTRY)


def table(**columns: list[object]) -> pd.DataFrame:
    return pd.DataFrame({"age": [20, 30], "income": [1.5, None], "country": ["France", "Spain"], **columns})


def test_features_become_float32_and_text_with_their_own_kind_of_missing() -> None:
    rows = select_features(table(), FEATURES)
    assert [str(kind) for kind in rows.dtypes] == ["float32", "float32", "object"]
    assert np.isnan(rows["income"].iloc[1])
    optional = CategoricalFeature("country", "", ("France", "Spain"), required=False)
    assert select_features(table(country=["France", None]), (optional,))["country"].tolist() == ["France", ""]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"age": [20, 17]}, r"column age: must be at least 18; 1 of 2 rows are not, the first is data row 2 with .*17"),
        ({"age": [101, 20]}, "column age: must be at most 100"),
        ({"age": [20.5, 20]}, "column age: must be a whole number"),
        ({"age": ["old", 20]}, "column age: must be a number; .* 'old'"),
        ({"age": [None, 20]}, "column age: a required feature has no value"),
        ({"income": [float("inf"), 1]}, "column income: must be a number"),
        ({"country": ["France", "Atlantis"]}, "column country: must be one of France, Spain; .* 'Atlantis'"),
        ({"country": ["France", " Spain"]}, "column country: must be one of France, Spain; .* ' Spain'"),
        ({"country": ["France", "  "]}, "column country: a required feature has no value"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_with_the_row(columns: dict[str, list[object]], message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        select_features(table(**columns), FEATURES)


def test_text_is_learnt_as_a_client_would_send_it() -> None:
    texts = [" ford", "ford ", "ford", "  ", None]
    kept = TextFeature("model", "", required=False)
    assert select_features(pd.DataFrame({"model": texts}), (kept,))["model"].tolist() == [
        " ford",
        "ford ",
        "ford",
        "  ",
        "",
    ]
    assert observe(pd.DataFrame({"model": texts}), (kept,))["model"].tolist() == [" ford", "ford ", "ford", "  ", ""]
    dropped = TextFeature("model", "", required=False, trimmed=True)
    assert select_features(pd.DataFrame({"model": texts}), (dropped,))["model"].tolist() == ["ford"] * 3 + [""] * 2
    assert observe(pd.DataFrame({"model": texts}), (dropped,))["model"].tolist() == ["ford"] * 3 + [""] * 2


def test_a_file_has_no_text_that_means_nothing_and_no_text_that_is_a_number(tmp_path: Path) -> None:
    file = tmp_path / "cars.csv"
    file.write_text("model,price\nNone,1\nNA,NA\nnull,null\n01, 2\n,\n 1.0,3.5\n")
    read = read_csv(file, texts={"model"})
    features = (TextFeature("model", "", required=False), NumericFeature("price", "", required=False))
    rows = select_features(read, features)
    assert rows["model"].tolist() == ["None", "NA", "null", "01", "", " 1.0"]
    assert np.nan_to_num(rows["price"].to_numpy(), nan=-1).tolist() == [1, -1, -1, 2, -1, 3.5]


def test_absent_columns_are_named() -> None:
    with pytest.raises(TrainingError, match="lacks the columns age, country; it has income"):
        select_features(pd.DataFrame({"income": [1.0]}), FEATURES)


def test_a_table_without_rows_is_refused() -> None:
    with pytest.raises(TrainingError, match="no rows"):
        select_features(table().iloc[:0], FEATURES)


@pytest.mark.parametrize(("values", "message"), [([0, 2], "must be 0 or 1"), ([1, 1], "every row is 1")])
def test_a_target_that_teaches_nothing_is_refused(values: list[object], message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        binary_target(pd.DataFrame({"gone": values}), "gone")


def test_numeric_bins_count_what_is_below_above_and_missing() -> None:
    counted = numeric_bins(np.array([-1.0, 0, 1, 1.5, 2, 3, np.nan]), np.array([0.0, 1.0, 2.0]))
    assert counted == {
        "kind": "numeric",
        "edges": [0.0, 1.0, 2.0],
        "counts": [1, 3],
        "under": 1,
        "over": 1,
        "missing": 1,
    }


def test_category_bins_count_unknown_and_missing_values() -> None:
    counted = category_bins(COUNTRY, pd.Series(["France", "France", "Atlantis", ""]))
    assert counted == {"kind": "categorical", "counts": {"France": 2, "Spain": 0}, "other": 1, "missing": 1}


def test_a_few_whole_numbers_get_a_bin_each() -> None:
    counted = feature_bins(AGE, pd.Series([20, 20, 22, 25], dtype="float32"))
    assert counted["edges"] == [19.5, 21.5, 24.5, 25.5]
    assert counted["counts"] == [2, 1, 1]


def test_many_whole_numbers_get_bins_whose_edges_no_value_touches() -> None:
    counted = feature_bins(AGE, pd.Series(range(18, 101), dtype="float32"))
    assert len(counted["counts"]) == 10
    assert all(edge % 1 == 0.5 for edge in counted["edges"])
    assert sum(counted["counts"]) == 83


@pytest.mark.parametrize("values", [[0.0] * 50, [0.0] * 90 + [5.0, 6.0, 7.0], list(np.linspace(0, 1, 500))])
def test_edges_rise_and_hold_every_value(values: list[float]) -> None:
    counted = feature_bins(INCOME, pd.Series(values, dtype="float32"))
    assert (np.diff(counted["edges"]) > 0).all()
    assert (counted["under"], counted["over"], sum(counted["counts"])) == (0, 0, len(values))


def test_split_distance_is_that_of_the_splits_that_a_row_passes() -> None:
    values = np.array([[0.0, 9.0], [1.0, 9.0], [4.0, 9.0], [4.0, 1.0]])
    tree = RandomForestClassifier(1, bootstrap=False, max_features=None, random_state=0)
    tree.fit(values, [0, 0, 1, 0])
    found = split_distance(tree, np.array([[2.4, 0.0], [2.5, 5.1], [40.0, 6.0]]))
    paths = tree.estimators_[0].tree_
    assert sorted(paths.threshold[paths.feature >= 0]) == pytest.approx([2.5, 5.0])
    assert found == pytest.approx([0.1, 0.0, 1.0], abs=1e-6) or found == pytest.approx([5.0, 0.0, 1.0], abs=1e-6)


def test_split_distance_looks_into_every_ensemble_and_is_infinite_without_trees() -> None:
    random = np.random.default_rng(0)
    values, target = random.normal(size=(60, 2)), np.arange(60) % 2
    boosted = GradientBoostingClassifier(n_estimators=3, random_state=0)
    line = LogisticRegression()
    vote = VotingClassifier([("boosted", boosted), ("line", line)], voting="soft").fit(values, target)
    assert np.isfinite(split_distance(vote, values)).all()
    assert split_distance(vote, values).tolist() == split_distance(boosted.fit(values, target), values).tolist()
    assert np.isinf(split_distance(line.fit(values, target), values)).all()


def test_spread_takes_the_extremes_and_never_more_than_asked_for() -> None:
    probability = np.linspace(1, 0, 100)
    chosen = spread(np.arange(10, 90), probability, 5)
    assert (chosen[0], chosen[-1], len(chosen)) == (89, 10, 5)
    assert spread(np.array([3, 1]), probability, 5) == [3, 1]
