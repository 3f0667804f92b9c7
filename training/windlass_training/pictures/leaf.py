"""Where the leaf is in a picture of one leaf on a plain background."""

import numpy as np
from scipy import ndimage

SIDE = 64
"""Leaves are found on a picture of so many pixels a side: quick, and blind to spots."""
LEAST, MOST = 0.08, 0.9
"""Share of the picture that a leaf on a background has; anything else is no such picture."""
LEVELS = 64
BLACK_SHARE = 0.25
EDGE = 7


def leaf_mask(pixels: np.ndarray) -> np.ndarray | None:
    """uint8 [H, W, 3] -> bool [H, W], or None where no leaf stands out from its background."""
    step = max(1, pixels.shape[0] // SIDE)
    small = ndimage.uniform_filter(pixels.astype(np.float32), size=(step, step, 1))[
        step // 2 :: step, step // 2 :: step
    ]
    # Excess green (Woebbecke et al. 1995): high on leaves, near 0 on grey and black, whatever the light.
    red, green, blue = np.moveaxis(small, -1, 0)
    excess = 2 * green - red - blue
    found = excess > otsu(excess)
    closed = ndimage.binary_closing(np.pad(found, 6), iterations=4)[6:-6, 6:-6]
    filled = ndimage.binary_fill_holes(closed)
    parts, number = ndimage.label(filled)
    if number == 0:
        return None
    largest = parts == 1 + int(np.argmax(ndimage.sum_labels(filled, parts, np.arange(1, number + 1))))
    if not LEAST < largest.mean() < MOST:
        return None
    return np.asarray(np.repeat(np.repeat(largest, step, 0), step, 1)[: pixels.shape[0], : pixels.shape[1]])


def otsu(values: np.ndarray) -> float:
    """The threshold that parts the values into two groups with the least spread within them (Otsu 1979)."""
    if values.min() == values.max():
        return float(values.max())
    counts, edges = np.histogram(values, bins=LEVELS)
    middles = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * middles)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    return float(edges[1 + int(np.nanargmax(between))])


def on_background(pixels: np.ndarray, mask: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """uint8 [H, W, 3] -> the same leaf on a plain background: black, or a grey with a tint, a slope and grain."""
    height, width = mask.shape
    background: np.ndarray = np.zeros((1, 1, 3), dtype=np.float32)
    if random.random() >= BLACK_SHARE:
        down, right = random.normal(0, 10, 2)
        slope = np.linspace(-down, down, height)[:, None] + np.linspace(-right, right, width)
        grain = random.standard_normal((height, width), dtype=np.float32) * random.uniform(0, 8)
        tint = random.uniform(20, 235) + random.normal(0, 15, 3)
        background = (slope + grain).astype(np.float32)[..., None] + tint.astype(np.float32)
    # A soft edge: a hard one would be a sign of its own.
    kept = ndimage.uniform_filter(mask.astype(np.float32), size=EDGE)[..., None]
    laid = (pixels - background) * kept + background
    return np.asarray(np.clip(laid, 0, 255, out=laid).round().astype(np.uint8))
