import argparse
from pathlib import Path

from windlass_training.commands.arguments import (
    GENERATED_SEED,
    Commands,
    add_config,
    add_mlflow,
    add_system,
    command,
    model_version,
)
from windlass_training.commands.tracking import tracking

DESCRIPTION = """\
Trains one system's model, compares ONNX Runtime's answers with those of the library that trained it on the whole test
split, and writes the bundle only when every check passes. The same data, config and libraries give the same bytes.

examples:
  windlass-train train bankchurn --data Churn.csv --out build/bankchurn --version 3
  windlass-train train bankchurn --data Churn.csv --out build/bankchurn --config tuned.toml
  windlass-train train bankchurn --out build/try                      (on generated data)
  windlass-train train bankchurn --out build/try --no-gate            (whatever its metrics are)
  windlass-train train bankchurn --data Churn.csv --out build/bankchurn --mlflow http://mlflow:5000"""


def add(commands: Commands) -> None:
    parser = command(commands, "train", "train a model and write its bundle", DESCRIPTION)
    add_system(parser)
    parser.add_argument("--data", type=Path, metavar="PATH", help="file or folder (default: generated data)")
    parser.add_argument("--out", type=Path, metavar="DIR", required=True, help="folder for the bundle")
    parser.add_argument(
        "--version", type=model_version, metavar="V", default="1", help="version of the model (default: 1)"
    )
    add_config(parser)
    parser.add_argument("--no-gate", action="store_true", help="write the bundle even when its metrics miss the gate")
    add_mlflow(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    from windlass_training.train import DataRequest, train

    data = DataRequest(options.data, None, GENERATED_SEED)
    registry = tracking(options.mlflow)
    trained = train(
        options.system, data, options.out, options.version, options.config, options.seed, gate=not options.no_gate
    )
    if registry is not None:
        from windlass_training.registry.trained import log_trained

        log_trained(registry, trained, data)
