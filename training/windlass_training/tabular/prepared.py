"""A System whose data is cleaned first: rows that are no example of what the model is for are left out."""

from collections.abc import Callable
from dataclasses import replace

import pandas as pd

from windlass_training.system import System


def prepared(system: System[pd.DataFrame], prepare: Callable[[pd.DataFrame], pd.DataFrame]) -> System[pd.DataFrame]:
    """`prepare` comes before everything that learns from rows or compares with their target. What drift is measured on
    and what is merely predicted stays as it is: a row out of every range is what they are to find, and a file compared
    with itself has not drifted."""
    return replace(
        system,
        train=lambda table, config: system.train(prepare(table), config),
        cross_validate=lambda table, config, folds: system.cross_validate(prepare(table), config, folds),
        evaluate=lambda bundle, table, config, whole: system.evaluate(bundle, prepare(table), config, whole),
        validate=lambda table, config: system.validate(prepare(table), config),
    )
