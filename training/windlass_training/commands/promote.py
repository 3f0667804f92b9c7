import argparse

from windlass_training.commands.arguments import Commands, add_mlflow, command

DESCRIPTION = """\
Moves an alias of a registered model, such as the one that a ModelDeployment follows with models:/NAME@champion. A
version that cannot be served (not READY, neither a bundle nor an ONNX model, files missing) is refused. It prints what
the alias pointed to before; moving back is the same command with that version.

examples:
  windlass-train promote BankChurn 4 --alias champion
  windlass-train promote BankChurn @challenger --alias champion
  windlass-train promote BankChurn 3 --alias champion                (moves back)"""


def add(commands: Commands) -> None:
    parser = command(commands, "promote", "move an alias in MLflow's registry", DESCRIPTION)
    parser.add_argument("name", metavar="NAME", help="of the registered model")
    parser.add_argument("version", metavar="VERSION", help="its number, or @ and an alias")
    parser.add_argument("--alias", metavar="ALIAS", default="champion", help="the one to move (default: champion)")
    add_mlflow(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    from windlass_training.registry.connection import connect
    from windlass_training.registry.promote import promote

    promote(connect(options.mlflow), options.name, options.version, options.alias)
