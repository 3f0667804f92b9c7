"""The generated data."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from windlass_training.cli import main
from windlass_training.systems import load_system
from windlass_training.systems.bankchurn.features import FEATURES, TARGET
from windlass_training.tabular.table import binary_target, select_features

COLUMNS = [
    "RowNumber",
    "CustomerId",
    "Surname",
    "CreditScore",
    "Geography",
    "Gender",
    "Age",
    "Tenure",
    "Balance",
    "NumOfProducts",
    "HasCrCard",
    "IsActiveMember",
    "EstimatedSalary",
    "Exited",
]


def written(folder: Path, name: str, *options: str) -> bytes:
    file = folder / name
    assert main(["generate", "bankchurn", "--out", str(file), *options]) == 0
    return file.read_bytes()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    first = written(tmp_path, "a.csv", "--rows", "200", "--seed", "1")
    assert written(tmp_path, "b.csv", "--rows", "200", "--seed", "1") == first
    assert written(tmp_path, "c.csv", "--rows", "200", "--seed", "2") != first
    assert first.splitlines()[0].decode() == ",".join(COLUMNS)


@pytest.mark.parametrize("seed", [0, 1, 42])
def test_generated_rows_pass_the_data_check_and_look_like_the_bank(seed: int) -> None:
    table = load_system("bankchurn").generate(10_000, seed)
    rows = select_features(table, FEATURES)
    assert binary_target(table, TARGET).mean() == pytest.approx(0.2, abs=0.05)
    assert rows["Tenure"].isna().mean() == pytest.approx(0.09, abs=0.02)
    assert (rows["Balance"] == 0).mean() == pytest.approx(0.36, abs=0.05)


def test_generated_data_is_learnt_past_the_gate_when_no_file_is_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "bankchurn", "--out", str(tmp_path / "bundle")]) == 0
    printed = capsys.readouterr().out
    assert "no --data was given: training on generated data" in printed
    assert "generated data" in (tmp_path / "bundle/model-card.md").read_text()
    assert "published" not in printed


def test_columns_that_say_who_somebody_is_carry_no_signal() -> None:
    table = load_system("bankchurn").generate(5_000, 3)
    for column in ("RowNumber", "CustomerId"):
        assert abs(np.corrcoef(table[column], table[TARGET])[0, 1]) < 0.05
    assert isinstance(table, pd.DataFrame)
