"""The search for hyperparameters."""

import csv
import json
import tomllib
from pathlib import Path

import pytest
from conftest import Telecom

from windlass_training.cli import main
from windlass_training.config import Search
from windlass_training.tune import chosen

SPACE = """
[search.space]
"model.max_depth" = { one_of = [1, 2] }
"model.learning_rate" = { between = [0.05, 0.5], log = true }
"""


def tuned(telecom: Telecom, out: Path, more: str, *options: str) -> int:
    config = out.with_suffix(".toml")
    config.write_text(telecom.config.read_text() + more)
    arguments = ["--data", str(telecom.data), "--out", str(out), "--config", str(config), *options]
    return main(["tune", "telecom", *arguments])


def test_the_best_of_all_trials_is_a_config_that_train_takes(telecom: Telecom, tmp_path: Path) -> None:
    out = tmp_path / "tuned"
    assert tuned(telecom, out, SPACE, "--trials", "3") == 0
    trials = list(csv.DictReader((out / "trials.csv").open()))
    assert len(trials) == 4
    (best,) = [trial for trial in trials if trial["best"] == "True"]
    assert float(best["auc"]) == max(float(trial["auc"]) for trial in trials)
    found = tomllib.loads((out / "best.toml").read_text())
    assert f"{found['model']['learning_rate']}" == best["model.learning_rate"]
    report = json.loads((out / "trials.json").read_bytes())
    assert {"accuracy", "auc", "f1"} <= set(report["trials"][0]["metrics"])
    options = ["--data", str(telecom.data), "--out", str(tmp_path / "bundle"), "--config", str(out / "best.toml")]
    assert main(["train", "telecom", *options]) == 0
    trained = json.loads((tmp_path / "bundle/metrics.json").read_bytes())["config"]
    assert trained["model"] == found["model"]


def test_the_same_seed_gives_the_same_trials_and_files_may_be_written_again(telecom: Telecom, tmp_path: Path) -> None:
    written = []
    for seed in ("1", "1", "2"):
        assert tuned(telecom, tmp_path / "tuned", SPACE, "--trials", "1", "--seed", seed) == 0
        written.append((tmp_path / "tuned/trials.csv").read_bytes())
    assert written[0] == written[1] != written[2]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ('[search.space]\n"model.tree" = { one_of = [1] }\n', "'model.tree', which is no key of this config"),
        ('[search.space]\n"model" = { one_of = [1] }\n', "which is a table and no single value"),
        ('[search.space]\n"model.trees" = { one_of = [0] }\n', "model.trees must be at least 1; it is 0"),
        ("[search.space]\n", "has an empty search.space"),
    ],
)
def test_a_space_that_cannot_be_searched_is_refused_before_any_trial(
    more: str, message: str, telecom: Telecom, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tuned(telecom, tmp_path / "tuned", more) == 1
    printed = capsys.readouterr()
    assert message in printed.err
    assert "trials of" not in printed.out
    assert not (tmp_path / "tuned").exists()


def test_a_metric_that_is_not_measured_is_refused(
    telecom: Telecom, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "c.toml"
    config.write_text(telecom.config.read_text() + 'metric = "rmse"\n')
    options = ["--data", str(telecom.data), "--config", str(config), "--out", str(tmp_path / "tuned")]
    assert main(["tune", "telecom", *options]) == 1
    assert "search.metric = 'rmse' is no metric of this model; it has f1" in capsys.readouterr().err


def test_a_small_space_is_tried_whole_and_a_great_one_in_part_without_repeats() -> None:
    small = Search.model_validate({"metric": "auc", "space": {"a": {"one_of": [1, 2]}, "b": {"one_of": [3, 4, 5]}}})
    first = {"a": 1, "b": 3}
    whole = chosen(small, 6, 1, first)
    assert len(whole) == 5
    assert first not in whole
    part = chosen(small, 3, 1, first)
    assert len({tuple(choice.items()) for choice in part}) == 3
    assert first not in part
    numbers = Search.model_validate({"metric": "auc", "space": {"n": {"between": [2, 4]}}})
    assert sorted(choice["n"] for choice in chosen(numbers, 50, 1, {"n": 2})) == [3, 4]
