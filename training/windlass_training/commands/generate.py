import argparse
from pathlib import Path

from windlass_training.commands.arguments import (
    GENERATED_SEED,
    Commands,
    add_system,
    command,
    natural,
    positive,
)

DESCRIPTION = """\
Writes data with the columns of the system's real data, made up, with a signal that a model can learn. The same rows
and seed give the same bytes.

example:
  windlass-train generate bankchurn --out churn.csv --rows 10000 --seed 7"""


def add(commands: Commands) -> None:
    parser = command(commands, "generate", "write made-up data", DESCRIPTION)
    add_system(parser)
    parser.add_argument("--out", type=Path, metavar="PATH", required=True, help="file or folder to write")
    parser.add_argument("--rows", type=positive, metavar="N", help="(default: 10000; of pictures fewer)")
    parser.add_argument("--seed", type=natural, default=GENERATED_SEED, metavar="S", help="(default: 42)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    from windlass_training.train import generate

    generate(options.system, options.out, options.rows, options.seed)
