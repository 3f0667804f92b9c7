from typing import ClassVar


class TrainingError(Exception):
    """Ends the command with its exit status; the message says what, where, the value, the limit and what to do."""

    exit_status: ClassVar[int] = 1
