"""Which loans can be learnt from: those that ended."""

import numpy as np
import pandas as pd

from windlass_training.errors import TrainingError
from windlass_training.systems.creditrisk.features import REQUIRED, TARGET
from windlass_training.tabular.features import names
from windlass_training.tabular.table import require_columns, trimmed

STATUS = "loan_status"
PAID = "Fully Paid"
LOST = ("Charged Off", "Default")


def clean(table: pd.DataFrame) -> pd.DataFrame:
    """The loans that ended, with the target, and without the few that lack a value which every request has to have. A
    loan that is still paid back has no outcome yet, and one that broke the lender's own rules is no example."""
    require_columns(table, [STATUS, *names(REQUIRED)])
    status = trimmed(table[STATUS])
    ended = table[status.isin([PAID, *LOST])].copy()
    if ended.empty:
        seen = ", ".join(map(str, status.value_counts().index[:5]))
        raise TrainingError(f"column {STATUS}: no loan is {PAID}, {' or '.join(LOST)}; it has {seen}")
    whole = ended[ended[names(REQUIRED)].notna().all(axis=1)].copy()
    if whole.empty:
        raise TrainingError(f"each of the {len(ended)} loans that ended lacks one of {', '.join(names(REQUIRED))}")
    lost = trimmed(whole[STATUS]).isin(LOST).to_numpy().astype(np.int64)
    return whole.assign(**{TARGET: lost}).reset_index(drop=True)
