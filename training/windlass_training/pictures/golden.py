"""golden.json and its pictures: a runtime that decodes, resizes or computes otherwise does not get ready."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from windlass_training.bundle import GOLDEN_FOLDER
from windlass_training.errors import TrainingError
from windlass_training.pictures.decode import UnreadablePictureError, decode, png, read_upright
from windlass_training.pictures.folder import Picture
from windlass_training.pictures.graph import INPUT, LABEL, PROBABILITIES, Session
from windlass_training.system import Check, Json, StoredBundle

TOLERANCE = 1e-4
"""Convolutions add some thousand products in an order that differs from CPU to CPU."""
MARGIN = 0.05
"""Between the two greatest probabilities: less, and another CPU may name the other class."""


@dataclass(frozen=True)
class Golden:
    answers: Json
    pictures: Mapping[str, bytes]
    """Bundle path -> PNG, of the size that the picture was sent with."""


def golden(pictures: Sequence[Picture], labels: Sequence[str], session: Session) -> Golden:
    """Of each class the least sure picture that is safely on its side, and one that has to be resized."""
    rows, files = [], {}
    for name, picture, content in choose(pictures, labels, session):
        files[golden_path(name)] = png(np.asarray(read_upright(content)))
        answer = session.run(picture.pixels[np.newaxis])
        rows.append(
            {
                "input": {INPUT: golden_path(name)},
                "output": {
                    LABEL: [int(answer.label[0])],
                    PROBABILITIES: [float(p) for p in answer.probabilities[0]],
                },
            }
        )
    return Golden({"formatVersion": 1, "tolerance": TOLERANCE, "rows": rows}, files)


def choose(
    pictures: Sequence[Picture], labels: Sequence[str], session: Session
) -> Iterator[tuple[str, Picture, bytes]]:
    """(name, picture, file); every picture is answered by itself, as it will be when it is asked again."""
    small = [(picture, picture.content) for picture in pictures if picture.content is not None]
    probabilities = [np.sort(session.run(picture.pixels[np.newaxis]).probabilities[0]) for picture, _ in small]
    margins = np.array([ranked[-1] - ranked[-2] for ranked in probabilities])
    order = np.argsort(margins, kind="stable")
    # A network that has hardly been trained is sure of nothing: its surest picture is better than a bundle without any.
    stable = [small[i] for i in order if margins[i] > MARGIN] or [small[i] for i in order[-1:]]
    for label in labels:
        for picture, content in [(p, content) for p, content in stable if p.label == label][:1]:
            yield label.lower(), picture, content
    for picture, content in [(p, content) for p, content in stable if p.pixels.shape[:2] != (p.height, p.width)][:1]:
        yield "resized", picture, content


def golden_path(name: str) -> str:
    return f"{GOLDEN_FOLDER}/{name}.png"


def golden_check(bundle: StoredBundle, side: int) -> list[Check]:
    """Whether the stored graph still gives its golden answers, from the pictures' files on."""
    if bundle.golden is None:
        return []
    session = Session(bundle.graph)
    rows = bundle.golden["rows"]
    greatest = max(golden_difference(session, bundle, row, side) for row in rows)
    name = f"greatest difference from golden.json's answers, {len(rows)} pictures"
    return [Check(name, greatest, float(bundle.golden["tolerance"]), "at most")]


def golden_difference(session: Session, bundle: StoredBundle, row: Json, side: int) -> float:
    path = str(row["input"][INPUT])
    try:
        pixels = decode((bundle.folder / path).read_bytes(), side).pixels
    except (OSError, UnreadablePictureError) as problem:
        raise TrainingError(
            f"the golden picture {bundle.folder / path}: {problem}. Train the bundle again."
        ) from problem
    answer = session.run(pixels[np.newaxis])
    expected = np.array(row["output"][PROBABILITIES])
    return float(np.abs(answer.probabilities[0].astype(np.float64) - expected).max())
