"""What belongs to a classifier: ROC, precision and recall, calibration, confusion matrix."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from sklearn.calibration import calibration_curve
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)
from sklearn.metrics import confusion_matrix as count_confusions

from windlass_training.plots.canvas import GUIDE, INK, SERIES, axes, png

CALIBRATION_BINS = 10
MARGIN = 0.015


def roc(target: np.ndarray, probability: np.ndarray) -> bytes:
    """target [N] of 0 and 1, probability [N] of 1."""
    figure, plot = axes("ROC curve", "False positive rate", "True positive rate")
    plot.plot([0, 1], [0, 1], color=GUIDE, linestyle="--", linewidth=1, label="chance")
    false, true, _ = roc_curve(target, probability)
    plot.plot(false, true, color=SERIES[0], linewidth=2, label=f"AUC {roc_auc_score(target, probability):.3f}")
    unit_square(plot)
    plot.legend(loc="lower right", frameon=False)
    return png(figure)


def roc_by_class(target: np.ndarray, probabilities: np.ndarray, labels: Sequence[str]) -> bytes:
    """Each class against the others: target [N] of class numbers, probabilities [N, classes]."""
    figure, plot = axes("ROC curve of each class against the others", "False positive rate", "True positive rate")
    plot.plot([0, 1], [0, 1], color=GUIDE, linestyle="--", linewidth=1)
    for number, label in enumerate(labels):
        truth = target == number
        if truth.all() or not truth.any():
            continue
        false, true, _ = roc_curve(truth, probabilities[:, number])
        area = roc_auc_score(truth, probabilities[:, number])
        plot.plot(false, true, color=SERIES[number % len(SERIES)], linewidth=2, label=f"{label}, AUC {area:.3f}")
    unit_square(plot)
    plot.legend(loc="lower right", frameon=False)
    return png(figure)


def precision_recall(target: np.ndarray, probability: np.ndarray) -> bytes:
    figure, plot = axes("Precision and recall", "Recall", "Precision")
    share = float(target.mean())
    plot.axhline(share, color=GUIDE, linestyle="--", linewidth=1, label=f"chance, {share:.3f}")
    precision, recall, _ = precision_recall_curve(target, probability)
    average = average_precision_score(target, probability)
    plot.step(recall, precision, where="post", color=SERIES[0], linewidth=2, label=f"average precision {average:.3f}")
    unit_square(plot)
    plot.legend(loc="best", frameon=False)
    return png(figure)


def calibration(target: np.ndarray, probability: np.ndarray) -> bytes:
    """How often it happens where the model says so; the bars count the rows behind each point."""
    figure, plot = axes("Calibration", "Probability given", "Share that is positive")
    plot.plot([0, 1], [0, 1], color=GUIDE, linestyle="--", linewidth=1, label="perfect")
    happened, given = calibration_curve(target, np.clip(probability, 0, 1), n_bins=CALIBRATION_BINS)
    label = f"Brier score {brier_score_loss(target, probability):.3f}"
    plot.plot(given, happened, color=SERIES[0], marker="o", linewidth=2, label=label)
    counts, edges = np.histogram(probability, bins=CALIBRATION_BINS, range=(0, 1))
    plot.bar(edges[:-1], counts / counts.max() * 0.2, width=0.1, align="edge", color=GUIDE, alpha=0.35)
    unit_square(plot)
    plot.legend(loc="upper left", frameon=False)
    return png(figure)


def confusion_matrix(target: np.ndarray, predicted: np.ndarray, labels: Sequence[str]) -> bytes:
    """Class numbers [N]; rows of the picture are what is true, shares are of a row."""
    counts = count_confusions(target, predicted, labels=np.arange(len(labels)))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = max(4.2, 1.1 * len(labels) + 1.6)
    figure, plot = axes("Confusion matrix", "Predicted", "True", (side, side))
    plot.grid(visible=False)
    plot.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    places = range(len(labels))
    plot.set_xticks(list(places), labels, rotation=30 if len(labels) > 3 else 0)
    plot.set_yticks(list(places), labels, rotation=90, va="center")
    for row in places:
        for column in places:
            ink = "white" if shares[row, column] > 0.55 else INK
            text = f"{counts[row, column]}\n{shares[row, column]:.1%}"
            plot.text(column, row, text, ha="center", va="center", color=ink, fontsize=10)
    return png(figure)


def unit_square(plot: Axes) -> None:
    plot.set_xlim(-MARGIN, 1 + MARGIN)
    plot.set_ylim(-MARGIN, 1 + MARGIN)
