"""A made-up telecom company: the columns of the real data, with a signal that can be learnt and nobody's use in it."""

import numpy as np
import pandas as pd

MINUTES_PER_CALL = 6.95


def generate(rows: int, seed: int) -> pd.DataFrame:
    """Customers of the greater plan use much of something, or hardly anything at all; the others are in between."""
    random = np.random.default_rng(seed)
    calls = np.clip(random.gamma(3.6, 17.5, rows).round(), 0, 244)
    minutes = calls * np.clip(random.normal(MINUTES_PER_CALL, 0.7, rows), 1, None)
    messages = np.where(random.random(rows) < 0.15, 0.0, np.clip(random.gamma(1.4, 32.0, rows).round(), 0, 224))
    table = pd.DataFrame(
        {
            "calls": calls,
            "minutes": minutes.round(2),
            "messages": messages,
            "mb_used": np.clip(random.normal(17_200, 7_400, rows), 0, 50_000).round(2),
        }
    )
    ultra = random.random(rows) < ultra_probability(table)
    return table.assign(is_ultra=ultra.astype(np.int64))


def ultra_probability(table: pd.DataFrame) -> np.ndarray:
    minutes, messages, traffic = (table[name].to_numpy(dtype=np.float64) for name in ("minutes", "messages", "mb_used"))
    score = (
        -2.1
        + 3.4 * (minutes > 680)
        + 2.6 * (messages > 75)
        + 3.2 * (traffic > 25_500)
        + 2.4 * (traffic < 7_000)
        + 1.6 * (minutes < 130)
    )
    return np.asarray(1 / (1 + np.exp(-score)))
