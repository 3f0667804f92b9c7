"""The command tune: a seeded search by cross-validation, and a config file of the best."""

import csv
import io
import itertools
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from windlass_training.bundle import DataSource
from windlass_training.config import Dimension, Scalar, Search, SystemConfig, parse_config
from windlass_training.errors import TrainingError
from windlass_training.files import json_bytes
from windlass_training.reports import refuse_foreign_files, write_folder
from windlass_training.system import Json, System
from windlass_training.systems import load_system
from windlass_training.toml import toml_text
from windlass_training.train import DataRequest, read_data, system_config

BEST, TABLE, REPORT = "best.toml", "trials.csv", "trials.json"
DIGITS = 6

Choice = Mapping[str, Scalar]


@dataclass(frozen=True)
class Trial:
    number: int
    choice: Choice
    """Searched key -> value; of trial 0 those of the config as it was given."""
    mean: float
    deviation: float
    """Between the folds."""
    metrics: Mapping[str, float]
    """The mean of each metric over the folds."""
    seconds: float


@dataclass(frozen=True)
class Tuned:
    """What tune wrote, for what is told of it: runs in MLflow."""

    system: System[Any]
    config: SystemConfig
    """The best."""
    trials: Sequence[Trial]
    best: Trial
    source: DataSource
    folder: Path


def tune(name: str, data: DataRequest, out: Path, override: Path | None, seed: int | None, trials: int | None) -> Tuned:
    system = load_system(name)
    config = system_config(system, override, seed)
    if not config.search.space:
        raise TrainingError(
            f"the config of {name} has an empty search.space: name the keys to search, and their values"
        )
    refuse_foreign_files(out, {BEST, TABLE, REPORT})
    content, source = read_data(system, data)
    search = config.search
    choices = [current(config), *chosen(search, trials or search.trials, config.seed, current(config))]
    configs = [with_choice(config, choice) for choice in choices]
    print(f"{len(choices)} trials of {search.folds} folds by {search.metric}, seed {config.seed}", flush=True)
    done: list[Trial] = []
    for number, (choice, candidate) in enumerate(zip(choices, configs, strict=True)):
        trial = run_trial(system, content, candidate, number, choice)
        done.append(trial)
        print(f"  {number:>3}  {search.metric} {trial.mean:.4f} +- {trial.deviation:.4f}  {shown(choice)}", flush=True)
    best = best_of(done, search)
    winner = configs[best.number]
    write_folder(out, files(done, best, winner))
    gained = best.mean - done[0].mean
    print(f"best: trial {best.number}, {search.metric} {best.mean:.4f} ({gained:+.4f} on the config as it was)")
    print(f"wrote {out}: {BEST}, {TABLE}, {REPORT}. Train with: windlass-train train {name} --config {out / BEST}")
    return Tuned(system, winner, done, best, source, out)


def run_trial(system: System[Any], content: Any, config: SystemConfig, number: int, choice: Choice) -> Trial:
    started = time.monotonic()
    folds = system.cross_validate(content, config, config.search.folds)
    metric = config.search.metric
    if metric not in folds[0]:
        raise TrainingError(f"search.metric = {metric!r} is no metric of this model; it has {', '.join(folds[0])}")
    values = np.array([fold[metric] for fold in folds])
    means = {name: round(float(np.mean([fold[name] for fold in folds])), DIGITS) for name in folds[0]}
    seconds = time.monotonic() - started
    mean, deviation = round(float(values.mean()), DIGITS), round(float(values.std()), DIGITS)
    return Trial(number, choice, mean, deviation, means, seconds)


def best_of(trials: Sequence[Trial], search: Search) -> Trial:
    """Of equals the first: the config as it was needs no change for nothing."""
    sign = 1 if search.goal == "greatest" else -1
    return max(trials, key=lambda trial: (sign * trial.mean, -trial.number))


def current(config: SystemConfig) -> dict[str, Scalar]:
    values = config.model_dump()
    return {key: value_at(values, key) for key in config.search.space}


def value_at(values: Json, key: str) -> Scalar:
    found: Any = values
    for part in key.split("."):
        if not isinstance(found, dict) or part not in found:
            raise TrainingError(f"search.space has {key!r}, which is no key of this config; {named(found, part)}")
        found = found[part]
    if not isinstance(found, bool | int | float | str):
        raise TrainingError(f"search.space has {key!r}, which is a table and no single value: name a key inside it")
    return found


def named(values: Any, part: str) -> str:
    known = ", ".join(values) if isinstance(values, dict) else "nothing"
    return f"{part!r} is not among {known}"


def chosen(search: Search, count: int, seed: int, first: Choice) -> list[dict[str, Scalar]]:
    """Every combination where there are no more than `count`, else `count` drawn at random, each once."""
    keys = list(search.space)
    listed = [search.space[key].one_of for key in keys]
    if all(values is not None for values in listed):
        lists = [values for values in listed if values is not None]
        if math.prod(map(len, lists)) <= count:
            return [c for c in (dict(zip(keys, v, strict=True)) for v in itertools.product(*lists)) if c != first]
    return list(itertools.islice(distinct(search, seed, first), count))


def distinct(search: Search, seed: int, first: Choice) -> Iterator[dict[str, Scalar]]:
    random = np.random.default_rng(seed)
    seen = [dict(first)]
    for _ in range(100 * search.trials + 10_000):
        choice = {key: drawn(dimension, random) for key, dimension in search.space.items()}
        if choice not in seen:
            seen.append(choice)
            yield choice


def drawn(dimension: Dimension, random: np.random.Generator) -> Scalar:
    if dimension.one_of is not None:
        return dimension.one_of[int(random.integers(len(dimension.one_of)))]
    low, high = dimension.between or [0, 1]
    whole = isinstance(low, int) and isinstance(high, int)
    if dimension.log:
        value = float(np.exp(random.uniform(np.log(low), np.log(high))))
    else:
        value = float(random.uniform(low, high + 1 if whole else high))
    return min(int(value), int(high)) if whole else float(f"{value:.4g}")


def with_choice(config: SystemConfig, choice: Choice) -> SystemConfig:
    values = config.model_dump(exclude_none=True)
    for key, value in choice.items():
        *path, last = key.split(".")
        table = values
        for part in path:
            table = table[part]
        table[last] = value
    return parse_config(type(config), values, f"search.space with {shown(choice)}")


def written(config: SystemConfig) -> Json:
    """All that the config says; a dimension's `log` only where it is set."""
    values = config.model_dump(exclude_none=True)
    for dimension in values["search"]["space"].values():
        if not dimension["log"]:
            del dimension["log"]
    return values


def shown(choice: Choice) -> str:
    return " ".join(f"{key.removeprefix('model.')}={value}" for key, value in choice.items())


def files(trials: Sequence[Trial], best: Trial, config: SystemConfig) -> dict[str, bytes]:
    head = f"# The best of {len(trials)} trials: {config.search.metric} {best.mean:.4f} +- {best.deviation:.4f}.\n"
    rows = [
        {
            "trial": trial.number,
            "best": trial is best,
            config.search.metric: trial.mean,
            "deviation": trial.deviation,
            **trial.choice,
        }
        for trial in trials
    ]
    reports = [
        row | {"metrics": dict(t.metrics), "choice": dict(t.choice)} for row, t in zip(rows, trials, strict=True)
    ]
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return {
        BEST: (head + toml_text(written(config))).encode(),
        TABLE: stream.getvalue().encode(),
        REPORT: json_bytes({"metric": config.search.metric, "goal": config.search.goal, "trials": reports}),
    }
