"""What is measured of a picture to notice drift: contract/image-properties.ts says the same."""

from collections.abc import Mapping, Sequence

import numpy as np

from windlass_training.pictures.folder import Picture

PROPERTIES = ("brightness", "contrast", "sharpness", "aspect", "size")
LUMA = (0.299, 0.587, 0.114)


def properties(pixels: np.ndarray, width: int, height: int) -> Mapping[str, float]:
    """`pixels` uint8 [H, W, 3] as the graph gets them; `width` and `height` of the picture as it was sent, upright."""
    red, green, blue = (pixels[..., channel].astype(np.float64) for channel in range(3))
    y = LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue
    laplacian = y[:-2, 1:-1] + y[2:, 1:-1] + y[1:-1, :-2] + y[1:-1, 2:] - 4 * y[1:-1, 1:-1]
    return {
        "brightness": float(y.mean()),
        "contrast": float(y.std()),
        "sharpness": float(laplacian.var()) if laplacian.size else 0.0,
        "aspect": width / height,
        "size": float(width * height),
    }


def measure(pictures: Sequence[Picture]) -> dict[str, np.ndarray]:
    """Property -> float64 [N]."""
    measured = [properties(picture.pixels, picture.width, picture.height) for picture in pictures]
    return {name: np.array([numbers[name] for numbers in measured], dtype=np.float64) for name in PROPERTIES}
