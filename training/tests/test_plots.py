"""The pictures of metrics."""

import struct
import subprocess
import sys

import numpy as np
import pytest

from windlass_training import plots

RANDOM = np.random.default_rng(1)
TARGET = RANDOM.integers(0, 2, 300)
PROBABILITY = np.clip(TARGET * 0.3 + RANDOM.random(300) * 0.7, 0, 1).astype(np.float32)
CLASSES = RANDOM.integers(0, 3, 300)
SHARES = RANDOM.dirichlet([1, 1, 1], 300)
PICTURES = {
    "roc": lambda: plots.roc(TARGET, PROBABILITY),
    "roc by class": lambda: plots.roc_by_class(CLASSES, SHARES, ["a", "b", "c"]),
    "roc by class, one of them absent": lambda: plots.roc_by_class(CLASSES % 2, SHARES, ["a", "b", "c"]),
    "precision and recall": lambda: plots.precision_recall(TARGET, PROBABILITY),
    "calibration": lambda: plots.calibration(TARGET, PROBABILITY),
    "confusion matrix": lambda: plots.confusion_matrix(CLASSES, SHARES.argmax(axis=1), ["a", "b", "c"]),
    "confusion matrix of one class": lambda: plots.confusion_matrix(np.zeros(3), np.zeros(3), ["a", "b"]),
    "residuals": lambda: plots.residuals(PROBABILITY * 9, PROBABILITY * 10, "USD"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_a_png_of_a_readable_size_and_the_same_again(name: str) -> None:
    picture = PICTURES[name]()
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", picture[16:24])
    assert 400 <= width <= 1200
    assert 400 <= height <= 1200
    assert PICTURES[name]() == picture


def test_other_numbers_give_another_picture() -> None:
    assert plots.roc(TARGET, PROBABILITY) != plots.roc(TARGET, 1 - PROBABILITY)
    assert plots.residuals(TARGET, TARGET + 0.5) != plots.residuals(TARGET, TARGET - 0.5)


def test_the_command_line_loads_no_library_of_pictures_or_learning_before_it_must() -> None:
    script = "import sys, windlass_training.cli as c; c.parser(); print([m for m in sys.modules if '.' not in m])"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True)
    for library in ("matplotlib", "sklearn", "pandas", "onnx", "mlflow"):
        assert f"'{library}'" not in loaded.stdout
