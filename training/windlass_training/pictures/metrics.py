"""What is measured of a classifier of pictures, on pictures that it has not seen."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import confusion_matrix, f1_score, log_loss, precision_recall_fscore_support, roc_auc_score

from windlass_training.system import Json

Z_95 = 1.959963984540054


@dataclass(frozen=True)
class Judged:
    """The test pictures' classes and answers, with what tells them apart."""

    labels: Sequence[str]
    classes: np.ndarray
    """int64 [N]."""
    probabilities: np.ndarray
    """float32 [N, classes]."""
    species: np.ndarray
    """str [N]."""

    @property
    def predicted(self) -> np.ndarray:
        return np.asarray(self.probabilities.argmax(axis=1))

    @property
    def right(self) -> np.ndarray:
        return np.asarray(self.predicted == self.classes)


@dataclass(frozen=True)
class Controls:
    """What tells whether a figure is owed to the leaf: controls.py."""

    species_guess: np.ndarray
    """Class names [N], from the species alone."""
    frame_guess: np.ndarray
    """Class names [N], from the pictures' frames alone."""
    other_background: Judged
    """The model's answers for leaves that were laid on another background; those that could be."""


@dataclass(frozen=True)
class Interval:
    low: float
    high: float


def wilson(right: int, total: int) -> Interval:
    """The 95 % interval of a share, good for few and for extreme counts (Wilson 1927, "Probable inference")."""
    share = right / total
    middle = share + Z_95**2 / (2 * total)
    reach = Z_95 * math.sqrt(share * (1 - share) / total + Z_95**2 / (4 * total**2))
    scale = 1 + Z_95**2 / total
    return Interval(max(0.0, (middle - reach) / scale), min(1.0, (middle + reach) / scale))


def flat_metrics(judged: Judged, controls: Controls) -> dict[str, float]:
    """Metric -> value, for model.json and the gates."""
    interval = wilson(int(judged.right.sum()), len(judged.classes))
    species_only = share_right(judged, controls.species_guess)
    metrics = {
        "accuracy": float(judged.right.mean()),
        "accuracy_low": interval.low,
        "accuracy_high": interval.high,
        "macro_f1": f1_score(judged.classes, judged.predicted, average="macro", zero_division=0),
        "auc": area_under_curve(judged),
        "log_loss": cross_entropy(judged),
        "mean_confidence": float(judged.probabilities.max(axis=1).mean()),
        "accuracy_species_only": species_only,
        "margin_over_species": interval.low - species_only,
        "accuracy_frame_only": share_right(judged, controls.frame_guess),
    }
    for label, (precision, recall, f1) in per_class(judged).items():
        name = label.lower()
        metrics |= {f"precision_{name}": precision, f"recall_{name}": recall, f"f1_{name}": f1}
    metrics |= species_metrics(judged, "")
    laid = controls.other_background
    if len(laid.classes) > 0:
        metrics["accuracy_other_background"] = float(laid.right.mean())
        metrics |= species_metrics(laid, "_other_background")
    return {name: round(float(value), 6) for name, value in metrics.items()}


def share_right(judged: Judged, guesses: np.ndarray) -> float:
    """guesses: class names [N]."""
    return float((guesses == np.array(judged.labels)[judged.classes]).mean())


def species_metrics(judged: Judged, suffix: str) -> dict[str, float]:
    metrics = {}
    for species, report in species_report(judged).items():
        metrics[f"accuracy_{species}{suffix}"] = report["accuracy"]
        if len(report["recall"]) > 1:
            metrics[f"balanced_accuracy_{species}{suffix}"] = report["balancedAccuracy"]
    return metrics


def cross_entropy(judged: Judged) -> float:
    # In float32 a softmax sums to 1 within 1e-7, which log_loss warns of.
    exact = judged.probabilities.astype(np.float64)
    shares = exact / exact.sum(axis=1, keepdims=True)
    return float(log_loss(judged.classes, shares, labels=list(range(len(judged.labels)))))


def area_under_curve(judged: Judged) -> float:
    """Mean over the classes of each against the rest."""
    areas = [
        roc_auc_score(judged.classes == i, judged.probabilities[:, i])
        for i in range(len(judged.labels))
        if 0 < (judged.classes == i).sum() < len(judged.classes)
    ]
    return float(np.mean(areas))


def per_class(judged: Judged) -> dict[str, tuple[float, float, float]]:
    """Class -> precision, recall, F1."""
    wanted = list(range(len(judged.labels)))
    precision, recall, f1, _ = precision_recall_fscore_support(
        judged.classes, judged.predicted, labels=wanted, zero_division=0
    )
    return {label: (float(precision[i]), float(recall[i]), float(f1[i])) for i, label in enumerate(judged.labels)}


def known_species(judged: Judged) -> list[str]:
    return sorted({str(species) for species in judged.species})


def species_report(judged: Judged) -> Json:
    """Per species: how many, how many right, the interval, the recall of each class that it has, and their mean."""
    return {species: one_species(judged, judged.species == species) for species in known_species(judged)}


def one_species(judged: Judged, chosen: np.ndarray) -> Json:
    right, classes = judged.right[chosen], judged.classes[chosen]
    interval = wilson(int(right.sum()), len(right))
    recalls = {
        label: round(float(right[classes == i].mean()), 6) for i, label in enumerate(judged.labels) if i in classes
    }
    return {
        "pictures": len(right),
        "right": int(right.sum()),
        "accuracy": round(float(right.mean()), 6),
        "low": round(interval.low, 6),
        "high": round(interval.high, 6),
        "recall": recalls,
        "balancedAccuracy": round(float(np.mean(list(recalls.values()))), 6),
    }


def confusion(judged: Judged) -> list[list[int]]:
    """Rows: the true class; columns: the predicted one."""
    counts = confusion_matrix(judged.classes, judged.predicted, labels=list(range(len(judged.labels))))
    return [[int(count) for count in row] for row in counts]
