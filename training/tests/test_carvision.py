"""The car model: what its graph answers, and what its bundle promises to the clients."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import real_file
from quick_model import QuickModel

from windlass_training.cli import main
from windlass_training.config import load_config
from windlass_training.errors import TrainingError
from windlass_training.systems import config_file, load_system
from windlass_training.systems.carvision.clean import clean
from windlass_training.systems.carvision.config import CarVisionConfig
from windlass_training.systems.carvision.features import FEATURES
from windlass_training.systems.carvision.recipe import RECIPE
from windlass_training.tabular.classifier import distance_in, meant_unknown_categories
from windlass_training.tabular.graph import RegressorSession
from windlass_training.tabular.observed import lenient_rows
from windlass_training.tabular.regressor import fitted, seen_before, split_table

QUICK = "[model.forest]\ntrees = 20\nmax_depth = 8\n"
CAR: Mapping[str, object] = {
    "model_year": 2011,
    "model": "ford f-150",
    "condition": "good",
    "cylinders": 8,
    "fuel": "gas",
    "odometer": 90_000,
    "transmission": "automatic",
    "type": "truck",
    "paint_color": "white",
    "is_4wd": 1,
    "date_posted": "6/23/2018",
    "days_listed": 19,
}


class Cars(QuickModel):
    def price(self, **changed: object) -> float:
        """As the runtime asks: null and absence are NaN or ''."""
        rows = lenient_rows(pd.DataFrame([{**CAR, **changed}]), FEATURES)
        return float(RegressorSession(self.graph).run(rows).value[0])

    def configured(self) -> CarVisionConfig:
        return load_config(CarVisionConfig, config_file("carvision"), self.config, None)


@pytest.fixture(scope="module")
def cars(tmp_path_factory: pytest.TempPathFactory) -> Cars:
    return Cars.train("carvision", tmp_path_factory.mktemp("cars"), QUICK)


def test_onnx_runtime_gives_the_prices_that_scikit_learn_gives(cars: Cars) -> None:
    parts = split_table(RECIPE, clean(pd.read_csv(cars.data)), cars.configured())
    pipeline = fitted(RECIPE, cars.configured(), parts.known)
    session = RegressorSession(cars.graph)
    expected = pipeline.predict(parts.test.rows)
    np.testing.assert_allclose(session.run(parts.test.rows).value, expected, rtol=1e-5)


def test_the_graph_takes_what_an_ad_says_and_computes_the_rest(cars: Cars) -> None:
    session = RegressorSession(cars.graph)
    assert [value.name for value in session.inputs] == list(CAR)
    assert [entry["name"] for entry in cars.read("model.json")["inputs"]] == list(CAR)
    assert cars.price(date_posted="1/1/2019") != cars.price(date_posted="1/1/2030")
    assert cars.price(date_posted="1/1/2019") == cars.price(date_posted="12/31/2019")


@pytest.mark.parametrize("date", ["yesterday", "2018-06-23", "13/45/2018", "//", " "])
def test_a_date_that_is_none_is_answered_as_a_missing_one(cars: Cars, date: str) -> None:
    assert cars.price(date_posted=date) == cars.price(date_posted=None)


def test_a_model_that_nobody_knows_and_text_without_a_word_are_answered(cars: Cars) -> None:
    assert cars.price(model="trabant 601") == cars.price(model="wartburg 353")
    assert cars.price(model=" ") == cars.price(model="")
    assert cars.price(model="ford unheard-of") != cars.price(model="trabant 601"), "the brand alone tells something"


def test_no_drive_stated_is_no_drive(cars: Cars) -> None:
    assert cars.price(is_4wd=None) == cars.price(is_4wd=0) < cars.price(is_4wd=1)


def test_two_facts_are_enough_for_a_price(cars: Cars) -> None:
    required = [entry["name"] for entry in cars.read("model.json")["inputs"] if entry["required"]]
    assert required == ["model_year", "model"]
    assert 1_000 < cars.price(**dict.fromkeys(set(CAR) - set(required))) < 500_000


def test_answers_have_the_fields_that_existing_clients_read(cars: Cars) -> None:
    manifest = cars.read("model.json")
    assert manifest["task"] == "regression"
    assert manifest["response"] == {
        "predict": {"prediction": {"from": "value"}},
        "health": {"status": {"from": "constant", "value": "ok"}},
        "errors": "detail",
    }


def test_golden_rows_are_repeated_cover_cheap_and_dear_cars_and_bad_text_and_pass_no_split(cars: Cars) -> None:
    golden = cars.read("golden.json")
    inputs = [row["input"] for row in golden["rows"]]
    prices = [row["output"]["value"][0] for row in golden["rows"]]
    rows = lenient_rows(pd.DataFrame(inputs), FEATURES)
    answers = RegressorSession(cars.graph).run_one_by_one(rows).value
    assert np.abs(answers - prices).max() <= golden["tolerance"] <= 1e-5 * max(prices)
    assert min(prices) < 5_000
    assert max(prices) > 30_000
    assert {"(unknown)", None} <= {row["date_posted"] for row in inputs}
    assert {"(unknown)", None} <= {row["model"] for row in inputs}
    parts = split_table(RECIPE, clean(pd.read_csv(cars.data)), cars.configured())
    pipeline = fitted(RECIPE, cars.configured(), parts.known)
    with meant_unknown_categories():
        assert distance_in(pipeline, rows).min() > 1e-6


def test_reference_has_bins_of_every_input_and_of_prices_that_the_model_had_not_seen(cars: Cars) -> None:
    reference = cars.read("reference.json")
    assert list(reference["features"]) == list(CAR)
    parts = split_table(RECIPE, clean(pd.read_csv(cars.data)), cars.configured())
    assert reference["rows"] == len(parts.known.rows)
    for counted in reference["features"].values():
        inside = counted["counts"] if counted["kind"] == "numeric" else counted["counts"].values()
        outside = sum(counted.get(name, 0) for name in ("under", "over", "other", "missing"))
        assert sum(inside) + outside == reference["rows"]
    assert sum(reference["prediction"]["counts"]) == len(parts.validation.rows)
    assert reference["features"]["date_posted"]["counts"] == {}
    assert reference["features"]["model"]["counts"]["ford f-150"] > 0


def test_ads_without_a_plausible_price_year_or_odometer_are_left_out() -> None:
    table = pd.DataFrame(
        {
            "price": [1000, 1001, 500_000, 499_999, 5000, 5000, 5000, 5000, None],
            "model_year": [2000, 2000, 2000, 2000, 1989, 1990, None, 2000, 2000],
            "odometer": [1, 1, 1, 1, 1, 1, 1, 0, 1],
        }
    )
    assert clean(table)["price"].tolist() == [1001, 499_999, 5000]
    with pytest.raises(TrainingError, match="no row of 1 is within"):
        clean(table.iloc[:1])


def test_the_three_parts_are_60_20_20_and_share_no_row(cars: Cars) -> None:
    table = clean(pd.read_csv(cars.data))
    parts = split_table(RECIPE, table, cars.configured())
    sizes = [len(part.rows) for part in (parts.train, parts.validation, parts.test)]
    assert sum(sizes) == len(table)
    assert [size / len(table) for size in sizes] == pytest.approx([0.6, 0.2, 0.2], abs=0.001)
    places = [set(part.rows.index) for part in (parts.train, parts.validation, parts.test)]
    assert not places[0] & places[1]
    assert not (places[0] | places[1]) & places[2]


def test_the_validation_split_alone_is_what_tune_compares(cars: Cars) -> None:
    system, config = load_system("carvision"), cars.configured()
    table = pd.read_csv(cars.data)
    (measured,) = system.cross_validate(table, config, 5)
    stated = cars.read("model.json")["metrics"]
    assert measured["rmse"] == pytest.approx(stated["validation_rmse"])
    changed = clean(table)
    changed.loc[split_table(RECIPE, changed, config).test.rows.index, "price"] = 400_000
    assert system.cross_validate(changed, config, 5) == [measured]


def test_a_car_that_was_posted_again_counts_as_seen() -> None:
    known = pd.DataFrame({"model": ["a", "b", ""], "year": [1.0, np.nan, 2.0], "day": [1, 2, 3]})
    rows = pd.DataFrame({"model": ["a", "b", "", "a"], "year": [1.0, np.nan, 3.0, 2.0], "day": [9, 9, 9, 9]})
    assert seen_before(rows, known, ("model", "year")).tolist() == [True, True, False, False]


def test_evaluate_measures_the_same_and_draws_the_residuals(cars: Cars, tmp_path: Path) -> None:
    options = ["--data", str(cars.data), "--config", str(cars.config), "--out", str(tmp_path / "report")]
    assert main(["evaluate", "carvision", "--bundle", str(cars.bundle), *options]) == 0
    measured = json.loads((tmp_path / "report/metrics.json").read_bytes())["metrics"]
    assert measured["rmse"] == cars.read("model.json")["metrics"]["rmse"]
    assert (tmp_path / "report/residuals.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"odometer": "far"}, "column odometer: must be a number"),
        ({"price": "cheap"}, "column price: the target must be a number"),
        ({"model": None}, "column model: a required feature has no value"),
        ({"price": 9_000}, "every row is 9000; there is nothing to learn"),
        ({"price": 10}, "no row of"),
    ],
)
def test_values_that_teach_nothing_are_refused(
    cars: Cars, change: dict[str, str | float | None], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert message in cars.refused(pd.read_csv(cars.data).assign(**change), tmp_path, capsys)


def test_missing_columns_and_too_few_rows_are_refused(
    cars: Cars, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = pd.read_csv(cars.data)
    assert "lacks the columns fuel" in cars.refused(table.drop(columns="fuel"), tmp_path, capsys)
    assert "lacks the columns price" in cars.refused(table.drop(columns="price"), tmp_path, capsys)
    assert "at least 100 rows are needed" in cars.refused(clean(table).iloc[:99], tmp_path, capsys)


def test_validate_finds_a_target_that_teaches_nothing() -> None:
    system = load_system("carvision")
    config = load_config(CarVisionConfig, config_file("carvision"), None, None)
    table = system.generate(300, 1)
    assert [f.rule for f in system.validate(table, config).findings if f.severity == "error"] == []
    same = system.validate(table.assign(price=5_000), config)
    assert "constant-target" in [finding.rule for finding in same.findings]


def test_generated_ads_are_the_same_for_the_same_seed_and_have_the_real_columns() -> None:
    generate = load_system("carvision").generate
    pd.testing.assert_frame_equal(generate(500, 1), generate(500, 1))
    assert not generate(500, 1).equals(generate(500, 2))
    assert set(generate(50, 1).columns) == {*CAR, "price"}
    assert generate(3000, 1)["is_4wd"].isna().mean() == pytest.approx(0.5, abs=0.15)


def test_real_ads_are_priced_better_than_ever_published(tmp_path: Path) -> None:
    data = real_file("carvision", "vehicles_us.csv")
    assert main(["train", "carvision", "--data", str(data), "--out", str(tmp_path / "bundle")]) == 0
    metrics = json.loads((tmp_path / "bundle/model.json").read_bytes())["metrics"]
    assert metrics["baseline_rmse"] == pytest.approx(10_299, abs=1)
    assert metrics["rmse"] < 4_532
    assert (tmp_path / "bundle/model.onnx").stat().st_size < 32_000_000, "13 times that is what a pod of 512 MiB has"
