"""The tracking server of a command that may log a run."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from windlass_training.registry.connection import Registry


def tracking(uri: str | None) -> "Registry | None":
    """The tracking server, where one is named; asked before the training, so that a wrong one costs no time."""
    if not (uri or os.environ.get("MLFLOW_TRACKING_URI")):
        return None
    from windlass_training.registry.connection import connect

    return connect(uri)
