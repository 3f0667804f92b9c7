import argparse
from pathlib import Path

from windlass_training.commands.arguments import (
    GENERATED_ROWS,
    GENERATED_SEED,
    Commands,
    add_config,
    add_system,
    command,
    model_version,
)

DESCRIPTION = """\
Trains one system's model, compares ONNX Runtime's answers with those of the library that trained it on the whole test
split, and writes the bundle only when every check passes. The same data, config and libraries give the same bytes.

examples:
  windlass-train train bankchurn --data Churn.csv --out build/bankchurn --version 3
  windlass-train train bankchurn --data Churn.csv --out build/bankchurn --config tuned.toml
  windlass-train train bankchurn --out build/try                      (on generated data)
  windlass-train train bankchurn --out build/try --no-gate            (whatever its metrics are)"""


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
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    from windlass_training.train import DataRequest, train

    data = DataRequest(options.data, GENERATED_ROWS, GENERATED_SEED)
    train(options.system, data, options.out, options.version, options.config, options.seed, gate=not options.no_gate)
