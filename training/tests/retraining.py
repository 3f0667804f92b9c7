"""A followed prefix that a model serves from, on an S3 server in memory, and the command that retrains it."""

from pathlib import Path

import pytest
from conftest import Trained
from s3_server import S3Server

from windlass_training.cli import main

FOLLOWED = "s3://models/followed/"
SMALL = "[model.forest]\ntrees = 10\nmax_depth = 6\n"
POOR = "[model.forest]\ntrees = 1\nmax_depth = 1\n[model.regression]\nweight = 0.001\n[gates]\n"


def follow(s3: S3Server, monkeypatch: pytest.MonkeyPatch, trained: Trained) -> None:
    """Data, and a bundle under the prefix; the environment names this server and no MLflow."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.url)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    s3.objects["data/churn.csv"] = trained.data.read_bytes()
    assert main(["push", str(trained.bundle), FOLLOWED]) == 0


def retrain(config: Path, *options: str) -> int:
    where = ["--data", "s3://models/data/", "--push", FOLLOWED]
    return main(["retrain", "bankchurn", *where, "--config", str(config), *options])
