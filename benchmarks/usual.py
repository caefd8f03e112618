"""Fine-tunes as the usual script does: with a KerasLayer, a Dense layer and ``fit``.

    python -m benchmarks.usual {head,all} [--seed N] [--epochs N]

``head`` trains the Dense layer on a frozen module. ``all`` trains both, with BatchNorm in training
mode, as in ``KerasLayer(trainable=True)``. The last line printed is a JSON object::

    {"mode", "seed", "epochs": [{"seconds", "accuracy"}, ...], "seconds", "step_ms"}

An epoch's ``seconds`` run from before the data is first read to after its validation. Imports and
loading the module do not count, but tracing does. ``accuracy`` is that on the validation photos.
``step_ms`` is the median, over the epochs after the first, of an epoch's training time per step.
"""

import json
import statistics
import time
from dataclasses import dataclass
from typing import Any

import modules  # noqa: F401 chooses Keras 2 before TensorFlow is imported

# isort: split

import tensorflow as tf
import tensorflow_hub as hub
import tf_keras

from benchmarks import photos


@dataclass(frozen=True)
class Mode:
    """What is trained, and how."""

    trainable: bool
    learning_rate: float
    epochs: int


MODES = {
    "head": Mode(trainable=False, learning_rate=1e-3, epochs=25),
    "all": Mode(trainable=True, learning_rate=1e-4, epochs=20),
}


class Clock(tf_keras.callbacks.Callback):
    """Records the time and the accuracy of each epoch."""

    def __init__(self, started: float) -> None:
        super().__init__()
        self.epochs: list[dict[str, float]] = []
        self.steps_ms: list[float] = []
        self._started = started
        self._epoch_started = started
        self._steps = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Starts the epoch's clock."""
        self._epoch_started = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Counts the step."""
        self._steps = batch + 1

    def on_test_begin(self, logs: Any = None) -> None:
        """Notes the end of training, where validation begins."""
        taken = time.monotonic() - self._epoch_started
        self.steps_ms.append(1000.0 * taken / self._steps)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Records the epoch, whose validation is over too."""
        seconds = time.monotonic() - self._started
        self.epochs.append({"seconds": seconds, "accuracy": float(logs["val_accuracy"])})


def dataset(rows: list[photos.Photo], *, shuffle: bool) -> Any:
    """Returns batches, float32 [batch, 224, 224, 3] in [0, 1], and labels, decoded each epoch."""
    data = tf.data.Dataset.from_tensor_slices(photos.columns(rows))
    if shuffle:
        data = data.shuffle(len(rows))
    data = data.map(_read, num_parallel_calls=tf.data.AUTOTUNE)
    return data.batch(photos.BATCH).prefetch(tf.data.AUTOTUNE)


def _read(path: tf.Tensor, label: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    image = tf.io.decode_jpeg(tf.io.read_file(path), channels=3)
    return tf.image.resize(image, (photos.SIZE, photos.SIZE)) / 255.0, label


def train(name: str, seed: int, epochs: int | None = None) -> dict[str, Any]:
    """Trains once; returns the record to print."""
    mode = MODES[name]
    tf_keras.utils.set_random_seed(seed)
    layer = hub.KerasLayer(str(photos.MODULE), trainable=mode.trainable)
    clock = Clock(time.monotonic())
    data = photos.split(seed)
    model = tf_keras.Sequential(
        [
            tf_keras.layers.InputLayer((photos.SIZE, photos.SIZE, 3)),
            layer,
            tf_keras.layers.Dense(photos.CLASSES),
        ]
    )
    model.compile(
        tf_keras.optimizers.Adam(mode.learning_rate),
        tf_keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        ["accuracy"],
    )
    model.fit(
        dataset(data.train, shuffle=True),
        validation_data=dataset(data.validation, shuffle=False),
        epochs=epochs or mode.epochs,
        callbacks=[clock],
        verbose=2,
    )
    return {
        "mode": name,
        "seed": seed,
        "epochs": clock.epochs,
        "seconds": clock.epochs[-1]["seconds"],
        "step_ms": statistics.median(clock.steps_ms[1:] or clock.steps_ms),
    }


def main() -> None:
    """Entry point."""
    arguments = photos.arguments(list(MODES), __doc__)
    print(json.dumps(train(arguments.mode, arguments.seed, arguments.epochs)))


if __name__ == "__main__":
    main()
