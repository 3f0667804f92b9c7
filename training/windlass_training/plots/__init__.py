"""Pictures of metrics as PNG bytes; the same numbers and libraries give the same bytes."""

from windlass_training.plots.classes import calibration, confusion_matrix, precision_recall, roc, roc_by_class
from windlass_training.plots.numbers import residuals
from windlass_training.plots.training import losses

__all__ = ["calibration", "confusion_matrix", "losses", "precision_recall", "residuals", "roc", "roc_by_class"]
