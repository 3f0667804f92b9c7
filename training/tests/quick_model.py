"""A small model of generated data, trained by the commands themselves, and the files that it was made with."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pandas as pd
import pytest

from windlass_training.cli import main


@dataclass(frozen=True)
class QuickModel:
    system: str
    data: Path
    bundle: Path
    config: Path

    @classmethod
    def train(cls, system: str, folder: Path, config: str) -> Self:
        made = cls(system, folder / "data.csv", folder / "bundle", folder / "quick.toml")
        made.config.write_text(config)
        assert main(["generate", system, "--out", str(made.data), "--rows", "2000", "--seed", "5"]) == 0
        options = ["--data", str(made.data), "--out", str(made.bundle), "--config", str(made.config)]
        assert main(["train", system, *options]) == 0
        return made

    @property
    def graph(self) -> bytes:
        return (self.bundle / "model.onnx").read_bytes()

    def read(self, file: str) -> Any:
        return json.loads((self.bundle / file).read_bytes())

    def refused(self, table: pd.DataFrame, folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
        """What train says of a table that it does not take."""
        data = folder / "bad.csv"
        table.to_csv(data, index=False)
        options = ["--data", str(data), "--out", str(folder / "out"), "--config", str(self.config)]
        assert main(["train", self.system, *options]) == 1
        assert not (folder / "out").exists()
        return capsys.readouterr().err
