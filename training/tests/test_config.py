"""Config files: what they may say, and how they say what they may not."""

import tomllib
from pathlib import Path

import numpy as np
import pytest

from windlass_training.config import CLASSIFIER_METRICS, SystemConfig, gate_checks, load_config, parameters
from windlass_training.errors import TrainingError
from windlass_training.systems import SUMMARIES, config_file, load_system
from windlass_training.systems.bankchurn.config import BankChurnConfig
from windlass_training.tabular.classifier import classifier_metrics
from windlass_training.toml import toml_text


def bankchurn(folder: Path, text: str, seed: int | None = None) -> BankChurnConfig:
    file = folder / "mine.toml"
    file.write_text(text)
    return load_config(BankChurnConfig, config_file("bankchurn"), file, seed)


@pytest.mark.parametrize("name", sorted(SUMMARIES))
def test_the_config_of_every_system_is_read_and_can_be_written_again(name: str) -> None:
    kind: type[SystemConfig] = load_system(name).config_type
    config = load_config(kind, config_file(name), None, None)
    again = kind.model_validate(tomllib.loads(toml_text(config.model_dump(exclude_none=True))))
    assert again == config


def test_a_file_says_only_what_differs_and_the_command_line_has_the_last_word(tmp_path: Path) -> None:
    config = bankchurn(tmp_path, "seed = 7\n[model.forest]\nmax_depth = 4\n")
    assert (config.seed, config.model.forest.max_depth, config.model.forest.trees) == (7, 4, 100)
    assert bankchurn(tmp_path, "seed = 7\n", seed=9).seed == 9


def test_gates_of_a_file_replace_all_of_the_systems_own(tmp_path: Path) -> None:
    assert set(bankchurn(tmp_path, "[gates]\nauc = { at_least = 0.8 }\n").gates) == {"auc"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[model.forest]\ntree = 4\n",
            r"tree is an unknown key \(did you mean trees\?\); known there are weight, trees, .*min_samples_leaf\.$",
        ),
        (
            "sede = 1\n",
            r"sede is an unknown key \(did you mean seed\?\); known there are seed, split, gates, .*model\.$",
        ),
        ('[model.forest]\ntrees = "many"\n', "model.forest.trees must be a whole number; it is 'many'"),
        ("[model.forest]\ntrees = 0\n", "model.forest.trees must be at least 1; it is 0"),
        ("[split]\ntest_share = 1.5\n", "split.test_share must be below 1; it is 1.5"),
        ("[gates]\nauc = { over = 1 }\n", "gates.auc.over is an unknown key .*; known there are above, at_least"),
        ("[gates]\nauc = {}\n", "gates.auc: give one of above"),
        ("[gates]\nauc = { above = 1, below = 2 }\n", "gates.auc: give one of above"),
        ('[search.space]\n"a" = { between = [2, 1] }\n', "search.space.a: between must rise"),
        ('[search.space]\n"a" = { between = [0, 1], log = true }\n', "search.space.a: between must be above 0"),
        ('[search.space]\n"a" = { log = true }\n', "search.space.a: give one of one_of and between"),
        ('seed = "x"\n', r"mine.toml does not fit: seed must be a whole number; it is 'x'\.$"),
        ("seed = true\n", "seed must be a whole number; it is true"),
        ("split = 3\n", "split must be a table; it is 3"),
        ('[search]\ngoal = "most"\n', "search.goal must be 'greatest' or 'least'; it is 'most'"),
        ("[search]\nmetric = 3\n", "search.metric must be text; it is 3"),
        ('[search.space]\n"a" = { one_of = [] }\n', r"search.space.a.one_of must have 1 or more values; it is \[\]"),
        ('[search.space]\n"a" = { between = [1, "b"] }\n', "search.space.a.between.1 must be a number; it is 'b'"),
        ('[search.space]\n"a" = { one_of = [[1]] }\n', "one_of.0 must be a number, text, or true or false; it is"),
        ("[retrain]\nmargin = inf\n", "retrain.margin must be a finite number; it is inf"),
        ("seed = \n", "is not TOML"),
    ],
)
def test_what_does_not_fit_is_named_with_the_file_and_the_key(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=message) as refused:
        bankchurn(tmp_path, text)
    assert "mine.toml" in f"{refused.value}"
    assert "Input should" not in f"{refused.value}"


def test_a_file_that_is_not_there_or_not_text_is_said(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no such file"):
        load_config(BankChurnConfig, config_file("bankchurn"), tmp_path / "none.toml", None)
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TrainingError, match=r"binary.toml is not TOML in UTF-8"):
        load_config(BankChurnConfig, config_file("bankchurn"), tmp_path / "binary.toml", None)


@pytest.mark.parametrize(
    ("gate", "value", "passes"),
    [
        ("above = 0.8", 0.8, False),
        ("at_least = 0.8", 0.8, True),
        ("below = 0.8", 0.8, False),
        ("at_most = 0.8", 0.8, True),
        ("below = 8000", 4790, True),
    ],
)
def test_a_gate_holds_a_metric_to_its_bound(gate: str, value: float, passes: bool, tmp_path: Path) -> None:
    (check,) = gate_checks(bankchurn(tmp_path, f"[gates]\nauc = {{ {gate} }}\n").gates, {"auc": value})
    assert (check.passes, check.gate) == (passes, True)


def test_a_gate_on_no_metric_of_the_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"gates.brier is no metric of this model; it has auc, f1"):
        gate_checks(bankchurn(tmp_path, "[gates]\nbrier = { below = 1 }\n").gates, {"auc": 1, "f1": 1})


def test_a_gate_on_no_metric_of_the_system_is_refused_when_the_file_is_read(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"mine.toml does not fit: gates.f1_wieghted is no metric .* f1_weighted"):
        bankchurn(tmp_path, "[gates]\nf1_wieghted = { above = 0.8 }\n")


def test_every_metric_of_a_classifier_may_have_a_gate() -> None:
    known = set(CLASSIFIER_METRICS.split("|"))
    measured = classifier_metrics(np.array([0, 1, 1]), np.array([0.2, 0.7, 0.4], dtype=np.float32), 0.5)
    assert set(measured) == known


def test_parameters_are_flat_and_leave_search_and_gates_out(tmp_path: Path) -> None:
    found = parameters(bankchurn(tmp_path, ""))
    assert (found["seed"], found["split.test_share"], found["model.forest.trees"]) == (42, 0.2, 100)
    assert not any(key.startswith(("search", "gates")) for key in found)
