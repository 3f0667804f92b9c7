"""The population stability index and its verdict: contract/psi.ts in Python, number for number."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import chi2

SMOOTHING = 0.5
MIN_EXPECTED = 5
FALSE_ALARMS = 0.001

State = Literal["tooFewRows", "steady", "drifted"]


@dataclass(frozen=True)
class Comparison:
    state: State
    psi: float | None
    """None without a row."""
    chance: float | None
    """PSI above which chance is no explanation for these numbers of rows."""
    limit: float
    merged: int
    """Categories that were too rare to be compared by themselves."""
    samples: int


def compare(
    reference: Sequence[int], now: Sequence[int], categories: int, threshold: float, min_samples: int, features: int
) -> Comparison:
    """The first `categories` bins are categories and the next one is "other"; 0: bins of a number."""
    samples, reference_rows = sum(now), sum(reference)
    before, after, merged = comparable(reference, now, categories)
    if samples == 0:
        return Comparison("tooFewRows", None, None, threshold, merged, samples)
    value = psi(before, after)
    chance = psi_of_chance(len(before), samples, reference_rows, features)
    limit = max(threshold, chance)
    state: State = "tooFewRows" if samples < min_samples else "drifted" if value > limit else "steady"
    return Comparison(state, value, chance, limit, merged, samples)


def psi(reference: Sequence[int], now: Sequence[int]) -> float:
    """Sum of (now - reference) ln(now / reference) over the bins' shares, each count raised by a half."""
    expected, actual = (np.asarray(counts, np.float64) + SMOOTHING for counts in (reference, now))
    expected, actual = expected / expected.sum(), actual / actual.sum()
    return float(((actual - expected) * np.log(actual / expected)).sum())


def psi_of_chance(bins: int, rows: int, reference_rows: int, features: int) -> float:
    """Without drift PSI / (1/N + 1/M) is distributed as chi-square with bins - 1 degrees: Yurdakul and Naranjo 2020."""
    quantile = float(chi2.isf(FALSE_ALARMS / max(1, features), max(1, bins - 1)))
    return quantile * (1 / rows + 1 / reference_rows)


def comparable(reference: Sequence[int], now: Sequence[int], categories: int) -> tuple[list[int], list[int], int]:
    """Rare categories go to "other", and bins that nothing ever fell into are left out: they compare nothing."""
    window_share = sum(now) / max(1, sum(now) + sum(reference))
    kept: list[tuple[int, int]] = []
    other_before = other_after = merged = 0
    for i, (before, after) in enumerate(zip(reference, now, strict=True)):
        rare = i < categories and (before + after) * window_share < MIN_EXPECTED
        merged += rare
        if rare or 0 < categories == i:
            other_before, other_after = other_before + before, other_after + after
        else:
            kept.append((before, after))
    seen = [pair for pair in [*kept, (other_before, other_after)] if any(pair)]
    return [before for before, _ in seen], [after for _, after in seen], merged
