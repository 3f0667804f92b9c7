"""What validate-data says of a folder of pictures."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from windlass_training.pictures.folder import (
    MAX_SKIPPED_SHARE,
    SPLITS,
    Picture,
    PictureFolder,
    fit_problems,
)
from windlass_training.pictures.properties import PROPERTIES, measure
from windlass_training.system import DataReport, Finding, Json

FEW_PICTURES = 10
"""Of a class in a split: with fewer its metrics say little."""
EXAMPLES = 3


def folder_report(data: PictureFolder) -> DataReport:
    findings = [
        *layout_findings(data),
        *skipped_findings(data),
        *few_findings(data),
        *duplicate_findings(data.pictures),
        *confound_findings(data),
    ]
    return DataReport(len(data.pictures), [*property_columns(data.pictures), class_column(data)], findings)


def layout_findings(data: PictureFolder) -> Iterator[Finding]:
    for path in data.missing:
        yield Finding("error", path, "missing-folder", "the folder is not there")
    counts = data.counts()
    for split in SPLITS:
        for label in data.labels:
            path = f"{split}/{label}"
            if counts[split, label] == 0 and path not in data.missing:
                yield Finding("error", path, "empty-class", "no picture is in it; each class needs some in each split")
    for path in data.foreign:
        known = ", ".join(data.labels)
        yield Finding("error", path, "unknown-class", f"the model knows {known}; move the folder out of the way")


def skipped_findings(data: PictureFolder) -> Iterator[Finding]:
    """Each by name. Training leaves them out, unless they are too many."""
    total = len(data.skipped) + len(data.pictures)
    many = len(data.skipped) > MAX_SKIPPED_SHARE * total
    for skipped in data.skipped:
        yield Finding("error" if many else "warning", skipped.path, "unreadable-picture", skipped.reason, 1)


def few_findings(data: PictureFolder) -> Iterator[Finding]:
    for (split, label), count in sorted(data.counts().items()):
        if count < FEW_PICTURES:
            text = f"{count} pictures: metrics of so few say little; below {FEW_PICTURES} this warns"
            yield Finding("warning", f"{split}/{label}", "few-pictures", text, count)


def duplicate_findings(pictures: Sequence[Picture]) -> Iterator[Finding]:
    """The same bytes in two splits make the test split easier than it looks; in two classes, one of them is wrong."""
    groups: defaultdict[str, list[Picture]] = defaultdict(list)
    for picture in pictures:
        groups[picture.sha256].append(picture)
    for group in groups.values():
        paths = ", ".join(picture.path for picture in group)
        if len({picture.label for picture in group}) > 1:
            yield Finding("error", "", "contradicting-classes", f"one picture has two classes: {paths}", len(group))
        elif len({picture.split for picture in group}) > 1:
            yield Finding("error", "", "leaking-splits", f"one picture is in two splits: {paths}", len(group))
        elif len(group) > 1:
            yield Finding("warning", "", "duplicates", f"one picture is there {len(group)} times: {paths}", len(group))


def confound_findings(data: PictureFolder) -> Iterator[Finding]:
    """A class that one species alone has: a model may learn the leaf instead of the disease."""
    counts = Counter((picture.species, picture.label) for picture in data.pictures)
    species = {picture.species for picture in data.pictures}
    for label in data.labels:
        having = [kind for kind in sorted(species) if counts[kind, label] > 0]
        if len(species) > 1 and len(having) == 1:
            text = f"all are of {having[0]}: who knows the species knows part of the answer; judge by species"
            yield Finding("warning", label, "one-species", text, counts[having[0], label])


def property_columns(pictures: Sequence[Picture]) -> list[Json]:
    measured = measure(pictures)
    return [
        {
            "name": f"image.{name}",
            "kind": "numeric",
            "minimum": float(measured[name].min()),
            "median": float(np.median(measured[name])),
            "mean": float(measured[name].mean()),
            "maximum": float(measured[name].max()),
        }
        for name in PROPERTIES
        if len(pictures) > 0
    ]


def class_column(data: PictureFolder) -> Json:
    counts = data.counts()
    species = Counter((picture.species, picture.label) for picture in data.pictures)
    kinds = sorted({picture.species for picture in data.pictures})
    return {
        "name": "class",
        "kind": "categorical",
        "categories": {label: sum(counts[split, label] for split in SPLITS) for label in data.labels},
        "splits": {split: {label: counts[split, label] for label in data.labels} for split in SPLITS},
        "species": {kind: {label: species[kind, label] for label in data.labels} for kind in kinds},
        "fitForTraining": not fit_problems(data),
    }
