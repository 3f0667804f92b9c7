"""The evaluation of a bundle."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from conftest import Telecom

from windlass_training.cli import main
from windlass_training.files import digest

PICTURES = {"roc.png", "precision-recall.png", "calibration.png", "confusion-matrix.png"}


def evaluated(bundle: Path, data: Path, out: Path, *options: str) -> int:
    arguments = ["--bundle", str(bundle), "--data", str(data), "--out", str(out), *options]
    return main(["evaluate", "telecom", *arguments])


def changed(bundle: Path, to: Path, file: str, text: str) -> Path:
    """A bundle with another file in it, listed as it is."""
    shutil.copytree(bundle, to)
    (to / file).write_text(text)
    manifest = json.loads((to / "model.json").read_bytes())
    if file != "model.json":
        manifest["files"][file] = {"sha256": digest(text.encode()), "size": len(text.encode())}
        (to / "model.json").write_text(json.dumps(manifest))
    return to


def test_the_test_split_gives_the_bundles_own_metrics_with_pictures_and_a_card(
    telecom: Telecom, tmp_path: Path
) -> None:
    out = tmp_path / "report"
    assert evaluated(telecom.bundle, telecom.data, out) == 0
    assert {file.name for file in out.iterdir()} == {"metrics.json", "model-card.md", *PICTURES}
    report = json.loads((out / "metrics.json").read_bytes())
    assert report["metrics"] == report["stated"]
    assert (report["rows"], report["version"]) == (300, "7")
    assert any("golden.json" in check["name"] for check in report["checks"])
    card = (out / "model-card.md").read_text()
    assert card.startswith("# TelecomAI 7")
    assert "![roc](roc.png)" in card


def test_the_same_bundle_and_data_give_the_same_bytes(telecom: Telecom, tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert evaluated(telecom.bundle, telecom.data, tmp_path / name) == 0
    for file in (tmp_path / "a").iterdir():
        assert (tmp_path / "b" / file.name).read_bytes() == file.read_bytes(), file.name


def test_of_other_data_all_rows_are_measured(telecom: Telecom, tmp_path: Path) -> None:
    data = tmp_path / "later.csv"
    assert main(["generate", "telecom", "--out", str(data), "--rows", "700", "--seed", "8"]) == 0
    assert evaluated(telecom.bundle, data, tmp_path / "report") == 0
    report = json.loads((tmp_path / "report/metrics.json").read_bytes())
    assert report["rows"] == 700
    assert "another file" in report["measuredOn"]


def test_rows_that_were_added_to_the_training_file_are_not_passed_off_as_new_ones(
    telecom: Telecom, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "grown.csv"
    table = pd.read_csv(telecom.data)
    pd.concat([table, table.head(100)]).to_csv(data, index=False)
    assert evaluated(telecom.bundle, data, tmp_path / "report") == 0
    warning = "Those that it was trained on may be among them"
    assert warning in capsys.readouterr().out
    assert warning in json.loads((tmp_path / "report/metrics.json").read_bytes())["measuredOn"]
    assert warning in (tmp_path / "report/model-card.md").read_text()


def test_a_bundle_that_misses_its_gate_on_new_data_fails_after_writing_unless_asked(
    telecom: Telecom, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = pd.read_csv(telecom.data)
    data = tmp_path / "turned.csv"
    table.assign(is_ultra=1 - table["is_ultra"]).to_csv(data, index=False)
    assert evaluated(telecom.bundle, data, tmp_path / "report") == 1
    assert "auc" in capsys.readouterr().err
    assert (tmp_path / "report/metrics.json").is_file()
    assert evaluated(telecom.bundle, data, tmp_path / "report", "--no-gate") == 0


def test_metrics_that_the_graph_does_not_reach_are_found(
    telecom: Telecom, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = json.loads((telecom.bundle / "model.json").read_bytes())
    manifest["metrics"]["auc"] = 0.999
    boasting = changed(telecom.bundle, tmp_path / "bundle", "model.json", json.dumps(manifest))
    assert evaluated(boasting, telecom.data, tmp_path / "report", "--no-gate") == 1
    assert "difference from model.json's metrics (auc)" in capsys.readouterr().err


def test_golden_answers_that_the_graph_does_not_give_are_found(
    telecom: Telecom, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    golden = json.loads((telecom.bundle / "golden.json").read_bytes())
    golden["rows"][0]["output"]["probabilities"] = [0.123, 0.877]
    wrong = changed(telecom.bundle, tmp_path / "bundle", "golden.json", json.dumps(golden))
    assert evaluated(wrong, telecom.data, tmp_path / "report", "--no-gate") == 1
    assert "difference from golden.json's answers" in capsys.readouterr().err


def test_what_is_no_bundle_of_this_system_is_refused(
    telecom: Telecom, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluated(tmp_path, telecom.data, tmp_path / "report") == 1
    assert "is no bundle" in capsys.readouterr().err
    options = ["--bundle", str(telecom.bundle), "--data", str(telecom.data), "--out", str(tmp_path / "report")]
    assert main(["evaluate", "bankchurn", *options]) == 1
    assert "is a bundle of TelecomAI, and bankchurn is BankChurn" in capsys.readouterr().err


def test_a_folder_with_other_files_is_left_alone(
    telecom: Telecom, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    assert evaluated(telecom.bundle, telecom.data, tmp_path) == 1
    assert "thesis.txt" in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]
