"""The numbers that serving and training have to agree on, to the last digit that matters."""

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from windlass_training.pictures.properties import PROPERTIES, properties

FIXTURE = json.loads((Path(__file__).parents[2] / "test/support/image-properties.json").read_bytes())


@pytest.mark.parametrize("picture", FIXTURE["pictures"], ids=lambda picture: picture["what"])
def test_a_picture_has_the_numbers_that_the_fixture_gives_it(picture: dict[str, object]) -> None:
    content = base64.b64decode(str(picture["file"]))
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("RGB")
    side = (FIXTURE["image"]["width"], FIXTURE["image"]["height"])
    pixels = np.asarray(upright.resize(side, Image.Resampling.BILINEAR))
    measured = properties(pixels, *upright.size)
    assert tuple(measured) == PROPERTIES
    assert measured == pytest.approx(picture["properties"], rel=FIXTURE["tolerance"], abs=FIXTURE["tolerance"])


def test_a_picture_without_interior_pixels_has_no_sharpness() -> None:
    assert properties(np.zeros((2, 2, 3), np.uint8), 2, 2)["sharpness"] == 0.0
