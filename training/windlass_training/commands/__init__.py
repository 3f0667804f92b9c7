"""The commands: a module each, whose add() declares its arguments. What a command does is imported when it runs: the
libraries take seconds to load."""

from windlass_training.commands import generate, promote, push, register, retrain, train
from windlass_training.commands.arguments import Commands


def add_all(commands: Commands) -> None:
    for command in (train, generate, push, register, promote, retrain):
        command.add(commands)
