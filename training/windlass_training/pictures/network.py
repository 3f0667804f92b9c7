"""The network and its training in Keras. Loads TensorFlow: import it inside the command that needs it."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
import tensorflow as tf

from windlass_training.pictures.augment import augment
from windlass_training.pictures.folder import Examples
from windlass_training.pictures.leaf import leaf_mask
from windlass_training.pictures.settings import Augmentation, Network, PictureModel

THREADS = 2
"""Fixed: sums of floats depend on how they are shared out, and the same data shall give the same bytes."""
BATCH_NORM_MOMENTUM = 0.9
"""Keras' .99 takes more steps than a training on some hundred pictures has."""
INFERENCE_BATCH = 32
LAST_LEARNING_RATE = 0.02
"""Of the first one, at the end of the cosine."""


@dataclass(frozen=True)
class Fitted:
    model: keras.Model
    history: Mapping[str, Sequence[float]]
    """loss, accuracy, val_loss, val_accuracy per epoch."""
    best_epoch: int
    """From 1."""


def build(network: Network, side: int, classes: int) -> keras.Sequential:
    """float32 or uint8 [N, side, side, 3], 0..255 -> probabilities [N, classes]."""
    layers: list[keras.layers.Layer] = [keras.Input((side, side, 3)), keras.layers.Rescaling(1 / 255)]
    for filters in network.filters:
        layers += block(filters)
    layers += [
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dropout(network.dropout),
        keras.layers.Dense(classes, activation="softmax"),
    ]
    return keras.Sequential(layers)


def block(filters: int) -> list[keras.layers.Layer]:
    # Pooled first: what follows has a quarter of the work, and a step of training takes two thirds of the time.
    return [
        keras.layers.Conv2D(filters, 3, padding="same", use_bias=False),
        keras.layers.MaxPooling2D(),
        keras.layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM),
        keras.layers.ReLU(),
    ]


def fit(settings: PictureModel, train: Examples, validation: Examples, classes: int, seed: int) -> Fitted:
    prepare(seed)
    how = settings.fit
    model = build(settings.network, train.pixels.shape[1], classes)
    batches = Batches(train, how.batch, settings.augmentation, seed)
    schedule = keras.optimizers.schedules.CosineDecay(how.learning_rate, how.epochs * len(batches), LAST_LEARNING_RATE)
    model.compile(keras.optimizers.Adam(schedule), "sparse_categorical_crossentropy", metrics=["accuracy"])
    stop = keras.callbacks.EarlyStopping("val_loss", patience=how.patience, restore_best_weights=True)
    history = model.fit(
        batches,
        epochs=how.epochs,
        validation_data=(validation.pixels, validation.classes),
        validation_batch_size=INFERENCE_BATCH,
        callbacks=[stop, keras.callbacks.LambdaCallback(on_epoch_end=print_epoch)],
        shuffle=False,
        verbose=0,
    ).history
    losses = {name: [float(value) for value in values] for name, values in history.items()}
    return Fitted(model, losses, int(np.argmin(losses["val_loss"])) + 1)


def prepare(seed: int) -> None:
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    if tf.config.threading.get_intra_op_parallelism_threads() != THREADS:
        tf.config.threading.set_intra_op_parallelism_threads(THREADS)


def print_epoch(epoch: int, logs: Mapping[str, float]) -> None:
    measured = ", ".join(f"{name} {value:.3f}" for name, value in logs.items())
    print(f"  epoch {epoch + 1}: {measured}", flush=True)


def probabilities(model: keras.Model, pixels: np.ndarray) -> np.ndarray:
    """float32 [N, classes]."""
    return np.asarray(model.predict(pixels, batch_size=INFERENCE_BATCH, verbose=0))


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """The training pictures of an epoch, shuffled and augmented; every draw comes from the seed, epoch and batch."""

    def __init__(self, examples: Examples, batch: int, augmentation: Augmentation, seed: int) -> None:
        super().__init__()
        self.examples, self.batch, self.augmentation, self.seed = examples, batch, augmentation, seed
        self.leaves = [leaf_mask(pixels) if augmentation.background > 0 else None for pixels in examples.pixels]
        self.epoch = 0

    def __len__(self) -> int:
        return -(-len(self.examples.classes) // self.batch)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        order = np.random.default_rng([self.seed, self.epoch]).permutation(len(self.examples.classes))
        chosen = order[index * self.batch : (index + 1) * self.batch]
        random = np.random.default_rng([self.seed, self.epoch, index + 1])
        seen = [augment(self.examples.pixels[i], self.leaves[i], self.augmentation, random) for i in chosen]
        return np.stack(seen), self.examples.classes[chosen]

    def on_epoch_end(self) -> None:
        self.epoch += 1
