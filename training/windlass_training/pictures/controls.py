"""What somebody would reach who does not look at the leaf, and what the model reaches when nothing else can help it."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from windlass_training.pictures.folder import Picture
from windlass_training.pictures.leaf import leaf_mask, on_background

FRAME = 16
"""Pixels at each edge, where leaves seldom reach."""
BACKGROUND_SEED = 7


def species_guess(train: Sequence[Picture], test: Sequence[Picture]) -> np.ndarray:
    """Class names [N] of who knows nothing but the species, and says its most common class of training."""
    counts = Counter((picture.species, picture.label) for picture in train)
    fallback = Counter(picture.label for picture in train).most_common(1)[0][0]
    best: dict[str, str] = {}
    for (species, label), _ in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        best.setdefault(species, label)
    return np.array([best.get(picture.species, fallback) for picture in test])


def frame_guess(train: Sequence[Picture], test: Sequence[Picture]) -> np.ndarray:
    """Class names [N] by a logistic regression over the colours of the pictures' frames, species by species."""
    guesses = species_guess(train, test).astype(object)
    for species in {picture.species for picture in test}:
        known = [picture for picture in train if picture.species == species]
        if len({picture.label for picture in known}) < 2:
            continue
        model = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=2000))
        model.fit([frame_colours(p.pixels) for p in known], [p.label for p in known])
        asked = [i for i, picture in enumerate(test) if picture.species == species]
        guesses[asked] = model.predict([frame_colours(test[i].pixels) for i in asked])
    return np.asarray(guesses)


def frame_colours(pixels: np.ndarray) -> np.ndarray:
    """Of each channel: mean, deviation, deciles 1, 5 and 9."""
    inner = np.zeros(pixels.shape[:2], dtype=bool)
    inner[FRAME:-FRAME, FRAME:-FRAME] = True
    frame = pixels[~inner].astype(np.float64)
    return np.concatenate([frame.mean(axis=0), frame.std(axis=0), *np.percentile(frame, [10, 50, 90], axis=0)])


def other_backgrounds(pictures: Sequence[Picture]) -> tuple[np.ndarray, np.ndarray]:
    """(pixels uint8 [M, H, W, 3], indices [M]) of the pictures whose leaf can be laid on another background."""
    random = np.random.default_rng(BACKGROUND_SEED)
    laid = [
        (on_background(picture.pixels, mask, random), i)
        for i, picture in enumerate(pictures)
        if (mask := leaf_mask(picture.pixels)) is not None
    ]
    if not laid:
        return np.zeros((0, *pictures[0].pixels.shape), dtype=np.uint8), np.zeros(0, dtype=np.int64)
    return np.stack([pixels for pixels, _ in laid]), np.array([i for _, i in laid])
