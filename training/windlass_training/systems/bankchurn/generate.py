"""A made-up bank: the columns of the real data, with a signal that can be learnt and nobody's records in it."""

import numpy as np
import pandas as pd

SURNAMES = (
    "Adler",
    "Bianchi",
    "Costa",
    "Dubois",
    "Eriksen",
    "Fischer",
    "Garcia",
    "Hughes",
    "Ivanov",
    "Jansen",
)
MISSING_TENURE = 0.0909


def generate(rows: int, seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    country = random.choice(["France", "Germany", "Spain"], size=rows, p=[0.5, 0.25, 0.25])
    empty = random.random(rows) < np.where(country == "Germany", 0.0, 0.48)
    tenure = random.integers(0, 11, rows).astype(np.float64)
    tenure[random.random(rows) < MISSING_TENURE] = np.nan
    table = pd.DataFrame(
        {
            "RowNumber": np.arange(1, rows + 1),
            "CustomerId": random.permutation(np.arange(15_000_000, 15_000_000 + rows)),
            "Surname": random.choice(SURNAMES, rows),
            "CreditScore": np.clip(random.normal(650, 97, rows).round(), 350, 850).astype(np.int64),
            "Geography": country,
            "Gender": random.choice(["Male", "Female"], rows, p=[0.55, 0.45]),
            "Age": np.clip(18 + random.gamma(4.8, 4.4, rows), 18, 92).astype(np.int64),
            "Tenure": tenure,
            "Balance": np.where(empty, 0.0, np.clip(random.normal(120_000, 30_000, rows), 3_000, None)).round(2),
            "NumOfProducts": random.choice([1, 2, 3, 4], rows, p=[0.5, 0.46, 0.03, 0.01]),
            "HasCrCard": (random.random(rows) < 0.7).astype(np.int64),
            "IsActiveMember": (random.random(rows) < 0.515).astype(np.int64),
            "EstimatedSalary": random.uniform(100, 200_000, rows).round(2),
        }
    )
    leaves = random.random(rows) < churn_probability(table)
    return table.assign(Exited=leaves.astype(np.int64))


def churn_probability(table: pd.DataFrame) -> np.ndarray:
    """Leavers are older (but not very old), inactive, German, or have one product or more than two."""
    age = table["Age"].to_numpy(dtype=np.float64)
    products = table["NumOfProducts"].to_numpy()
    score = (
        -3.4
        + 3.6 * np.exp(-(((age - 54) / 11) ** 2))
        + np.select([products == 1, products == 2], [0.6, -1.1], default=3.2)
        + 1.0 * (table["Geography"] == "Germany").to_numpy()
        + 0.6 * (table["Gender"] == "Female").to_numpy()
        - 1.1 * table["IsActiveMember"].to_numpy()
        + 0.4 * (table["Balance"] > 0).to_numpy()
    )
    return np.asarray(1 / (1 + np.exp(-1.3 * score - 0.4)))
