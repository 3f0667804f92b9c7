"""Made-up leaves in folders as the real data has them, with a signal that can be learnt and nobody's photographs."""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from windlass_training.errors import TrainingError
from windlass_training.pictures.folder import SPLITS, Picture, PictureFolder, read_picture
from windlass_training.systems.plant.features import LABELS
from windlass_training.systems.plant.features import SIDE as GRAPH_SIDE

SIDE = 96
# As in the real data: only cherry leaves have powdery mildew, and none of them has rust.
KINDS = {"Healthy": ("apple", "cherry", "corn"), "Powdery": ("cherry",), "Rust": ("apple", "corn")}
SHARES = {"Train": 0.7, "Validation": 0.1, "Test": 0.2}
GREENS = {"apple": (70, 130, 60), "cherry": (95, 150, 70), "corn": (120, 165, 60)}
WIDTHS = {"apple": 0.62, "cherry": 0.5, "corn": 0.3}
FEWEST_PICTURES = 3 * len(SPLITS)
OTHER_SIZES = ((128, 96), (96, 144), (160, 120))
OTHER_SIZE_SHARE = 0.05


@dataclass(frozen=True)
class Leaf:
    label: str
    species: str
    width: int
    height: int


def generate(pictures: int, seed: int) -> PictureFolder:
    """<split>/<class>/<species>_<class>_<digest>.jpg. The same number and seed give the same bytes."""
    if pictures < FEWEST_PICTURES:
        raise TrainingError(
            f"{pictures} pictures are too few for 3 classes in 3 splits; make at least {FEWEST_PICTURES}"
        )
    random = np.random.default_rng(seed)
    made = [one(split, leaf_of(label, i, random), random) for split, label, n in counts(pictures) for i in range(n)]
    return PictureFolder(LABELS, made, skipped=[], missing=[], foreign=[])


def one(split: str, leaf: Leaf, random: np.random.Generator) -> Picture:
    content = jpeg(draw(leaf, random))
    name = f"{leaf.species}_{leaf.label.lower()}_{hashlib.sha256(content).hexdigest()[:12]}.jpg"
    picture = read_picture(f"{split}/{leaf.label}/{name}", content, GRAPH_SIDE)
    if not isinstance(picture, Picture):
        raise TypeError(f"the generator wrote no picture: {picture}")
    return picture


def counts(pictures: int) -> Iterator[tuple[str, str, int]]:
    """(split, class, how many): at least one of each, the rest by share."""
    spare = pictures - FEWEST_PICTURES
    given = 0
    cells = [(split, label) for split in SPLITS for label in KINDS]
    for at, (split, label) in enumerate(cells):
        share = round(spare * SHARES[split] / len(KINDS))
        extra = spare - given if at == len(cells) - 1 else min(share, spare - given)
        given += extra
        yield split, label, 1 + extra


def leaf_of(label: str, number: int, random: np.random.Generator) -> Leaf:
    species = KINDS[label][number % len(KINDS[label])]
    other = random.random() < OTHER_SIZE_SHARE
    width, height = OTHER_SIZES[int(random.integers(len(OTHER_SIZES)))] if other else (SIDE, SIDE)
    return Leaf(label, species, width, height)


def draw(leaf: Leaf, random: np.random.Generator) -> np.ndarray:
    """uint8 [height, width, 3]."""
    y, x = np.mgrid[-1 : 1 : leaf.height * 1j, -1 : 1 : leaf.width * 1j]
    angle = random.uniform(0, np.pi)
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    inside = (along / 0.9) ** 2 + (across / WIDTHS[leaf.species]) ** 2 < 1
    pixels = np.where(inside[..., None], np.array(GREENS[leaf.species]), random.uniform(90, 170))
    pixels = pixels - 25.0 * (inside & (np.abs(across) < 0.03))[..., None]
    if leaf.label == "Powdery":
        cover = spots(x, y, int(random.integers(5, 9)), 0.22, random)
        pixels = blend(pixels, np.array((225, 228, 220)), 0.75 * cover * inside)
    if leaf.label == "Rust":
        cover = spots(x, y, int(random.integers(14, 26)), 0.07, random)
        pixels = blend(pixels, np.array((185, 90, 25)), 0.9 * cover * inside)
    noise = random.normal(0, 6, (leaf.height, leaf.width, 1))
    return np.asarray(np.clip(pixels * random.uniform(0.85, 1.1) + noise, 0, 255).astype(np.uint8))


def spots(x: np.ndarray, y: np.ndarray, number: int, radius: float, random: np.random.Generator) -> np.ndarray:
    """How far each pixel is covered, 0..1."""
    cover = np.zeros_like(x)
    for _ in range(number):
        at_x, at_y = random.uniform(-0.7, 0.7, 2)
        cover = np.maximum(cover, np.exp(-((x - at_x) ** 2 + (y - at_y) ** 2) / radius**2))
    return cover


def blend(pixels: np.ndarray, colour: np.ndarray, cover: np.ndarray) -> np.ndarray:
    return np.asarray(pixels * (1 - cover[..., None]) + colour * cover[..., None])


def jpeg(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="JPEG", quality=90)
    return file.getvalue()
