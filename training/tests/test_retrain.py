"""Retraining end to end, on an S3 server in memory, with a small model of the bank churn system."""

import datetime
import json
import math
import re
from pathlib import Path
from typing import Literal

import pytest
from conftest import Trained
from retraining import FOLLOWED, POOR, SMALL, follow, retrain
from s3_server import S3Server

from windlass_training.bundle import open_bundle, read_bundle
from windlass_training.cli import main
from windlass_training.files import file_digest
from windlass_training.retrain.compare import Comparison


@pytest.fixture
def data(s3: S3Server, monkeypatch: pytest.MonkeyPatch, trained: Trained) -> S3Server:
    """The S3 server, with data and a followed prefix that a model serves from."""
    for name in ("MODEL_URI", "STABLE_REVISION", "STABLE_URI"):
        monkeypatch.delenv(f"WINDLASS_{name}", raising=False)
    follow(s3, monkeypatch, trained)
    s3.written.clear()
    return s3


@pytest.fixture
def small(tmp_path: Path) -> Path:
    file = tmp_path / "small.toml"
    file.write_text(SMALL)
    return file


def stored_bundle(s3: S3Server, folder: Path) -> dict[str, object]:
    for key, content in s3.objects.items():
        if key.startswith("followed/"):
            file = folder / key.removeprefix("followed/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
    read_bundle(folder)
    manifest: dict[str, object] = json.loads((folder / "model.json").read_bytes())
    return manifest


def test_the_first_model_replaces_the_prefix_with_one_last_write(
    data: S3Server, small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert retrain(small) == 0
    assert "compared with nothing: no model serves yet" in capsys.readouterr().out
    assert {line.split("/")[1] for line in data.written[:-1]} == {data.written[0].split("/")[1]}
    assert data.written[-1] == "PUT followed/model.json"
    manifest = stored_bundle(data, tmp_path / "read")
    now = datetime.datetime.now(datetime.UTC)
    assert str(manifest["version"]).startswith(f"{now:%Y}")
    config = open_bundle(tmp_path / "read").config
    assert config is not None
    assert config["model"]["forest"]["trees"] == 10


def test_a_worse_model_is_not_published_and_says_so_with_a_status_of_its_own(
    data: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    poor = tmp_path / "poor.toml"
    poor.write_text(POOR)
    monkeypatch.setenv("WINDLASS_MODEL_URI", FOLLOWED)
    assert retrain(poor) == 3
    said = capsys.readouterr()
    assert "worse than the one that serves" in said.err
    assert re.search(
        r"auc on the \d+ rows .*: 0\.\d+, version 3 that serves: 0\.\d+ .*: worse by 0\.\d+, margin 0\.", said.err
    )
    assert data.written == []
    assert retrain(poor, "--even-if-worse", "--version", "forced") == 0
    assert stored_bundle(data, tmp_path / "read")["version"] == "forced"


def test_a_model_within_the_margin_is_published_and_the_command_line_has_the_last_word(
    data: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    poor = tmp_path / "poor.toml"
    poor.write_text(f"{POOR}[retrain]\nmargin = 0.9\n")
    monkeypatch.setenv("WINDLASS_MODEL_URI", FOLLOWED)
    assert retrain(poor, "--margin", "1e-6") == 3
    assert "margin 1e-06" in capsys.readouterr().err
    assert data.written == []
    assert retrain(poor, "--version", "close") == 0
    assert "margin 0.9" in capsys.readouterr().out
    assert stored_bundle(data, tmp_path / "read")["version"] == "close"


@pytest.mark.parametrize(
    ("goal", "new", "margin", "worse"),
    [
        ("greatest", 0.84, 0.0, True),
        ("greatest", 0.84, 0.02, False),
        ("greatest", 0.86, 0.0, False),
        ("least", 0.86, 0.0, True),
        ("least", 0.86, 0.02, False),
        ("least", 0.84, 0.0, False),
        ("least", 0.85, 0.0, False),
        ("greatest", math.nan, 1.0, True),
    ],
)
def test_worse_is_by_more_than_the_margin_in_the_direction_of_the_metric(
    goal: Literal["greatest", "least"], new: float, margin: float, worse: bool
) -> None:
    comparison = Comparison("m", goal, rows=10, serving=0.85, serving_version="1", new=new, margin=margin)
    assert comparison.worse is worse


def test_a_model_that_is_as_good_is_published(
    data: S3Server, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert retrain(small, "--version", "a") == 0
    monkeypatch.setenv("WINDLASS_MODEL_URI", FOLLOWED)
    assert retrain(small, "--version", "b") == 0
    assert "version a that serves" in capsys.readouterr().out
    assert stored_bundle(data, tmp_path / "read")["version"] == "b"


@pytest.mark.parametrize(
    ("uri", "said"),
    [("s3://models/none/", "has no model.json"), ("s3://models/followed/model.onnx", "a graph alone")],
)
def test_where_nothing_serves_that_can_be_compared_the_model_is_published_unless_a_comparison_was_asked_for(
    data: S3Server,
    small: Path,
    uri: str,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert retrain(small, "--better-than", uri) == 1
    assert data.written == []
    monkeypatch.setenv("WINDLASS_MODEL_URI", uri)
    assert retrain(small) == 0
    assert said in capsys.readouterr().out


def test_of_several_files_the_newest_is_taken(
    data: S3Server, small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    newer = tmp_path / "newer.csv"
    assert main(["generate", "bankchurn", "--out", str(newer), "--rows", "1500", "--seed", "9"]) == 0
    data.put("data/later/newer.csv", newer.read_bytes())
    data.written.clear()
    assert retrain(small) == 0
    assert "s3://models/data/later/newer.csv (the newest of 2" in capsys.readouterr().out
    manifest = stored_bundle(data, tmp_path / "read")
    training = manifest["training"]
    assert isinstance(training, dict)
    assert training["dataSha256"] == file_digest(newer)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a,b\n1,2\n", "is not fit to train on"),
        (b"", "empty"),
        (b"\xff\xfe\x00\x01", "UTF-8"),
    ],
)
def test_bad_data_is_told_and_nothing_is_published(
    data: S3Server, small: Path, content: bytes, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    data.objects["data/churn.csv"] = content
    assert retrain(small) == 1
    assert said in capsys.readouterr().err
    assert data.written == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--data", "s3://models/nothing/", "--push", FOLLOWED], "there is nothing in S3 under this name"),
        (["--data", "s3://nowhere/x/", "--push", FOLLOWED], "there is no such bucket: mend the name of this source"),
        (["--data", "s3://", "--push", FOLLOWED], "is no s3://BUCKET/PREFIX/"),
        (["--data", "s3://models/data/", "--push", "models"], "is no s3://BUCKET/PREFIX/"),
        (["--data", "s3://models/data/", "--register", "BankChurn"], "no MLflow server was named"),
        (["--data", "s3://models/data/", "--push", FOLLOWED, "--alias", "champion"], "a prefix has no aliases"),
    ],
)
def test_arguments_that_lead_nowhere_are_refused_before_training(
    data: S3Server, options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["retrain", "bankchurn", *options]) == 1
    assert said in capsys.readouterr().err
    assert data.written == []


def test_a_model_of_another_system_is_not_compared(
    data: S3Server, small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = json.loads(data.objects["followed/model.json"])
    data.objects["followed/model.json"] = json.dumps({**manifest, "name": "TelecomAI"}).encode()
    monkeypatch.setenv("WINDLASS_MODEL_URI", FOLLOWED)
    assert retrain(small) == 1
    assert "is TelecomAI, not BankChurn" in capsys.readouterr().err
    assert data.written == []
