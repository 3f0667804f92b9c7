"""The recipe for a classifier of pictures: fit, export, check, describe."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import StratifiedKFold

from windlass_training.config import gate_checks
from windlass_training.pictures.card import particulars
from windlass_training.pictures.controls import frame_guess, other_backgrounds, species_guess
from windlass_training.pictures.folder import (
    TEST,
    TRAIN,
    VALIDATION,
    Examples,
    Picture,
    PictureFolder,
    classes_of,
    pixels_of,
    require_fit,
)
from windlass_training.pictures.golden import golden
from windlass_training.pictures.graph import (
    PROBABILITIES,
    Session,
    export_network,
    manifest_inputs,
    manifest_outputs,
)
from windlass_training.pictures.metrics import Controls, Judged, flat_metrics
from windlass_training.pictures.reference import reference
from windlass_training.pictures.settings import PictureConfig, PictureModel
from windlass_training.system import Check, Json, TrainedModel

LIBRARIES = ("keras", "pillow", "tensorflow-cpu")
MAX_DIFFERENCE = 1e-5
"""Greatest difference of a probability between Keras and ONNX Runtime."""


@dataclass(frozen=True)
class PictureClassifier:
    """What one system says of its model; everything else is the same for all of them."""

    name: str
    labels: tuple[str, ...]
    side: int
    """Pixels of the square that the graph takes."""
    response: Json
    card: str


def train_classifier(recipe: PictureClassifier, data: PictureFolder, config: PictureConfig) -> TrainedModel:
    require_fit(data)
    print_skipped(data)
    from windlass_training.pictures import network

    train, validation, test = (data.split(name) for name in (TRAIN, VALIDATION, TEST))
    fitted = network.fit(
        config.model, examples(recipe, train), examples(recipe, validation), len(recipe.labels), config.seed
    )
    session = Session(export_network(fitted.model, recipe.name))
    judged = judge(recipe, session, test)
    expected = network.probabilities(fitted.model, pixels_of(test))
    one_by_one = session.run(pixels_of(test), batch=1).probabilities
    difference = max(float(np.abs(answer - expected).max()) for answer in (judged.probabilities, one_by_one))
    controls = controls_of(recipe, session, train, test)
    metrics = flat_metrics(judged, controls)
    unseen = np.concatenate([session.run(pixels_of(validation)).probabilities, judged.probabilities])
    name = f"greatest difference of a probability between Keras and ONNX Runtime, test split of {len(test)} pictures"
    recorded = golden(test, recipe.labels, session)
    return TrainedModel(
        graph=session.graph,
        task="image-classification",
        contract=contract(recipe),
        metrics=metrics,
        checks=[Check(name, difference, MAX_DIFFERENCE, "at most"), *gate_checks(config.gates, metrics)],
        reference=reference(train, unseen.max(axis=1)),
        golden=recorded.answers,
        rows=len(data.pictures),
        card=f"{recipe.card.strip()}\n\n{particulars(data, judged, controls)}",
        files=recorded.pictures,
        libraries=LIBRARIES,
        details={"history": fitted.history, "bestEpoch": fitted.best_epoch},
    )


def cross_validate(
    recipe: PictureClassifier, data: PictureFolder, config: PictureConfig, folds: int
) -> Sequence[Mapping[str, float]]:
    """Short trainings on Train and Validation together, each fold judged after its best epoch. A fold without some
    species lacks its metrics: what all folds have is given."""
    require_fit(data)
    from windlass_training.pictures import network

    pictures = [*data.split(TRAIN), *data.split(VALIDATION)]
    classes = classes_of(pictures, recipe.labels)
    short = shortened(config.model)
    found = []
    parts = StratifiedKFold(folds, shuffle=True, random_state=config.seed).split(classes, classes)
    for fitted_on, judged_on in parts:
        train, held_out = ([pictures[i] for i in chosen] for chosen in (fitted_on, judged_on))
        fitted = network.fit(
            short, examples(recipe, train), examples(recipe, held_out), len(recipe.labels), config.seed
        )
        session = Session(export_network(fitted.model, recipe.name))
        controls = controls_of(recipe, session, train, held_out)
        found.append(flat_metrics(judge(recipe, session, held_out), controls))
    shared = set.intersection(*(set(metrics) for metrics in found))
    return [{name: value for name, value in metrics.items() if name in shared} for metrics in found]


def shortened(settings: PictureModel) -> PictureModel:
    epochs = min(settings.search_epochs, settings.fit.epochs)
    return settings.model_copy(update={"fit": settings.fit.model_copy(update={"epochs": epochs})})


def examples(recipe: PictureClassifier, pictures: Sequence[Picture]) -> Examples:
    return Examples(pixels_of(pictures), classes_of(pictures, recipe.labels))


def judge(recipe: PictureClassifier, session: Session, pictures: Sequence[Picture]) -> Judged:
    """Of the answers that ONNX Runtime gives: what is measured is what will be served."""
    return Judged(
        labels=recipe.labels,
        classes=classes_of(pictures, recipe.labels),
        probabilities=session.run(pixels_of(pictures)).probabilities,
        species=species_of_each(pictures),
    )


def controls_of(
    recipe: PictureClassifier, session: Session, train: Sequence[Picture], pictures: Sequence[Picture]
) -> Controls:
    pixels, laid = other_backgrounds(pictures)
    chosen = [pictures[i] for i in laid]
    probabilities = session.run(pixels).probabilities if chosen else np.zeros((0, len(recipe.labels)), np.float32)
    return Controls(
        species_guess(train, pictures),
        frame_guess(train, pictures),
        Judged(recipe.labels, classes_of(chosen, recipe.labels), probabilities, species_of_each(chosen)),
    )


def species_of_each(pictures: Sequence[Picture]) -> np.ndarray:
    return np.array([picture.species for picture in pictures], dtype=str)


def print_skipped(data: PictureFolder) -> None:
    for skipped in data.skipped:
        print(f"  left out: {skipped}", flush=True)


def contract(recipe: PictureClassifier) -> Json:
    return {
        "inputs": manifest_inputs(recipe.side),
        "outputs": manifest_outputs(recipe.labels),
        "labels": list(recipe.labels),
        "decision": {"output": PROBABILITIES},
        "response": recipe.response,
    }
