"""A picture as the runtime makes a tensor of it, byte for byte: contract/image-input.ts, docs/pictures.md."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "WEBP")
FILTER = "bilinear"
MAX_PIXELS = 50_000_000
"""The most that a runtime takes by itself; more are refused before they are decoded."""
Image.MAX_IMAGE_PIXELS = None  # Its limit is another one, and a warning at first.


class UnreadablePictureError(Exception):
    """What is wrong with the bytes, for a person; names no file."""


@dataclass(frozen=True)
class Decoded:
    pixels: np.ndarray
    """uint8 [side, side, 3]."""
    width: int
    height: int
    """As sent, upright."""


def decode(content: bytes, side: int) -> Decoded:
    """Raises UnreadablePictureError where the runtime would refuse the bytes."""
    upright = read_upright(content)
    return Decoded(stretch(upright, side), *upright.size)


def stretch(picture: Image.Image, side: int) -> np.ndarray:
    return np.asarray(picture.resize((side, side), Image.Resampling.BILINEAR))


def read_upright(content: bytes) -> Image.Image:
    """RGB, turned as its EXIF says."""
    if not content:
        raise UnreadablePictureError("is empty")
    try:
        picture = Image.open(io.BytesIO(content), formats=FORMATS)
    except UnidentifiedImageError as error:
        raise UnreadablePictureError("is no JPEG, PNG or WebP") from error
    except (OSError, ValueError, SyntaxError) as error:
        raise UnreadablePictureError(f"is broken: {error}") from error
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise UnreadablePictureError(f"has {width} x {height} pixels; the limit is {MAX_PIXELS}")
    try:
        return as_rgb(ImageOps.exif_transpose(picture))
    except (OSError, ValueError, SyntaxError) as error:
        raise UnreadablePictureError(f"is broken or cut short: {error}") from error


def as_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I"):
        # convert would cut 16 bits off at 255; the runtime takes their upper half.
        picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    return picture.convert("RGB")


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="PNG", optimize=True)
    return file.getvalue()
