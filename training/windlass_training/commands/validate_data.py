import argparse
from pathlib import Path

from windlass_training.commands.arguments import Commands, add_system, command

DESCRIPTION = """\
Says what is in a data file and everything that training would refuse: missing columns, wrong types, values out of
range, unknown categories, missing values, duplicates, one class alone, too few rows for the split. Errors end with
status 1.

examples:
  windlass-train validate-data bankchurn --data Churn.csv
  windlass-train validate-data bankchurn --data march.csv --report march.json"""


def add(commands: Commands) -> None:
    parser = command(commands, "validate-data", "check data before training on it", DESCRIPTION)
    add_system(parser)
    parser.add_argument("--data", type=Path, metavar="PATH", required=True, help="file or folder")
    parser.add_argument("--report", type=Path, metavar="FILE", help="JSON file to write")
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="TOML; its split is what the rows must be enough for"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    from windlass_training.validate import validate

    validate(options.system, options.data, options.report, options.config)
