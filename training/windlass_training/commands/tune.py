import argparse
from pathlib import Path

from windlass_training.commands.arguments import (
    GENERATED_SEED,
    Commands,
    add_config,
    add_mlflow,
    add_system,
    command,
    positive,
)
from windlass_training.commands.tracking import tracking

DESCRIPTION = """\
Searches the config's [search.space] by cross-validation on the rows outside the test split, and writes best.toml (a
config for train), trials.csv and trials.json (all trials). The first trial is the config as it is; the same data,
config and seed give the same trials.

examples:
  windlass-train tune bankchurn --data Churn.csv --out build/tuned
  windlass-train tune telecom --data users_behavior.csv --out build/tuned --trials 40
  windlass-train train telecom --data users_behavior.csv --out build/telecom --config build/tuned/best.toml"""


def add(commands: Commands) -> None:
    parser = command(commands, "tune", "search for better hyperparameters", DESCRIPTION)
    add_system(parser)
    parser.add_argument("--data", type=Path, metavar="PATH", help="file or folder (default: generated data)")
    parser.add_argument("--out", type=Path, metavar="DIR", required=True, help="folder for what was found")
    parser.add_argument("--trials", type=positive, metavar="N", help="(default: the config's search.trials)")
    add_config(parser)
    add_mlflow(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    from windlass_training.train import DataRequest
    from windlass_training.tune import tune

    data = DataRequest(options.data, None, GENERATED_SEED)
    registry = tracking(options.mlflow)
    tuned = tune(options.system, data, options.out, options.config, options.seed, options.trials)
    if registry is not None:
        from windlass_training.registry.measured import log_tuned

        log_tuned(registry, tuned)
