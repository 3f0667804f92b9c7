"""Values counted into a reference's bins, as the runtime counts them (runtime/drift/bins.ts)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from windlass_training.system import Json

MAX_CATEGORIES = 1000
"""The commonest of the reference are counted apart, the others as "other"."""
SPECIAL = frozenset({"other", "missing", "under", "over"})


@dataclass(frozen=True)
class Counted:
    """Bins in the order of the runtime's counters: under, bins, over, missing; or categories, other, missing."""

    kind: str
    texts: Sequence[str]
    reference: Sequence[int]
    now: Sequence[int]
    categories: int


def problem(bins: Json) -> str | None:
    """Why nothing can be compared with these bins."""
    counts = bins["counts"]
    if bins["kind"] == "numeric":
        edges = bins["edges"]
        if len(edges) != len(counts) + 1:
            return f"its reference has {len(edges)} edges and {len(counts)} counts; k edges make k - 1 bins"
        if any(high <= low for low, high in pairwise(edges)):
            return "its reference's edges must rise"
        total = sum(counts) + bins["under"] + bins["over"] + bins["missing"]
    else:
        total = sum(counts.values()) + bins["other"] + bins["missing"]
    return None if total else "its reference counted no rows; write it again from the training data"


def count(bins: Json, values: np.ndarray, integer: bool) -> Counted:
    return count_numbers(bins, values, integer) if bins["kind"] == "numeric" else count_categories(bins, values)


def count_numbers(bins: Json, values: np.ndarray, integer: bool) -> Counted:
    """A float32 is compared with edges rounded as it is: 0.7 falls above an edge at 0.7."""
    written = np.asarray(bins["edges"], np.float64)
    edges = written.astype(values.dtype).astype(np.float64)
    present = values[~np.isnan(values)].astype(np.float64)
    under, over = int((present < edges[0]).sum()), int((present > edges[-1]).sum())
    inside = present[(present >= edges[0]) & (present <= edges[-1])]
    place = np.minimum(np.searchsorted(edges, inside, side="right") - 1, len(edges) - 2)
    counts = np.bincount(place, minlength=len(edges) - 1)
    return Counted(
        kind="numeric",
        texts=["under", *range_texts(written, integer), "over", "missing"],
        reference=[bins["under"], *bins["counts"], bins["over"], bins["missing"]],
        now=[under, *map(int, counts), over, len(values) - len(present)],
        categories=0,
    )


def count_categories(bins: Json, values: np.ndarray) -> Counted:
    ranked = sorted(((name, n) for name, n in bins["counts"].items() if name), key=lambda pair: -pair[1])
    kept, rest = ranked[:MAX_CATEGORIES], ranked[MAX_CATEGORIES:]
    place = {name: number for number, (name, _) in enumerate(kept)}
    now = [0] * (len(kept) + 2)
    for value in values:
        now[len(kept) + 1 if value == "" else place.get(value, len(kept))] += 1
    missing = bins["missing"] + bins["counts"].get("", 0)
    return Counted(
        kind="categorical",
        texts=[*(f'"{name}"' if name in SPECIAL else name for name, _ in kept), "other", "missing"],
        reference=[*(n for _, n in kept), bins["other"] + sum(n for _, n in rest), missing],
        now=now,
        categories=len(kept),
    )


def range_texts(edges: np.ndarray, integer: bool) -> list[str]:
    """`350 to 521`, `4`: of whole numbers those inside, else up to the second number, not including it."""
    pairs = list(pairwise(edges))
    if integer and np.all((edges + 0.5) % 1 == 0):
        return [
            f"{low + 0.5:.0f}" if high - low == 1 else f"{low + 0.5:.0f} to {high - 0.5:.0f}" for low, high in pairs
        ]
    texts = [f"{edge:.6g}" for edge in edges]
    if len(set(texts)) < len(texts):
        texts = [repr(float(edge)) for edge in edges]
    return [f"{low} to {high}" for low, high in pairwise(texts)]
