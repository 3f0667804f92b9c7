"""A figure in memory, drawn by Agg: no display, no state between figures, no date in the file."""

import io

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

INK, GRID, GUIDE = "#24292f", "#e4e7eb", "#9aa4b0"
SERIES = ("#0b6bcb", "#c2570c", "#2e7d4f", "#8250df", "#b42318", "#5c6773")
"""Colours of classes, in the order of the labels."""
DOTS_PER_INCH = 120


def axes(title: str, x: str, y: str, size: tuple[float, float] = (5.2, 4.6)) -> tuple[Figure, Axes]:
    figure = Figure(figsize=size, layout="constrained")
    plot: Axes = figure.add_subplot()
    plot.set_title(title, loc="left", fontsize=11, color=INK)
    plot.set_xlabel(x, color=INK)
    plot.set_ylabel(y, color=INK)
    plot.grid(color=GRID, linewidth=0.8)
    plot.set_axisbelow(True)
    plot.tick_params(colors=INK, labelsize=9)
    for side in ("top", "right"):
        plot.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        plot.spines[side].set_color(GUIDE)
    return figure, plot


def png(figure: Figure) -> bytes:
    stream = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(stream, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    return stream.getvalue()
