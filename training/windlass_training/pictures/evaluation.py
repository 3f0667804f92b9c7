"""A bundle that was read back, judged on pictures."""

import numpy as np

from windlass_training import plots
from windlass_training.config import gate_checks
from windlass_training.pictures.card import particulars
from windlass_training.pictures.classifier import PictureClassifier, controls_of, judge, print_skipped
from windlass_training.pictures.folder import TEST, TRAIN, PictureFolder, pixels_of, require_fit
from windlass_training.pictures.golden import golden_check
from windlass_training.pictures.graph import Session
from windlass_training.pictures.metrics import flat_metrics
from windlass_training.pictures.settings import PictureConfig
from windlass_training.system import Evaluation, StoredBundle
from windlass_training.tabular.stored import metrics_check


def evaluate(
    recipe: PictureClassifier, bundle: StoredBundle, data: PictureFolder, config: PictureConfig, whole: bool
) -> Evaluation:
    require_fit(data)
    print_skipped(data)
    pictures = data.pictures if whole else data.split(TEST)
    session = Session(bundle.graph)
    judged = judge(recipe, session, pictures)
    controls = controls_of(recipe, session, data.split(TRAIN), pictures)
    metrics = flat_metrics(judged, controls)
    drawn = {
        "roc.png": plots.roc_by_class(judged.classes, judged.probabilities, recipe.labels),
        "confusion-matrix.png": plots.confusion_matrix(judged.classes, judged.predicted, recipe.labels),
    }
    history = bundle.details.get("history")
    if history:
        drawn["loss.png"] = plots.losses(history, int(bundle.details["bestEpoch"]))
    return Evaluation(
        rows=len(pictures),
        metrics=metrics,
        checks=[
            *golden_check(bundle, recipe.side),
            *([] if whole else metrics_check(bundle, metrics)),
            *gate_checks(config.gates, metrics),
        ],
        pictures=drawn,
        card=particulars(data, judged, controls),
    )


def confidence(bundle: StoredBundle, data: PictureFolder) -> np.ndarray:
    """float64 [N]: the greatest probability."""
    answers = Session(bundle.graph).run(pixels_of(data.pictures))
    return np.asarray(answers.probabilities.max(axis=1), dtype=np.float64)
