"""Made-up ads: the columns of the real data, with prices that can be learnt and nobody's ads in them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

MISSING = {"model_year": 0.07, "cylinders": 0.10, "odometer": 0.15, "paint_color": 0.18}
IMPLAUSIBLE_PRICE = 0.05
REPOSTED = 0.1
FIRST_DAY = np.datetime64("2018-05-01")
DAYS = 354


@dataclass(frozen=True)
class CarModel:
    name: str
    price: float
    """When new."""
    cylinders: int
    kind: str
    off_road: float
    """Share of them with four-wheel drive."""


MODELS = (
    CarModel("ford f-150", 36_000, 8, "truck", 0.7),
    CarModel("ford focus", 17_000, 4, "sedan", 0.0),
    CarModel("chevrolet silverado 1500", 38_000, 8, "truck", 0.7),
    CarModel("toyota camry", 24_000, 4, "sedan", 0.0),
    CarModel("toyota tacoma", 33_000, 6, "pickup", 0.7),
    CarModel("honda civic", 19_000, 4, "sedan", 0.0),
    CarModel("honda odyssey", 29_000, 6, "mini-van", 0.0),
    CarModel("jeep wrangler", 34_000, 6, "offroad", 1.0),
    CarModel("nissan altima", 21_000, 4, "sedan", 0.0),
    CarModel("bmw x5", 52_000, 6, "SUV", 0.9),
    CarModel("subaru outback", 27_000, 4, "wagon", 1.0),
    CarModel("gmc yukon", 45_000, 8, "SUV", 0.6),
)
CONDITIONS = {"new": 1.15, "like new": 1.08, "excellent": 1.0, "good": 0.9, "fair": 0.6, "salvage": 0.35}
FUELS = {"gas": 1.0, "diesel": 1.3, "hybrid": 1.1}
TRANSMISSIONS = ("automatic", "manual", "other")
COLORS = ("white", "black", "silver", "grey", "blue", "red", "green", "brown")


def generate(rows: int, seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    chosen = random.integers(0, len(MODELS), rows)
    of_model = {field: np.array([getattr(MODELS[i], field) for i in chosen]) for field in CarModel.__annotations__}
    posted = FIRST_DAY + random.integers(0, DAYS, rows).astype("timedelta64[D]")
    year = posted.astype("datetime64[Y]").astype(np.int64) + 1970
    age = np.minimum(random.gamma(2.2, 4.0, rows), 45).astype(np.int64)
    table = pd.DataFrame(
        {
            "price": 0,
            "model_year": (year - age).astype(np.float64),
            "model": of_model["name"],
            "condition": random.choice(list(CONDITIONS), rows, p=[0.01, 0.09, 0.48, 0.38, 0.03, 0.01]),
            "cylinders": of_model["cylinders"].astype(np.float64),
            "fuel": random.choice(list(FUELS), rows, p=[0.92, 0.06, 0.02]),
            "odometer": (random.gamma(6.0, 2_000.0, rows) * (age + 0.5)).clip(0, 700_000).round(),
            "transmission": random.choice(TRANSMISSIONS, rows, p=[0.91, 0.06, 0.03]),
            "type": of_model["kind"],
            "paint_color": random.choice(COLORS, rows),
            "is_4wd": np.where(random.random(rows) < of_model["off_road"], 1.0, np.nan),
            "date_posted": [f"{day.month}/{day.day}/{day.year}" for day in pd.DatetimeIndex(posted)],
            "days_listed": random.gamma(2.0, 20.0, rows).astype(np.int64),
        }
    )
    table["price"] = asked_prices(table, of_model["price"], age, random)
    return with_gaps(posted_again(table, random), random)


def asked_prices(table: pd.DataFrame, new: np.ndarray, age: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A car loses a tenth of its price a year, and more for its miles; diesel, drive and condition matter."""
    price = (
        new
        * 0.9**age
        * np.exp(-table["odometer"].to_numpy() / 600_000)
        * table["condition"].map(CONDITIONS).to_numpy()
        * table["fuel"].map(FUELS).to_numpy()
        * np.where(table["is_4wd"].notna(), 1.1, 1.0)
        * np.exp(random.normal(0, 0.15, len(table)))
    )
    implausible = random.random(len(table)) < IMPLAUSIBLE_PRICE
    return np.asarray(np.where(implausible, random.integers(1, 1000, len(table)), price.round()), dtype=np.int64)


def posted_again(table: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """Some ads are another's, on another day."""
    count = int(len(table) * REPOSTED)
    target = random.choice(len(table), count, replace=False)
    source = random.integers(0, len(table), count)
    same = [name for name in table.columns if name not in ("date_posted", "days_listed")]
    again = table.copy()
    again.loc[again.index[target], same] = table.iloc[source][same].to_numpy()
    return again.astype(table.dtypes.to_dict())


def with_gaps(table: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    for name, share in MISSING.items():
        table[name] = table[name].where(random.random(len(table)) >= share)
    return table
