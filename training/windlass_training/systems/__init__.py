"""The systems that can be trained: a package each, whose SYSTEM says all that the commands need."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from windlass_training.system import System

# By the name that the command line takes; here, so that --help loads no system.
SUMMARIES: dict[str, str] = {
    "bankchurn": "Which customers will leave a bank: a soft vote of logistic regression and a random forest.",
    "carvision": "What a used car is offered for: a random forest over what an ad says.",
    "creditrisk": "Which loans will not be paid back, from what is known when they are applied for: a random forest.",
    "telecom": "Which customers of a telecom company have the greater of two plans: gradient boosting.",
    "plant": "Which disease a leaf has, from a picture: a convolutional network.",
}


def load_system(name: str) -> "System[Any]":
    system: System[Any] = import_module(f"{__name__}.{name}").SYSTEM
    return system


def config_file(name: str) -> Path:
    """The system's own config.toml."""
    return Path(__file__).with_name(name) / "config.toml"
