"""The telecom model: what its bundle promises to the clients, and what it reaches on real data."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from conftest import Telecom, real_file

from windlass_training.cli import main
from windlass_training.config import load_config
from windlass_training.systems import config_file, load_system
from windlass_training.systems.telecom.config import TelecomConfig
from windlass_training.systems.telecom.features import FEATURES, TARGET
from windlass_training.tabular.table import binary_target, select_features


def read(bundle: Path, file: str) -> Any:
    return json.loads((bundle / file).read_bytes())


def test_answers_have_the_fields_that_existing_clients_read(telecom: Telecom) -> None:
    manifest = read(telecom.bundle, "model.json")
    assert manifest["name"] == "TelecomAI"
    response = manifest["response"]
    assert response["predict"] == {
        "prediction": {"from": "prediction"},
        "probability_is_ultra": {"from": "probability"},
    }
    assert response["health"]["status"] == {"from": "constant", "value": "healthy"}
    assert response["health"]["version"] == {"from": "constant", "value": "1.0.0"}
    assert response["health"]["model_loaded"] == {"from": "modelLoaded"}
    assert response["errors"] == "detail"
    assert "bands" not in manifest["decision"]


def test_all_four_inputs_are_required_numbers_from_zero(telecom: Telecom) -> None:
    inputs = read(telecom.bundle, "model.json")["inputs"]
    assert [i["name"] for i in inputs] == ["calls", "minutes", "messages", "mb_used"]
    assert all(i["required"] and i["type"] == "float32" and i["range"] == {"min": 0} for i in inputs)
    assert {i["name"] for i in inputs if i["integer"]} == {"calls", "messages"}


def test_golden_answers_are_repeated_and_cover_both_plans(telecom: Telecom) -> None:
    session = onnxruntime.InferenceSession(telecom.bundle / "model.onnx", providers=["CPUExecutionProvider"])
    golden = read(telecom.bundle, "golden.json")
    labels = set()
    for row in golden["rows"]:
        feeds = {
            name: np.array([[np.nan if value is None else value]], dtype=np.float32)
            for name, value in row["input"].items()
        }
        label, probabilities = session.run(["label", "probabilities"], feeds)
        labels.add(int(label[0]))
        assert np.abs(probabilities[0] - row["output"]["probabilities"]).max() <= golden["tolerance"]
    assert labels == {0, 1}


def test_the_config_that_ships_is_the_system_as_it_is_known() -> None:
    config = load_config(TelecomConfig, config_file("telecom"), None, None)
    assert (config.model.trees, config.model.max_depth, config.model.learning_rate) == (200, 2, 0.05)
    assert set(config.gates) == {"accuracy", "auc"}


@pytest.mark.parametrize("seed", [0, 42])
def test_generated_rows_pass_the_data_check_and_look_like_the_customers(seed: int) -> None:
    table = load_system("telecom").generate(5_000, seed)
    rows = select_features(table, FEATURES)
    assert binary_target(table, TARGET).mean() == pytest.approx(0.35, abs=0.08)
    assert rows["calls"].mean() == pytest.approx(63, abs=6)
    assert rows["mb_used"].mean() == pytest.approx(17_200, rel=0.05)


def test_real_data_gives_at_least_the_published_metrics(tmp_path: Path) -> None:
    data = real_file("telecom", "users_behavior.csv")
    assert main(["train", "telecom", "--data", str(data), "--out", str(tmp_path / "bundle")]) == 0
    metrics = read(tmp_path / "bundle", "model.json")["metrics"]
    assert metrics["auc"] >= 0.84
    assert metrics["accuracy"] >= 0.812
    assert metrics["f1"] >= 0.618
