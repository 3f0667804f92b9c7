import argparse
from pathlib import Path

from windlass_training.commands.arguments import Commands, add_mlflow, add_system, command
from windlass_training.commands.tracking import tracking

DESCRIPTION = """\
Asks a bundle's graph for its answers and writes metrics.json, model-card.md and pictures of the metrics. Data that the
bundle was trained on is split as it was then, and the test split must give model.json's metrics again; of other data
all rows are measured, those too that it may have been trained on: name a file with new rows alone. The golden answers
are repeated either way. A check that fails ends with status 1, after writing.

examples:
  windlass-train evaluate bankchurn --bundle build/bankchurn --data Churn.csv --out build/report
  windlass-train evaluate bankchurn --bundle build/bankchurn --data march.csv --out build/march --no-gate"""


def add(commands: Commands) -> None:
    parser = command(commands, "evaluate", "measure a bundle on data", DESCRIPTION)
    add_system(parser)
    parser.add_argument("--bundle", type=Path, metavar="DIR", required=True, help="folder of the bundle")
    parser.add_argument("--data", type=Path, metavar="PATH", required=True, help="file or folder")
    parser.add_argument("--out", type=Path, metavar="DIR", required=True, help="folder for the report")
    parser.add_argument("--config", type=Path, metavar="FILE", help="TOML (default: what the bundle was trained with)")
    parser.add_argument("--no-gate", action="store_true", help="end with status 0 though a gate is missed")
    add_mlflow(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    from windlass_training.evaluate import evaluate, judge

    registry = tracking(options.mlflow)
    evaluated = evaluate(options.system, options.bundle, options.data, options.out, options.config)
    if registry is not None:
        from windlass_training.registry.measured import log_evaluated

        log_evaluated(registry, evaluated)
    judge(evaluated, gate=not options.no_gate)
