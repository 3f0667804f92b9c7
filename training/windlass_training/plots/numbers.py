"""What belongs to a regression: how far off the predictions are."""

import numpy as np

from windlass_training.plots.canvas import GUIDE, SERIES, axes, png

SHOWN = 4000
"""Points at most: more only make the file greater."""


def residuals(target: np.ndarray, predicted: np.ndarray, unit: str = "") -> bytes:
    """predicted - target against predicted, both [N]."""
    suffix = f" ({unit})" if unit else ""
    figure, plot = axes("Residuals", f"Predicted{suffix}", f"Predicted - true{suffix}", (6.4, 4.6))
    error = predicted - target
    step = max(1, -(-len(error) // SHOWN))
    plot.axhline(0, color=GUIDE, linestyle="--", linewidth=1)
    root = float(np.sqrt(np.mean(error**2)))
    plot.scatter(predicted[::step], error[::step], s=7, alpha=0.35, color=SERIES[0], linewidths=0)
    shown = f", every {step}th of {len(error)} rows" if step > 1 else f", {len(error)} rows"
    plot.set_title(f"Residuals: RMSE {root:,.4g}{shown}", loc="left", fontsize=11)
    return png(figure)
