"""windlass-train's arguments. The commands are imported when they run: the libraries take seconds to load."""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from windlass_training import __version__
from windlass_training.errors import TrainingError
from windlass_training.systems import SUMMARIES

VERSION_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
GENERATED_ROWS = 10_000
GENERATED_SEED = 42

OVERVIEW = """\
Trains the models that Windlass serves and writes them as bundles: a folder with model.json (schema, answers' shape,
metrics), model.onnx (preprocessing and model), reference.json (bins to measure drift against), golden.json (requests
and their answers), metrics.json and model-card.md.

  windlass-train train bankchurn --data Churn.csv --out build/bankchurn --version 1
  windlass-train push build/bankchurn s3://models/bankchurn/1/

Without data at hand, leave --data out: train makes some, and says so."""

TRAIN = """\
Trains one system's model, compares ONNX Runtime's answers with scikit-learn's on the whole test split, and writes the
bundle only when every check passes. The same data, seed and libraries give the same bytes.

examples:
  windlass-train train bankchurn --data Churn.csv --out build/bankchurn --version 3
  windlass-train train bankchurn --out build/try                      (on generated data)
  windlass-train train bankchurn --out build/try --no-gate            (whatever its metrics are)"""

GENERATE = """\
Writes a CSV file with the columns of the system's real data, made up, with a signal that a model can learn. The same
rows and seed give the same bytes.

example:
  windlass-train generate bankchurn --out churn.csv --rows 10000 --seed 7"""

PUSH = """\
Uploads a bundle under a prefix. Every file is checked against model.json first, and model.json goes up last, so that a
bundle is there as a whole or not at all. A prefix that holds another version's bytes is refused without --force:
a new version belongs under a new prefix.

Keys, region and endpoint come from the environment, as for any AWS tool: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
AWS_SESSION_TOKEN, AWS_REGION, AWS_ENDPOINT_URL, AWS_CA_BUNDLE, AWS_PROFILE.

examples:
  windlass-train push build/bankchurn s3://models/bankchurn/3/
  windlass-train push build/bankchurn s3://models/bankchurn/3/ --endpoint-url http://minio.storage:9000"""


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        options.run(options)
    except TrainingError as error:
        print(f"windlass-train: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("windlass-train: interrupted; nothing more was written", file=sys.stderr)
        return 130
    return 0


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="windlass-train", description=OVERVIEW, formatter_class=Raw)
    top.add_argument("--version", action="version", version=f"windlass-train {__version__}")
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    systems = " ".join(f"{name}: {summary}" for name, summary in SUMMARIES.items())

    train = commands.add_parser(
        "train", help="train a model and write its bundle", description=TRAIN, formatter_class=Raw
    )
    train.add_argument("system", choices=sorted(SUMMARIES), metavar="SYSTEM", help=systems)
    train.add_argument("--data", type=Path, metavar="FILE", help="CSV file (default: generated data)")
    train.add_argument("--out", type=Path, metavar="DIR", required=True, help="folder for the bundle")
    train.add_argument(
        "--version", type=model_version, metavar="V", default="1", help="version of the model (default: 1)"
    )
    train.add_argument("--seed", type=natural, default=42, help="of the split and of every estimator (default: 42)")
    train.add_argument("--no-gate", action="store_true", help="write the bundle even when its metrics miss the gate")
    train.set_defaults(run=run_train)

    generate = commands.add_parser("generate", help="write made-up data", description=GENERATE, formatter_class=Raw)
    generate.add_argument("system", choices=sorted(SUMMARIES), metavar="SYSTEM", help=systems)
    generate.add_argument("--out", type=Path, metavar="FILE", required=True, help="CSV file to write")
    generate.add_argument("--rows", type=positive, default=GENERATED_ROWS, metavar="N", help="(default: 10000)")
    generate.add_argument("--seed", type=natural, default=GENERATED_SEED, metavar="S", help="(default: 42)")
    generate.set_defaults(run=run_generate)

    upload = commands.add_parser("push", help="upload a bundle to S3", description=PUSH, formatter_class=Raw)
    upload.add_argument("bundle", type=Path, metavar="DIR", help="folder of the bundle")
    upload.add_argument("destination", metavar="s3://BUCKET/PREFIX/", help="where it goes")
    upload.add_argument("--endpoint-url", metavar="URL", help="of an S3 server other than AWS")
    upload.add_argument("--force", action="store_true", help="replace another version's bytes")
    upload.set_defaults(run=run_push)
    return top


class Raw(argparse.RawDescriptionHelpFormatter):
    """Keeps the examples' line breaks."""


def natural(text: str) -> int:
    number = int(text)
    if not 0 <= number < 2**32:
        raise argparse.ArgumentTypeError(f"{text}: must be from 0 to {2**32 - 1}")
    return number


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text}: must be at least 1")
    return number


def model_version(text: str) -> str:
    if not VERSION_PATTERN.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"{text!r}: at most 128 letters, digits, dots, dashes and underscores, a letter or digit first"
        )
    return text


def run_train(options: argparse.Namespace) -> None:
    from windlass_training.train import DataRequest, train

    data = DataRequest(options.data, GENERATED_ROWS, GENERATED_SEED)
    train(options.system, data, options.out, options.version, options.seed, gate=not options.no_gate)


def run_generate(options: argparse.Namespace) -> None:
    from windlass_training.train import generate

    generate(options.system, options.out, options.rows, options.seed)


def run_push(options: argparse.Namespace) -> None:
    from windlass_training.push import push

    push(options.bundle, options.destination, options.endpoint_url, options.force)
