import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from s3_server import S3Server

from windlass_training.cli import main

ROWS = 2500


@dataclass(frozen=True)
class Trained:
    data: Path
    bundle: Path
    output: str


@pytest.fixture(scope="session")
def real_data() -> Path:
    named = os.environ.get("WINDLASS_DATA")
    if not named:
        pytest.skip("no real data: name Churn.csv with WINDLASS_DATA")
    return Path(named)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A bundle of generated data, trained by the command itself."""
    folder = tmp_path_factory.mktemp("trained")
    data, bundle = folder / "churn.csv", folder / "bundle"
    assert main(["generate", "bankchurn", "--out", str(data), "--rows", str(ROWS), "--seed", "5"]) == 0
    return Trained(data, bundle, train(data, bundle, "--version", "3"))


def train(data: Path, bundle: Path, *options: str, hash_seed: str = "1") -> str:
    """Trains in a process of its own and gives what it printed."""
    command = [sys.executable, "-m", "windlass_training", "train", "bankchurn"]
    done = subprocess.run(
        [*command, "--data", str(data), "--out", str(bundle), *options],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[S3Server]:
    """An S3 server in memory, and keys in the environment that it takes."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    with S3Server() as server:
        yield server
