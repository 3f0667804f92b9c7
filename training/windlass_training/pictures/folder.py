"""A folder of pictures, <split>/<class>/<file>: what is in it, readable or not. `require_fit` is training's border."""

import csv
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from windlass_training.errors import TrainingError
from windlass_training.pictures.decode import UnreadablePictureError, decode

TRAIN, VALIDATION, TEST = SPLITS = ("Train", "Validation", "Test")
MANIFEST = "manifest.csv"
UNKNOWN_SPECIES = "unknown"
KEPT_BYTES = 512 * 1024
"""Of a greater file only the pixels stay in memory."""
MAX_SKIPPED_SHARE = 0.05
"""Of the files; more that cannot be read are no accident."""


@dataclass(frozen=True)
class Picture:
    path: str
    """In the folder: <split>/<class>/<file>."""
    species: str
    sha256: str
    pixels: np.ndarray
    """uint8 [side, side, 3], as the graph gets it."""
    width: int
    height: int
    """As the file has them, upright."""
    content: bytes | None
    """The file itself, where it is small."""

    @property
    def split(self) -> str:
        return self.path.split("/")[0]

    @property
    def label(self) -> str:
        return self.path.split("/")[1]


@dataclass(frozen=True)
class Skipped:
    """A file where a picture should be, and is none."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path} {self.reason}"


@dataclass(frozen=True)
class PictureFolder:
    labels: Sequence[str]
    pictures: Sequence[Picture]
    skipped: Sequence[Skipped]
    missing: Sequence[str]
    """<split>/<class> folders that are not there."""
    foreign: Sequence[str]
    """Folders of classes that the model does not know; what is in them was not read."""

    def split(self, name: str) -> Sequence[Picture]:
        return [picture for picture in self.pictures if picture.split == name]

    def counts(self) -> Counter[tuple[str, str]]:
        """(split, class) -> pictures."""
        return Counter((picture.split, picture.label) for picture in self.pictures)


def read_folder(folder: Path, labels: Sequence[str], side: int) -> PictureFolder:
    require_folder(folder)
    species = listed_species(folder)
    pictures: list[Picture] = []
    skipped: list[Skipped] = []
    for path, file in files_of(folder, labels):
        found = read_picture(path, file.read_bytes(), side, species.get(path))
        if isinstance(found, Picture):
            pictures.append(found)
        else:
            skipped.append(found)
    missing = [f"{split}/{label}" for split in SPLITS for label in labels if not (folder / split / label).is_dir()]
    return PictureFolder(labels, pictures, skipped, missing, foreign_folders(folder, labels))


def read_picture(path: str, content: bytes, side: int, species: str | None = None) -> Picture | Skipped:
    try:
        decoded = decode(content, side)
    except UnreadablePictureError as problem:
        return Skipped(path, f"{problem}")
    return Picture(
        path=path,
        species=species or species_of(path),
        sha256=hashlib.sha256(content).hexdigest(),
        pixels=decoded.pixels,
        width=decoded.width,
        height=decoded.height,
        content=content if len(content) <= KEPT_BYTES else None,
    )


def require_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise TrainingError(
            f"--data {folder}: no such folder. Name the one that holds {', '.join(SPLITS)}, or leave --data out to "
            "train on generated pictures."
        )
    if not any((folder / split).is_dir() for split in SPLITS):
        nested = next((entry for entry in sorted(folder.iterdir()) if (entry / TRAIN).is_dir()), None)
        advice = f" {nested} has them: name that one." if nested else " Each holds a folder of pictures per class."
        raise TrainingError(f"--data {folder} has none of the folders {', '.join(SPLITS)}.{advice}")


def files_of(folder: Path, labels: Sequence[str]) -> Iterator[tuple[str, Path]]:
    """(path in the folder, file) in an order that no file system decides; hidden files are none of ours."""
    for split in SPLITS:
        for label in labels:
            inside = folder / split / label
            for file in sorted(inside.iterdir()) if inside.is_dir() else []:
                if file.is_file() and not file.name.startswith("."):
                    yield f"{split}/{label}/{file.name}", file


def foreign_folders(folder: Path, labels: Sequence[str]) -> list[str]:
    return [
        f"{split}/{entry.name}"
        for split in SPLITS
        if (folder / split).is_dir()
        for entry in sorted((folder / split).iterdir())
        if entry.is_dir() and entry.name not in labels and not entry.name.startswith(".")
    ]


def folder_digest(folder: Path, labels: Sequence[str]) -> str:
    """sha256 over the paths and bytes of all that is read, what cannot be decoded too."""
    require_folder(folder)
    total = hashlib.sha256()
    for path, file in files_of(folder, labels):
        total.update(f"{path}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def require_fit(data: PictureFolder) -> None:
    """Raises TrainingError for what a model cannot be trained on."""
    problems = fit_problems(data)
    if problems:
        raise TrainingError(f"the pictures do not fit: {'; '.join(problems)}. validate-data says all of it.")


def fit_problems(data: PictureFolder) -> list[str]:
    counts = data.counts()
    problems = []
    if data.missing:
        problems.append(f"the folders {', '.join(data.missing)} are missing")
    empty = [f"{split}/{label}" for split in SPLITS for label in data.labels if counts[split, label] == 0]
    empty = [path for path in empty if path not in data.missing]
    if empty:
        problems.append(f"no picture is in {', '.join(empty)}; each class needs some in each split")
    if data.foreign:
        problems.append(
            f"{', '.join(data.foreign)} are of other classes than {', '.join(data.labels)}; move them out of the way"
        )
    total = len(data.skipped) + len(data.pictures)
    if len(data.skipped) > MAX_SKIPPED_SHARE * total:
        problems.append(
            f"{len(data.skipped)} of {total} files cannot be read (at most {MAX_SKIPPED_SHARE:.0%} may): "
            f"{'; '.join(map(str, data.skipped[:3]))}"
        )
    return problems


def listed_species(folder: Path) -> Mapping[str, str]:
    """Path in the folder -> species, where a manifest.csv beside the folder has a column of that name."""
    manifest = folder.resolve().parent / MANIFEST
    if not manifest.is_file():
        return {}
    try:
        with manifest.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (UnicodeDecodeError, csv.Error) as error:
        raise TrainingError(f"{manifest} is not CSV in UTF-8: {error}") from error
    prefix = f"{folder.resolve().name}/"
    return {row["path"].removeprefix(prefix): row["species"] for row in rows if row.get("path") and row.get("species")}


def species_of(path: str) -> str:
    """Train/Powdery/cherry_powdery_0a1b.jpg -> cherry."""
    stem, separator, _ = path.rsplit("/", 1)[-1].partition("_")
    return stem if separator and stem.isalpha() else UNKNOWN_SPECIES


@dataclass(frozen=True)
class Examples:
    """What a network is fitted to."""

    pixels: np.ndarray
    """uint8 [N, side, side, 3]."""
    classes: np.ndarray
    """int64 [N]."""


def pixels_of(pictures: Sequence[Picture]) -> np.ndarray:
    """uint8 [N, side, side, 3]."""
    return np.stack([picture.pixels for picture in pictures])


def classes_of(pictures: Sequence[Picture], labels: Sequence[str]) -> np.ndarray:
    """int64 [N], the index of each one's class."""
    return np.array([labels.index(picture.label) for picture in pictures], dtype=np.int64)
