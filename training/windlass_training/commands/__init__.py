"""The commands: a module each, whose add() declares its arguments. What a command does is imported when it runs: the
libraries take seconds to load."""

from windlass_training.commands import (
    drift_report,
    evaluate,
    generate,
    promote,
    push,
    register,
    retrain,
    train,
    tune,
    validate_data,
)
from windlass_training.commands.arguments import Commands


def add_all(commands: Commands) -> None:
    for command in (train, tune, evaluate, validate_data, drift_report, generate, push, register, promote, retrain):
        command.add(commands)
