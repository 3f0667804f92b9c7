"""A System made of a PictureClassifier: everything that the commands ask of it."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from windlass_training.errors import TrainingError
from windlass_training.pictures.classifier import PictureClassifier, cross_validate, train_classifier
from windlass_training.pictures.evaluation import confidence, evaluate
from windlass_training.pictures.folder import PictureFolder, folder_digest, read_folder
from windlass_training.pictures.properties import measure
from windlass_training.pictures.reference import property_bins
from windlass_training.pictures.settings import PictureConfig
from windlass_training.pictures.validation import folder_report
from windlass_training.system import DataReport, Json, System

GENERATED_PICTURES = 180


def picture_system(
    *,
    name: str,
    summary: str,
    recipe: PictureClassifier,
    config_type: type[PictureConfig],
    generate: Callable[[int, int], PictureFolder],
    published: Mapping[str, float],
) -> System[PictureFolder]:
    return System(
        name=name,
        model_name=recipe.name,
        summary=summary,
        config_type=config_type,
        read=lambda folder: read_folder(folder, recipe.labels, recipe.side),
        digest=lambda folder: folder_digest(folder, recipe.labels),
        size=lambda data: len(data.pictures),
        generate=generate,
        write=write_folder,
        train=partial(train_classifier, recipe),
        cross_validate=partial(cross_validate, recipe),
        evaluate=partial(evaluate, recipe),
        validate=validate,
        observe=observe,
        reference=reference,
        predict=confidence,
        published=published,
        generated_rows=GENERATED_PICTURES,
    )


def validate(data: PictureFolder, _config: PictureConfig) -> DataReport:
    return folder_report(data)


def observe(data: PictureFolder) -> Mapping[str, np.ndarray]:
    return {f"image.{name}": values for name, values in measure(data.pictures).items()}


def reference(data: PictureFolder) -> Mapping[str, Json]:
    return {f"image.{name}": bins for name, bins in property_bins(data.pictures).items()}


def write_folder(data: PictureFolder, folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise TrainingError(f"--out {folder} is there and not an empty folder; name a new one for the pictures")
    for picture in data.pictures:
        if picture.content is None:
            raise TrainingError(f"{picture.path} is too great to be kept in memory; copy the folder instead")
        file = folder / picture.path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(picture.content)
