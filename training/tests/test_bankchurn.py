"""The bank churn model: what its graph answers, and what its bundle promises to the clients."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import pytest
from conftest import Trained, train

from windlass_training.cli import main
from windlass_training.config import load_config
from windlass_training.systems import config_file
from windlass_training.systems.bankchurn.config import BankChurnConfig
from windlass_training.systems.bankchurn.recipe import RECIPE
from windlass_training.tabular import classifier
from windlass_training.tabular.classifier import distance_in, split_table

CONFIG = load_config(BankChurnConfig, config_file("bankchurn"), None, None)
CUSTOMER = {
    "CreditScore": 619,
    "Geography": "France",
    "Gender": "Female",
    "Age": 42,
    "Tenure": 2,
    "Balance": 0.0,
    "NumOfProducts": 1,
    "HasCrCard": 1,
    "IsActiveMember": 1,
    "EstimatedSalary": 101348.88,
}


def read(bundle: Path, file: str) -> Any:
    return json.loads((bundle / file).read_bytes())


def answer(bundle: Path, body: dict[str, Any]) -> tuple[int, np.ndarray]:
    """As the runtime asks: null is NaN or '', whole numbers are float32."""
    session = onnxruntime.InferenceSession(bundle / "model.onnx", providers=["CPUExecutionProvider"])
    feeds = {
        i["name"]: np.array([[body[i["name"]] or ""]], dtype=object)
        if i["type"] == "string"
        else np.array([[np.nan if body[i["name"]] is None else body[i["name"]]]], dtype=np.float32)
        for i in read(bundle, "model.json")["inputs"]
    }
    label, probabilities = session.run(["label", "probabilities"], feeds)
    return int(label[0]), probabilities[0]


def test_golden_answers_are_repeated_by_onnx_runtime(trained: Trained) -> None:
    golden = read(trained.bundle, "golden.json")
    for row in golden["rows"]:
        label, probabilities = answer(trained.bundle, row["input"])
        assert [label] == row["output"]["label"]
        assert np.abs(probabilities - row["output"]["probabilities"]).max() <= golden["tolerance"]


def test_golden_rows_cover_low_and_high_probabilities_missing_values_and_unknown_categories(trained: Trained) -> None:
    rows = read(trained.bundle, "golden.json")["rows"]
    probabilities = [row["output"]["probabilities"][1] for row in rows]
    assert min(probabilities) < 0.1
    assert max(probabilities) > 0.8
    inputs = [row["input"] for row in rows]
    assert any(i["Tenure"] is None and i["Age"] is not None for i in inputs)
    assert any(i["Geography"] is None for i in inputs)
    assert any(i["Geography"] not in (None, "France", "Spain", "Germany") for i in inputs)
    assert any(i["Gender"] not in (None, "Male", "Female") for i in inputs)


def test_golden_rows_keep_away_from_the_splits_of_trees(trained: Trained) -> None:
    split = split_table(RECIPE, pd.read_csv(trained.data), CONFIG)
    pipeline = RECIPE.build(CONFIG).fit(split.train, split.train_target)
    assert (distance_in(pipeline, split.test) <= 1e-6).any(), "no row of this data lies on a split"
    rows = pd.DataFrame([row["input"] for row in read(trained.bundle, "golden.json")["rows"]])
    for feature in RECIPE.features:
        column = rows[feature.name]
        rows[feature.name] = (
            column.astype("float32") if feature.kind == "numeric" else column.astype(object).where(column.notna(), "")
        )
    with pytest.warns(UserWarning, match="Found unknown categories"):
        assert distance_in(pipeline, rows).min() > 1e-6


def test_a_missing_tenure_is_answered_as_the_median_is(trained: Trained) -> None:
    split = split_table(RECIPE, pd.read_csv(trained.data), CONFIG)
    median = float(split.train["Tenure"].median())
    missing, imputed = ({**CUSTOMER, "Tenure": tenure} for tenure in (None, median))
    assert answer(trained.bundle, missing)[1].tolist() == answer(trained.bundle, imputed)[1].tolist()


def test_an_unknown_and_a_missing_country_are_answered_alike(trained: Trained) -> None:
    unknown, missing = ({**CUSTOMER, "Geography": country} for country in ("Atlantis", None))
    assert answer(trained.bundle, unknown)[1].tolist() == answer(trained.bundle, missing)[1].tolist()


def test_tenure_alone_may_be_left_out(trained: Trained) -> None:
    inputs = read(trained.bundle, "model.json")["inputs"]
    assert [i["name"] for i in inputs] == list(CUSTOMER)
    assert [i["name"] for i in inputs if not i["required"]] == ["Tenure"]


def test_inputs_carry_the_ranges_and_values_of_the_existing_service(trained: Trained) -> None:
    inputs = {i["name"]: i for i in read(trained.bundle, "model.json")["inputs"]}
    assert inputs["CreditScore"]["range"] == {"min": 300, "max": 850}
    assert inputs["Age"]["range"] == {"min": 18, "max": 100}
    assert inputs["Balance"]["range"] == {"min": 0}
    assert inputs["Geography"]["values"] == ["France", "Spain", "Germany"]
    whole = {name for name, i in inputs.items() if i.get("integer")}
    assert whole == {"CreditScore", "Age", "Tenure", "NumOfProducts", "HasCrCard", "IsActiveMember"}


def test_answers_have_the_fields_that_existing_clients_read(trained: Trained) -> None:
    response = read(trained.bundle, "model.json")["response"]
    assert set(response["predict"]) == {
        "churn_probability",
        "churn_prediction",
        "risk_level",
        "confidence",
        "model_version",
        "prediction_timestamp",
    }
    batch = response["batch"]
    assert (batch["request"], batch["predictions"], batch["limit"]) == ("customers", "predictions", 1000)
    assert set(response["health"]) == {"status", "model_loaded", "uptime_seconds", "version"}
    assert response["errors"] == "detail"


def test_reference_counts_every_training_row_once(trained: Trained) -> None:
    reference = read(trained.bundle, "reference.json")
    bins = [*reference["features"].values(), reference["prediction"]]
    assert len(bins) == 11
    for counted in bins:
        if counted["kind"] == "numeric":
            total = sum(counted["counts"]) + counted["under"] + counted["over"] + counted["missing"]
        else:
            total = sum(counted["counts"].values()) + counted["other"] + counted["missing"]
        assert total == reference["rows"]
    assert reference["features"]["Tenure"]["missing"] > 0


def test_a_greater_difference_from_scikit_learn_stops_the_training(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(classifier, "MAX_DIFFERENCE", 1e-9)
    out = tmp_path / "bundle"
    assert main(["train", "bankchurn", "--data", str(trained.data), "--out", str(out), "--no-gate"]) == 1
    assert "greatest difference of a probability" in capsys.readouterr().err
    assert not out.exists()


def test_a_model_below_the_gate_is_written_only_when_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = tmp_path / "noise.csv", tmp_path / "bundle"
    assert main(["generate", "bankchurn", "--out", str(data), "--rows", "1000"]) == 0
    table = pd.read_csv(data)
    table["Exited"] = np.random.default_rng(1).integers(0, 2, len(table))
    table.to_csv(data, index=False)
    assert main(["train", "bankchurn", "--data", str(data), "--out", str(out)]) == 1
    assert "f1_weighted" in capsys.readouterr().err
    assert not out.exists()
    assert main(["train", "bankchurn", "--data", str(data), "--out", str(out), "--no-gate"]) == 0
    assert (out / "model.json").is_file()


def test_the_difference_and_the_metrics_are_printed(trained: Trained) -> None:
    assert "difference of a probability between scikit-learn and ONNX Runtime, test split of 500 rows" in trained.output
    assert "f1_weighted" in trained.output


def test_real_data_gives_the_published_metrics(real_data: Path, tmp_path: Path) -> None:
    train(real_data, tmp_path / "bundle")
    metrics = read(tmp_path / "bundle", "model.json")["metrics"]
    assert metrics["f1"] == pytest.approx(0.596, abs=5e-4)
    assert metrics["f1_weighted"] == pytest.approx(0.815, abs=5e-4)
    assert metrics["auc"] == pytest.approx(0.857, abs=5e-4)
    assert metrics["accuracy"] == pytest.approx(0.8045, abs=5e-4)
