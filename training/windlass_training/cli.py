"""windlass-train: the commands are in commands/."""

import argparse
import sys
from collections.abc import Sequence

from windlass_training import __version__
from windlass_training.commands import add_all
from windlass_training.commands.arguments import Raw
from windlass_training.errors import TrainingError

OVERVIEW = """\
Trains the models that Windlass serves and writes them as bundles: a folder with model.json (schema, answers' shape,
metrics), model.onnx (preprocessing and model), reference.json (bins to measure drift against), golden.json (requests
and their answers), metrics.json and model-card.md.

  windlass-train validate-data bankchurn --data Churn.csv
  windlass-train train bankchurn --data Churn.csv --out build/bankchurn --version 1
  windlass-train evaluate bankchurn --bundle build/bankchurn --data Churn.csv --out build/report
  windlass-train push build/bankchurn s3://models/bankchurn/1/

Without data at hand, leave --data out: train makes some, and says so."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        options.run(options)
    except TrainingError as error:
        print(f"windlass-train: {error}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        print("windlass-train: interrupted; nothing more was written", file=sys.stderr)
        return 130
    return 0


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="windlass-train", description=OVERVIEW, formatter_class=Raw)
    top.add_argument("--version", action="version", version=f"windlass-train {__version__}")
    add_all(top.add_subparsers(metavar="COMMAND", required=True))
    return top
