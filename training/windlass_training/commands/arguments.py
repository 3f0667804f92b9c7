"""Arguments that several commands take."""

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from windlass_training.systems import SUMMARIES

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    Commands = object

VERSION_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
GENERATED_SEED = 42


class Raw(argparse.RawDescriptionHelpFormatter):
    """Keeps the examples' line breaks."""


def command(commands: Commands, name: str, summary: str, description: str) -> argparse.ArgumentParser:
    return commands.add_parser(name, help=summary, description=description, formatter_class=Raw)


def add_system(parser: argparse.ArgumentParser) -> None:
    systems = " ".join(f"{name}: {summary}" for name, summary in SUMMARIES.items())
    parser.add_argument("system", choices=sorted(SUMMARIES), metavar="SYSTEM", help=systems)


def add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, metavar="FILE", help="TOML; what it says replaces the system's own")
    parser.add_argument("--seed", type=natural, metavar="S", help="of the split and of every estimator (default: 42)")


def add_mlflow(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--mlflow", metavar="URI", help="tracking server (default: MLFLOW_TRACKING_URI)")


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


def not_negative(text: str) -> float:
    number = float(text)
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text}: must be a number from 0 up")
    return number


def model_version(text: str) -> str:
    if not VERSION_PATTERN.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"{text!r}: at most 128 letters, digits, dots, dashes and underscores, a letter or digit first"
        )
    return text
