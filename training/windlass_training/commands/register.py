import argparse
from pathlib import Path

from windlass_training.commands.arguments import Commands, add_mlflow, command

DESCRIPTION = """\
Registers a bundle in MLflow: uploads it to its run (the one that train --mlflow wrote, else a new one) together with
MLflow's own description of an ONNX model, and creates a version with the metrics as tags. The same bundle again is the
version that it has.

examples:
  windlass-train register build/bankchurn --mlflow http://mlflow:5000
  windlass-train register build/bankchurn --name BankChurn --alias challenger"""


def add(commands: Commands) -> None:
    parser = command(commands, "register", "register a bundle in MLflow", DESCRIPTION)
    parser.add_argument("bundle", type=Path, metavar="DIR", help="folder of the bundle")
    parser.add_argument("--name", metavar="NAME", help="of the registered model (default: the name in model.json)")
    parser.add_argument("--alias", metavar="ALIAS", help="moved to the new version")
    add_mlflow(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    from windlass_training.registry.connection import connect
    from windlass_training.registry.promote import promote
    from windlass_training.registry.register import register

    registry = connect(options.mlflow)
    model, version = register(registry, options.bundle, options.name)
    if options.alias:
        promote(registry, model, version, options.alias)
