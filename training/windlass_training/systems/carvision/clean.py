"""Which ads are of cars that the model is for."""

import numpy as np
import pandas as pd

from windlass_training.errors import TrainingError
from windlass_training.systems.carvision.features import MOST_MILES, OLDEST_YEAR, TARGET
from windlass_training.tabular.table import require_columns

# Column -> (above, below); model_year from OLDEST_YEAR on.
BOUNDS = {TARGET: (1_000.0, 500_000.0), "odometer": (0.0, float(MOST_MILES)), "model_year": (OLDEST_YEAR - 0.5, np.inf)}


def clean(table: pd.DataFrame) -> pd.DataFrame:
    """Leaves out ads without a plausible price, year or odometer. A value that is no number is for the data check to
    refuse, with its row: only numbers out of bounds and missing values are left out."""
    require_columns(table, list(BOUNDS))
    kept = np.ones(len(table), dtype=bool)
    for name, (above, below) in BOUNDS.items():
        number = pd.to_numeric(table[name], errors="coerce")
        unreadable = number.isna() & table[name].notna()
        kept &= (((number > above) & (number < below)) | unreadable).to_numpy()
    if not kept.any():
        bounds = ", ".join(f"{above:g} < {name} < {below:g}" for name, (above, below) in BOUNDS.items())
        raise TrainingError(f"no row of {len(table)} is within {bounds}; is it the right file, in dollars and miles?")
    return table[kept].reset_index(drop=True)
