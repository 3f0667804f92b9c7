"""What belongs to a training in epochs: how the losses fell."""

from collections.abc import Mapping, Sequence

from windlass_training.plots.canvas import GUIDE, SERIES, axes, png


def losses(history: Mapping[str, Sequence[float]], best_epoch: int) -> bytes:
    """history: loss and val_loss of each epoch; the best epoch's weights, counted from 1, are the model's."""
    figure, plot = axes("Loss by epoch", "Epoch", "Cross-entropy", (6.4, 4.2))
    epochs = range(1, len(history["loss"]) + 1)
    plot.axvline(best_epoch, color=GUIDE, linestyle="--", linewidth=1, label=f"kept: epoch {best_epoch}")
    plot.plot(epochs, history["loss"], color=SERIES[0], linewidth=2, label="training, augmented")
    plot.plot(epochs, history["val_loss"], color=SERIES[1], linewidth=2, label="validation")
    plot.set_ylim(bottom=0)
    plot.legend(loc="upper right", frameon=False)
    return png(figure)
