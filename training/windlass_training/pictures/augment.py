"""Training pictures, each time a little different. A leaf is the same leaf mirrored, turned, nearer, in other light."""

import numpy as np
from PIL import Image, ImageFilter

from windlass_training.pictures.leaf import on_background
from windlass_training.pictures.settings import Augmentation


def augment(pixels: np.ndarray, leaf: np.ndarray | None, how: Augmentation, random: np.random.Generator) -> np.ndarray:
    """uint8 [H, W, 3], and where its leaf is -> float32 [H, W, 3], 0..255."""
    laid = pixels if leaf is None or random.random() >= how.background else on_background(pixels, leaf, random)
    seen = blurred(zoomed(laid, how.zoom, random), how.blur, random)
    changed = light(seen.astype(np.float32), how, random)
    return turned(changed, random) if how.turn else changed


def zoomed(pixels: np.ndarray, most: float, random: np.random.Generator) -> np.ndarray:
    if most <= 0:
        return pixels
    height, width = pixels.shape[:2]
    kept_width, kept_height = (side * (1 - random.uniform(0, most)) for side in (width, height))
    left, top = random.uniform(0, width - kept_width), random.uniform(0, height - kept_height)
    box = (left, top, left + kept_width, top + kept_height)
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR, box=box))


def blurred(pixels: np.ndarray, most: float, random: np.random.Generator) -> np.ndarray:
    radius = random.uniform(-most, most)
    if radius <= 0:
        return pixels
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(radius)))


def light(pixels: np.ndarray, how: Augmentation, random: np.random.Generator) -> np.ndarray:
    """float32 [H, W, 3], changed in place."""
    gain = random.uniform(1 - how.brightness, 1 + how.brightness) * random.uniform(1 - how.colour, 1 + how.colour, 3)
    spread = random.uniform(1 - how.contrast, 1 + how.contrast)
    mean = float(pixels.mean())
    pixels *= (spread * gain).astype(np.float32)
    pixels += ((1 - spread) * mean * gain).astype(np.float32)
    return np.clip(pixels, 0, 255, out=pixels)


def turned(pixels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """One of the eight ways to lay a square down."""
    mirrored = pixels[:, ::-1] if random.random() < 0.5 else pixels
    return np.rot90(mirrored, k=int(random.integers(4)))
