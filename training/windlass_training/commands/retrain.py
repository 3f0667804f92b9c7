import argparse
import os

from windlass_training.commands.arguments import (
    Commands,
    add_config,
    add_mlflow,
    add_system,
    command,
    model_version,
    not_negative,
)

DESCRIPTION = """\
What a retraining Job runs: downloads the newest data, validates it, trains, holds the model against its gates and
against the model that serves (on the new data's test split, by the metric of the config's [search]), and publishes it:
the prefix that a ModelDeployment follows is replaced, model.json last, or a version is registered and its alias moved.
A model that is worse than the one that serves, by more than the margin, is not published: exit status 3. What serves
are the very bytes that the operator names in WINDLASS_STABLE_*; where they cannot be read any more, nothing is
published either: exit status 1.

--data is a file or a prefix of S3; of several CSV files the newest is taken. Keys come from the environment, as for
push.

examples:
  windlass-train retrain bankchurn --data s3://data/churn/ --push s3://models/bankchurn/
  windlass-train retrain bankchurn --data s3://data/churn/ --register BankChurn --alias champion"""


def add(commands: Commands) -> None:
    parser = command(commands, "retrain", "train on new data, compare, and publish", DESCRIPTION)
    add_system(parser)
    parser.add_argument("--data", metavar="s3://BUCKET/PREFIX/", required=True, help="data to learn from, or a path")
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--push", metavar="s3://BUCKET/PREFIX/", help="the prefix that is followed, and replaced")
    target.add_argument("--register", metavar="NAME", help="the registered model in MLflow that gets a version")
    parser.add_argument("--alias", metavar="ALIAS", help="with --register: moved to the new version")
    parser.add_argument("--version", type=model_version, metavar="V", help="of the model (default: the time)")
    parser.add_argument(
        "--better-than", metavar="URI", help="bundle to compare with (default: what serves, WINDLASS_STABLE_URI)"
    )
    parser.add_argument(
        "--margin",
        type=not_negative,
        metavar="M",
        help="by so much the metric may be worse (default: margin under [retrain] in the config, which is 0)",
    )
    parser.add_argument("--even-if-worse", action="store_true", help="publish a model that is worse all the same")
    add_config(parser)
    add_mlflow(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    from windlass_training.errors import TrainingError
    from windlass_training.retrain.retrain import Publication, RetrainRequest, retrain
    from windlass_training.retrain.stable import serving_model

    if options.alias and not options.register:
        raise TrainingError("--alias goes with --register NAME: a prefix has no aliases")
    retrain(
        RetrainRequest(
            system=options.system,
            data=options.data,
            config=options.config,
            seed=options.seed,
            version=options.version,
            publication=Publication(options.push, options.register, options.alias),
            serving=serving_model(options.better_than, os.environ),
            even_if_worse=options.even_if_worse,
            margin=options.margin,
            mlflow=options.mlflow,
        )
    )
