"""The credit model: what it may see, what its graph answers, and what its bundle promises to the clients."""

import json
import re
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
from windlass_training.systems.creditrisk.clean import clean
from windlass_training.systems.creditrisk.columns import KNOWN_AT_APPLICATION, application_columns
from windlass_training.systems.creditrisk.config import CreditRiskConfig
from windlass_training.systems.creditrisk.features import FEATURES, REQUIRED
from windlass_training.systems.creditrisk.recipe import RECIPE
from windlass_training.systems.creditrisk.training import interval
from windlass_training.tabular.classifier import split_table
from windlass_training.tabular.csv import read_csv
from windlass_training.tabular.features import NumericFeature, names
from windlass_training.tabular.graph import Session
from windlass_training.tabular.observed import lenient_rows

QUICK = """\
[model.forest]
trees = 20
max_depth = 4

[cross_validation]
folds = 3
repeats = 1
"""
# Of the real file, columns that are known only after the outcome, one of each kind.
LEAKS = (
    "last_fico_range_high",
    "last_fico_range_low",
    "total_pymnt",
    "total_pymnt_inv",
    "total_rec_prncp",
    "recoveries",
    "collection_recovery_fee",
    "last_pymnt_amnt",
    "out_prncp",
    "settlement_amount",
    "hardship_amount",
    "debt_settlement_flag",
    "loan_status",
    "defaulted",
)


class Loans(QuickModel):
    @property
    def session(self) -> Session:
        return Session(self.graph)

    def configured(self) -> CreditRiskConfig:
        return load_config(CreditRiskConfig, config_file("creditrisk"), self.config, None)


@pytest.fixture(scope="module")
def loans(tmp_path_factory: pytest.TempPathFactory) -> Loans:
    return Loans.train("creditrisk", tmp_path_factory.mktemp("loans"), QUICK)


def test_the_graph_takes_no_column_but_those_known_at_application(loans: Loans) -> None:
    taken = {value.name for value in loans.session.inputs}
    assert taken == set(names(FEATURES))
    assert taken <= KNOWN_AT_APPLICATION
    assert {entry["name"] for entry in loans.read("model.json")["inputs"]} == taken


@pytest.mark.parametrize("name", LEAKS)
def test_a_column_that_is_known_after_the_outcome_is_refused_by_name(name: str) -> None:
    with pytest.raises(TrainingError, match=f"column {name} leaks the outcome"):
        application_columns((*FEATURES, NumericFeature(name, "")))
    assert name not in KNOWN_AT_APPLICATION


@pytest.mark.parametrize("name", ["id", "member_id", "emp_title", "url", "issue_d", "new_column"])
def test_a_column_that_is_on_no_list_is_refused(name: str) -> None:
    with pytest.raises(TrainingError, match=f"column {name} is not on the list"):
        application_columns((*FEATURES, NumericFeature(name, "")))


def test_what_becomes_known_later_changes_not_one_byte_of_the_graph(loans: Loans, tmp_path: Path) -> None:
    table = pd.read_csv(loans.data)
    others = [name for name in table.columns if name not in {*names(FEATURES), "loan_status"}]
    assert {"last_fico_range_low", "total_pymnt", "recoveries", "issue_d"} <= set(others)
    outcome = (table["loan_status"] == "Fully Paid").astype(int)
    telling = table.assign(**dict.fromkeys(others, outcome), a_new_column=outcome)
    telling.to_csv(tmp_path / "telling.csv", index=False)
    options = ["--data", str(tmp_path / "telling.csv"), "--out", str(tmp_path / "out"), "--config", str(loans.config)]
    assert main(["train", "creditrisk", *options]) == 0
    assert (tmp_path / "out/model.onnx").read_bytes() == loans.graph


def test_a_model_that_sees_the_outcome_is_caught_by_the_gate_from_above(loans: Loans) -> None:
    system, config = load_system("creditrisk"), loans.configured()
    table = pd.read_csv(loans.data)
    lost = table["loan_status"].isin(["Charged Off", "Default"])
    model = system.train(table.assign(open_acc=lost.astype(int)), config)
    (check,) = [check for check in model.checks if check.name == "auc_cv"]
    assert check.gate
    assert not check.passes


def test_loans_that_ended_alone_are_learnt_from() -> None:
    values = {name: [1.0] * 6 for name in names(REQUIRED)}
    status = ["Fully Paid", "Charged Off", "Default", "Current", "Late (31-120 days)", "Fully Paid"]
    table = pd.DataFrame({**values, "loan_status": status})
    table.loc[5, "revol_util"] = None
    assert clean(table)["defaulted"].tolist() == [0, 1, 1]
    with pytest.raises(TrainingError, match="no loan is Fully Paid, Charged Off or Default; it has Current"):
        clean(table.iloc[3:4])


def test_onnx_runtime_gives_the_probabilities_that_scikit_learn_gives(loans: Loans) -> None:
    split = split_table(RECIPE, clean(pd.read_csv(loans.data)), loans.configured())
    pipeline = RECIPE.build(loans.configured()).fit(split.train, split.train_target)
    expected = pipeline.predict_proba(split.test)
    np.testing.assert_allclose(loans.session.run(split.test).probabilities, expected, atol=1e-5)


def test_fifteen_numbers_are_required_and_their_ranges_and_defaults_are_those_of_the_training_rows(
    loans: Loans,
) -> None:
    inputs = {entry["name"]: entry for entry in loans.read("model.json")["inputs"]}
    required = [name for name, entry in inputs.items() if entry["required"]]
    assert len(required) == 15
    rows = split_table(RECIPE, clean(pd.read_csv(loans.data)), loans.configured()).train
    for name in required:
        assert inputs[name]["type"] == "float32"
        assert np.float32(inputs[name]["range"]["min"]) == rows[name].min()
        assert np.float32(inputs[name]["range"]["max"]) == rows[name].max()
        assert inputs[name]["default"] == pytest.approx(float(rows[name].median()), abs=0.5)
    assert inputs["avg_cur_bal"]["range"] == {"min": 0.0}


def test_terms_and_years_are_read_inside_the_graph(loans: Loans) -> None:
    row = clean(pd.read_csv(loans.data)).iloc[[0]]

    def probability(**changed: str | None) -> float:
        rows = lenient_rows(row.assign(**changed), FEATURES)
        return float(loans.session.run(rows).probabilities[0, 1])

    front = RECIPE.build(loans.configured())[0].fit(row)
    read = front.transform(lenient_rows(row.assign(term=" 60 months", emp_length="10+ years"), FEATURES))
    assert (read["term_months"].iloc[0], read["employed_years"].iloc[0]) == (60, 10)
    assert probability(term="sixty months") == probability(term=None)
    assert probability(emp_length="n/a") == probability(emp_length=None)


def test_spaces_that_are_dropped_in_training_make_no_difference_to_the_graph(loans: Loans) -> None:
    rows = lenient_rows(clean(read_csv(loans.data, texts={"term", "emp_length"})).head(50), FEATURES)
    names = [feature.name for feature in FEATURES if feature.kind == "text" and feature.trimmed]
    assert names == ["term"]
    assert set(rows["term"]) == {"36 months", "60 months"}
    spaced = rows.assign(**{name: " " + rows[name] + " " for name in names})
    assert np.array_equal(loans.session.run(rows).probabilities, loans.session.run(spaced).probabilities)
    reference = loans.read("reference.json")
    assert set(reference["features"]["term"]["counts"]) == {"36 months", "60 months"}


def test_answers_have_the_fields_that_existing_clients_read(loans: Loans) -> None:
    response = loans.read("model.json")["response"]
    assert list(response["predict"]) == ["prediction", "default_probability", "status"]
    assert response["health"] == {
        "status": {"from": "constant", "value": "healthy"},
        "model_loaded": {"from": "modelLoaded"},
        "model_name": {"from": "constant", "value": "random_forest_tuned"},
    }
    assert set(response["modelInfo"]) == {"model_name", "feature_count", "timestamp", "feature_names"}
    assert response["errors"] == "detail"


def test_the_cross_validated_auc_has_an_interval_around_it(loans: Loans) -> None:
    metrics = loans.read("model.json")["metrics"]
    assert 0.6 < metrics["auc_cv_low"] < metrics["auc_cv"] < metrics["auc_cv_high"] < 0.85


def test_the_interval_is_wider_than_if_folds_were_independent() -> None:
    scores = np.array([0.70, 0.72, 0.68, 0.71, 0.69])
    low, high = interval(scores, 0.25)
    # 2.776 is Student's t of four degrees; 0.2 + 0.25 in place of 0.2 is the correction.
    half = 2.7764 * np.sqrt((1 / 5 + 0.25) * scores.var(ddof=1))
    assert (low, high) == pytest.approx((0.70 - half, 0.70 + half), abs=1e-5)


def test_evaluate_asks_a_bundle_for_what_it_can_answer_alone(loans: Loans, tmp_path: Path) -> None:
    options = ["--data", str(loans.data), "--config", str(loans.config), "--out", str(tmp_path / "report")]
    assert main(["evaluate", "creditrisk", "--bundle", str(loans.bundle), *options]) == 0
    measured = json.loads((tmp_path / "report/metrics.json").read_bytes())["metrics"]
    assert measured["auc"] == loans.read("model.json")["metrics"]["auc"]
    assert "auc_cv" not in measured


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"int_rate": "13.5%"}, "column int_rate: must be a number; .* '13.5%'"),
        ({"fico_range_low": 200}, "column fico_range_low: must be at least 300"),
        ({"loan_status": "Fully Paid"}, "column defaulted: every row is 0; both 0 and 1 are needed"),
        ({"loan_status": "Current"}, "no loan is Fully Paid"),
        ({"dti": None}, "lacks one of"),
    ],
)
def test_values_that_teach_nothing_are_refused(
    loans: Loans,
    change: dict[str, str | float | None],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    printed = loans.refused(pd.read_csv(loans.data).assign(**change), tmp_path, capsys)
    assert re.search(message, printed), printed


def test_missing_columns_and_too_few_loans_are_refused(
    loans: Loans, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = pd.read_csv(loans.data)
    assert "lacks the columns dti" in loans.refused(table.drop(columns="dti"), tmp_path, capsys)
    assert "lacks the columns bc_util" in loans.refused(table.drop(columns="bc_util"), tmp_path, capsys)
    assert "lacks the columns loan_status" in loans.refused(table.drop(columns="loan_status"), tmp_path, capsys)
    few = pd.concat([table[table["loan_status"] == status].head(5) for status in ("Fully Paid", "Charged Off")])
    assert "too small for its split" in loans.refused(few, tmp_path, capsys)


def test_generated_loans_are_the_same_for_the_same_seed_and_hold_what_leaks() -> None:
    generate = load_system("creditrisk").generate
    pd.testing.assert_frame_equal(generate(500, 1), generate(500, 1))
    assert not generate(500, 1).equals(generate(500, 2))
    made = generate(4000, 1)
    assert {*names(FEATURES), "loan_status", "total_pymnt", "recoveries", "last_fico_range_low"} <= set(made.columns)
    assert clean(made)["defaulted"].mean() == pytest.approx(0.2, abs=0.03)


def test_real_loans_are_told_apart_better_than_published_without_leakage(tmp_path: Path) -> None:
    data = real_file("creditrisk", "lendingclub_accepted_sample.csv")
    assert main(["train", "creditrisk", "--data", str(data), "--out", str(tmp_path / "bundle")]) == 0
    metrics = json.loads((tmp_path / "bundle/model.json").read_bytes())["metrics"]
    assert metrics["auc_cv_low"] > 0.673
    assert metrics["auc_cv_high"] < 0.77
