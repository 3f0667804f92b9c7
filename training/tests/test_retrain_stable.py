"""What a retraining compares with: the bytes that serve, whatever the URI leads to by now."""

import hashlib
import json
from pathlib import Path

import pytest
from conftest import Trained
from retraining import FOLLOWED, POOR, SMALL, follow, retrain
from s3_server import S3Server

from windlass_training.retrain.stable import Pin, Serving, serving_model


@pytest.fixture
def serving(s3: S3Server, monkeypatch: pytest.MonkeyPatch, trained: Trained) -> S3Server:
    """A followed prefix whose bundle serves, in a bucket that keeps versions, and a Job's environment."""
    follow(s3, monkeypatch, trained)
    for name, value in pins(s3).items():
        monkeypatch.setenv(name, value)
    s3.written.clear()
    return s3


def pins(s3: S3Server) -> dict[str, str]:
    manifest = s3.objects["followed/model.json"]
    paths = [*json.loads(manifest)["files"], "model.json"]
    return {
        "WINDLASS_MODEL_URI": FOLLOWED,
        "WINDLASS_STABLE_REVISION": "churn-a",
        "WINDLASS_STABLE_URI": FOLLOWED,
        "WINDLASS_STABLE_MANIFEST_SHA256": hashlib.sha256(manifest).hexdigest(),
        "WINDLASS_STABLE_VERSION_IDS": json.dumps({path: f"{len(s3.versions[f'followed/{path}'])}" for path in paths}),
    }


def config(tmp_path: Path, text: str) -> Path:
    file = tmp_path / f"{len(text)}.toml"
    file.write_text(text)
    return file


def reject_the_next(s3: S3Server, tmp_path: Path) -> None:
    """A poor model is pushed, and not taken: the first one serves on."""
    assert retrain(config(tmp_path, POOR), "--even-if-worse", "--version", "rejected") == 0
    s3.written.clear()


def test_after_a_rejection_the_first_one_still_has_to_be_matched(
    serving: S3Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reject_the_next(serving, tmp_path)
    assert json.loads(serving.objects["followed/model.json"])["version"] == "rejected"
    assert retrain(config(tmp_path, POOR)) == 3
    assert "version 3 that serves" in capsys.readouterr().err
    assert serving.written == []


def test_files_that_were_removed_since_are_read_in_their_versions(
    serving: S3Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serving.objects = {"data/churn.csv": serving.objects["data/churn.csv"]}
    assert retrain(config(tmp_path, POOR)) == 3
    assert "version 3 that serves" in capsys.readouterr().err


def test_bytes_that_are_gone_end_it_before_the_training_with_what_to_do(
    serving: S3Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reject_the_next(serving, tmp_path)
    serving.versions.clear()
    small = config(tmp_path, SMALL)
    capsys.readouterr()
    assert retrain(small) == 1
    said = capsys.readouterr()
    for part in ("what churn-a serves is not at s3://models/followed/", "versioning", "--better-than", "--even-if"):
        assert part in said.err
    assert "gate" not in said.out
    assert serving.written == []
    assert retrain(small, "--even-if-worse") == 0
    assert "compared with nothing: what churn-a serves is not" in capsys.readouterr().out


def test_the_same_bytes_put_back_will_do(
    serving: S3Server, trained: Trained, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reject_the_next(serving, tmp_path)
    serving.versions.clear()
    for path in [*json.loads((trained.bundle / "model.json").read_bytes())["files"], "model.json"]:
        serving.objects[f"followed/{path}"] = (trained.bundle / path).read_bytes()
    assert retrain(config(tmp_path, POOR)) == 3
    assert "version 3 that serves" in capsys.readouterr().err


@pytest.mark.parametrize("path", ["model.onnx", "metrics.json"])
def test_a_file_with_other_bytes_is_not_compared_with(
    serving: S3Server, path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serving.versions.clear()
    serving.objects[f"followed/{path}"] = b"other"
    assert retrain(config(tmp_path, SMALL)) == 1
    assert "a file of it has other bytes" in capsys.readouterr().err
    assert serving.written == []


def test_an_operator_that_names_the_revision_alone_is_enough_to_publish_nothing_uncompared(
    serving: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("URI", "MANIFEST_SHA256", "VERSION_IDS"):
        monkeypatch.delenv(f"WINDLASS_STABLE_{name}")
    del serving.objects["followed/model.json"]
    small = config(tmp_path, SMALL)
    assert retrain(small) == 1
    assert "has no model.json" in capsys.readouterr().err
    assert serving.written == []
    monkeypatch.setenv("WINDLASS_STABLE_REVISION", "")
    assert retrain(small) == 0


def test_a_graph_alone_is_no_hindrance(
    serving: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WINDLASS_STABLE_URI", "s3://models/followed/model.onnx")
    monkeypatch.setenv("WINDLASS_STABLE_MANIFEST_SHA256", "")
    assert retrain(config(tmp_path, SMALL)) == 0
    assert "a graph alone" in capsys.readouterr().out
    assert serving.written[-1] == "PUT followed/model.json"


def test_a_revision_whose_record_was_deleted_is_told(
    serving: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WINDLASS_STABLE_URI", "")
    assert retrain(config(tmp_path, SMALL)) == 1
    assert "its ModelRevision was deleted" in capsys.readouterr().err
    assert serving.written == []


PINNED = {
    "WINDLASS_MODEL_URI": "models:/Churn@champion",
    "WINDLASS_STABLE_REVISION": "churn-a",
    "WINDLASS_STABLE_URI": "models:/Churn/3",
    "WINDLASS_STABLE_MANIFEST_SHA256": "ab",
}


@pytest.mark.parametrize(
    ("better_than", "environment", "expected"),
    [
        (None, {}, None),
        (None, PINNED, Serving("models:/Churn/3", True, pin=Pin("churn-a", "ab"))),
        ("s3://a/b/", PINNED, Serving("s3://a/b/", True, asked=True)),
        (None, {"WINDLASS_MODEL_URI": "s3://a/b/"}, Serving("s3://a/b/", False)),
        (
            None,
            {"WINDLASS_MODEL_URI": "s3://a/b/", "WINDLASS_STABLE_REVISION": "", "WINDLASS_STABLE_URI": ""},
            Serving("s3://a/b/", False),
        ),
        (
            None,
            {"WINDLASS_MODEL_URI": "s3://a/b/", "WINDLASS_STABLE_REVISION": "churn-a"},
            Serving("s3://a/b/", True),
        ),
    ],
)
def test_what_serves_comes_before_what_the_uri_leads_to(
    better_than: str | None, environment: dict[str, str], expected: Serving | None
) -> None:
    assert serving_model(better_than, environment) == expected
