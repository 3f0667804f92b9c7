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


def real_file(system: str, name: str) -> Path:
    """Of the folder of data sets that WINDLASS_DATA names, or of the one that the file it names lies in."""
    named = os.environ.get("WINDLASS_DATA")
    if not named:
        pytest.skip("no real data: name the folder of data sets, or Churn.csv in it, with WINDLASS_DATA")
    folder = Path(named) if Path(named).is_dir() else Path(named).parent.parent
    file = Path(named) if Path(named).name == name else folder / system / name
    if not file.is_file():
        pytest.skip(f"no real data: WINDLASS_DATA leads to no {system}/{name}")
    return file


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    """As it was, after each test: MLflow's client writes the address that it was given into it."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def real_data() -> Path:
    return real_file("bankchurn", "Churn.csv")


TELECOM_CONFIG = """\
[model]
trees = 30
learning_rate = 0.2

[search]
folds = 3
"""


@dataclass(frozen=True)
class Telecom:
    """A small model of generated data: quick to train, good enough to ask."""

    data: Path
    bundle: Path
    config: Path


@pytest.fixture(scope="session")
def telecom(tmp_path_factory: pytest.TempPathFactory) -> Telecom:
    folder = tmp_path_factory.mktemp("telecom")
    made = Telecom(folder / "use.csv", folder / "bundle", folder / "quick.toml")
    made.config.write_text(TELECOM_CONFIG)
    assert main(["generate", "telecom", "--out", str(made.data), "--rows", "1500", "--seed", "5"]) == 0
    options = ["--data", str(made.data), "--out", str(made.bundle), "--config", str(made.config), "--version", "7"]
    assert main(["train", "telecom", *options]) == 0
    return made


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
