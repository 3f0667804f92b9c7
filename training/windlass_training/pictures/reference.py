"""reference.json of a model of pictures: bins of what the pictures look like and of how sure the model is."""

from collections.abc import Sequence

import numpy as np

from windlass_training.pictures.folder import Picture
from windlass_training.pictures.properties import measure
from windlass_training.system import Json
from windlass_training.tabular.reference import numeric_bins

BINS = 10
# Most pictures of a data set have one form and one size: quantiles would all be that one. The middle bins hold squares.
ASPECT_EDGES = (0.25, 0.5, 0.7, 0.95, 1.05, 1.4, 2.0, 4.0)
SIZE_EDGES = tuple(float(side * side) for side in (64, 128, 192, 240, 272, 384, 512, 1024, 2048, 4096))
# Half of the answers of a good model are surer than .99: equal steps would put them all into one bin.
CONFIDENCE_EDGES = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)


def reference(train: Sequence[Picture], confidence: np.ndarray) -> Json:
    """`confidence` [N]: the greatest probability of pictures that the model was not fitted on."""
    return {
        "formatVersion": 1,
        "rows": len(train),
        "features": {},
        "prediction": numeric_bins(confidence.astype(np.float64), np.array(CONFIDENCE_EDGES)),
        "image": property_bins(train),
    }


def property_bins(pictures: Sequence[Picture]) -> dict[str, Json]:
    return {name: numeric_bins(values, property_edges(name, values)) for name, values in measure(pictures).items()}


def property_edges(name: str, values: np.ndarray) -> np.ndarray:
    fixed = {"aspect": ASPECT_EDGES, "size": SIZE_EDGES}.get(name)
    if fixed is not None:
        return np.array(fixed)
    edges = np.unique(np.quantile(values, np.linspace(0, 1, BINS + 1)))
    return edges if len(edges) > 1 else np.array([edges[0], np.nextafter(edges[0], np.inf)])
