"""Runs the usual fine-tuning snippet line by line, and prints what each line does.

    .venv/bin/python docs/usual_snippet.py     80 s on 2 cores

``docs/usual_snippet.md`` quotes the output. The backbone is the one that ships, the images are 840
of scikit-learn's digits, and Keras is tf_keras, Keras 2, which Hub's layer needs.
"""

import importlib
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tensorflow_hub as hub
import tf_keras
from sklearn.datasets import load_digits

from modules.backbones import backbone
from modules.backbones.blocks import blocks
from modules.finetune import schedule, training
from modules.finetune.classifier import Classifier
from modules.finetune.context import TrainingContext
from modules.images.feature_cache import Storage
from modules.images.inputs import Images
from modules.settings import Finetune, ImageSpec

HANDLE = str(Path(__file__).parent.parent / "data" / "backbones" / "glyphs_cnn_32")
SIZE, CLASSES, BATCH = 32, 10, 32
TRAIN, VALIDATION = slice(0, 480), slice(-360, None)
# The page compares the small rates with this schedule, which has as many epochs, in two stages.
SCHEDULE: dict[str, Any] = {
    "stages": [
        {"name": "head", "unfreeze": "none", "epochs": 3, "learning_rate": 0.01},
        {"name": "partial", "unfreeze": {"last": 2}, "epochs": 5, "learning_rate": 0.001},
    ]
}

Array = npt.NDArray[Any]
Observations = dict[str, Any]


class Digits(NamedTuple):
    """Pixels, uint8 [n, 32, 32, 3], and labels, int64 [n]."""

    pixels: Array
    labels: Array

    def unit(self) -> Array:
        """Returns the pixels in the backbone's range: float32 in [0, 1]."""
        scaled: Array = self.pixels.astype(np.float32) / np.float32(255)
        return scaled

    def first(self, count: int) -> "Digits":
        """Returns the first of the digits."""
        return Digits(self.pixels[:count], self.labels[:count])


def digits(part: slice) -> Digits:
    """Returns some of scikit-learn's 1,797 handwritten digits, resized for the backbone."""
    digits = load_digits()
    grey = digits.images[part, ..., None] * (255 / 16)
    pixels = tf.round(tf.image.resize(np.repeat(grey, 3, -1), (SIZE, SIZE)))
    return Digits(tf.cast(pixels, tf.uint8).numpy(), digits.target[part].astype(np.int64))


class StoredStatistics:
    """A module that is always called in inference, even where Keras trains its variables."""

    def __init__(self, module: Any) -> None:
        self._module = module
        self.variables = list(module.variables)
        self.trainable_variables = list(module.trainable_variables)

    def __call__(self, images: tf.Tensor) -> tf.Tensor:
        """Returns the module's vectors; BatchNorm uses its stored statistics."""
        return self._module(images, training=False)


class Snippet:
    """The snippet's model in the only form that runs, with ``hub.KerasLayer``; seeded.

    Args:
        trainable: whether the layer is trainable.
        stored: whether the module is called in inference, whatever Keras says.
        seed: the seed of the head and of the order of the images.
    """

    def __init__(self, *, trainable: bool, stored: bool = False, seed: int = 0) -> None:
        tf_keras.utils.set_random_seed(seed)
        self.module = hub.load(HANDLE)
        called = StoredStatistics(self.module) if stored else self.module
        layer = hub.KerasLayer(called, trainable=trainable, input_shape=(SIZE, SIZE, 3))
        self.model = tf_keras.Sequential([layer, tf_keras.layers.Dense(CLASSES)])
        self._start = [variable.numpy() for variable in self.module.variables]

    def compile(self, optimizer: Any, loss_weights: float | None = None) -> None:
        """Calls ``compile`` as the snippet does, with the loss for integer labels."""
        loss = tf_keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.model.compile(optimizer, loss, loss_weights=loss_weights, metrics=["accuracy"])

    def fit(self, data: Digits, batch_size: int = BATCH, **options: Any) -> dict[str, list[float]]:
        """Calls ``fit`` as the snippet does; returns Keras's history."""
        result = self.model.fit(data.unit(), data.labels, batch_size, verbose=0, **options)
        return dict(result.history)

    def accuracy(self, data: Digits) -> float:
        """Returns the accuracy of the model as it would be served."""
        logits = self.model(data.unit(), training=False).numpy()
        return float(np.mean(logits.argmax(axis=-1) == data.labels))

    def weights(self) -> Array:
        """Returns a copy of all weights that are trainable now, float32 [weights]."""
        values = [variable.numpy() for variable in self.model.trainable_variables]
        return np.concatenate([value.ravel() for value in values])

    def changed(self) -> list[str]:
        """Returns the names of the module's variables whose values have changed since the load."""
        return changed(self.module.variables, self._start)


def load_line() -> Observations:
    """``base = hub.load(handle); Sequential([base, Dense(10)])``."""
    base, dense = hub.load(HANDLE), tf_keras.layers.Dense(CLASSES)
    keras_3 = importlib.import_module("keras")
    model = Snippet(trainable=False).model
    return {
        "hub.load in Sequential": error_of(lambda: tf_keras.Sequential([base, dense])),
        "hub.KerasLayer, Keras 3": error_of(lambda: keras_3.Sequential([hub.KerasLayer(HANDLE)])),
        "hub.KerasLayer, Keras 2": [type(layer).__name__ for layer in model.layers],
    }


def layers_line() -> Observations:
    """``for layer in model.layers[-5:]: layer.trainable = True``."""
    observations: Observations = {
        "hub.load(handle).layers": error_of(lambda: hub.load(HANDLE).layers)
    }
    model = Snippet(trainable=False).model
    observations["members of model.layers[-5:]"] = len(model.layers[-5:])
    for value in (True, False):
        for layer in model.layers[-5:]:
            layer.trainable = value
        observations[f"variables that train, all five set to {value}"] = len(
            model.trainable_variables
        )
    return observations


def trainable_line(train: Digits) -> Observations:
    """``model.trainable = True``, in a model that has been compiled and fitted before."""
    snippet, few_images = Snippet(trainable=False), train.first(64)
    snippet.compile(tf_keras.optimizers.Adam(1e-3))
    snippet.fit(few_images)
    observations: Observations = {
        "trainable variables before": len(snippet.model.trainable_variables)
    }
    snippet.model.trainable = True
    observations["trainable variables after"] = len(snippet.model.trainable_variables)
    snippet.fit(few_images)
    observations["of the module's 25, changed by fit"] = len(snippet.changed())
    snippet.compile(tf_keras.optimizers.Adam(1e-3))
    snippet.fit(few_images)
    observations["changed by fit after compiling again"] = len(snippet.changed())
    return observations


class Head(NamedTuple):
    """A linear head that was trained alone: its kernel and bias."""

    kernel: Array
    bias: Array


def train_head(
    train: Digits, *, epochs: int = 20, loss_weights: float | None = None, l2: float = 0.0
) -> Head:
    """Trains a head on the vectors of the unchanged backbone: feature extraction."""
    vectors = hub.load(HANDLE)(train.unit(), training=False)
    tf_keras.utils.set_random_seed(0)
    # Keras's L2 has no factor of one half, which Thaw's l2 has.
    penalty = tf_keras.regularizers.L2(l2 / 2) if l2 else None
    shape = vectors.shape[1:]
    dense = tf_keras.layers.Dense(CLASSES, kernel_regularizer=penalty, input_shape=shape)
    model = tf_keras.Sequential([dense])
    loss = tf_keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(tf_keras.optimizers.Adam(1e-2), loss, loss_weights=loss_weights)
    model.fit(vectors, train.labels, BATCH, epochs=epochs, verbose=0)
    return Head(*dense.get_weights())


class Fit(NamedTuple):
    """A model after some epochs.

    Attributes:
        training: the accuracy that ``fit`` reports for the last epoch; None for no epoch.
        same_images: the accuracy on the same images, evaluated afterwards.
        validation: the accuracy on images that were not trained on.
        statistics: how many of BatchNorm's 10 means and variances have changed.
    """

    training: float | None
    same_images: float
    validation: float
    statistics: int


def unfreeze_all(
    train: Digits,
    validation: Digits,
    head: Head,
    *,
    rate: float = 0.0,
    batch_size: int = BATCH,
    stored: bool = False,
    epochs: int,
    seed: int = 0,
) -> Fit:
    """Trains everything, from a trained head: the second phase of most tutorials.

    Args:
        train: the training images.
        validation: the images to evaluate.
        head: the head to start from.
        rate: Adam's learning rate; may be 0.
        batch_size: how many images a step has.
        stored: whether the same variables are trained with BatchNorm's stored statistics.
        epochs: how many epochs; 0 only evaluates.
        seed: the seed of the order of the images.
    """
    snippet = Snippet(trainable=True, stored=stored, seed=seed)
    snippet.model.layers[-1].set_weights(head)
    snippet.compile(tf_keras.optimizers.Adam(rate))
    # Newer versions of Keras refuse to fit for no epochs.
    history = snippet.fit(train, batch_size, epochs=epochs) if epochs else {"accuracy": [None]}
    return Fit(
        training=history["accuracy"][-1],
        same_images=snippet.accuracy(train),
        validation=snippet.accuracy(validation),
        statistics=sum("moving" in name for name in snippet.changed()),
    )


def loss_weights_line(train: Digits) -> Observations:
    """``loss_weights=0.01``, for an epoch from the same start."""
    adam, sgd = tf_keras.optimizers.Adam, tf_keras.optimizers.SGD

    def movement_of(optimizer: Any, weight: float | None) -> Array:
        snippet = Snippet(trainable=True)
        snippet.compile(optimizer, weight)
        start = snippet.weights()
        snippet.fit(train, shuffle=False)
        return snippet.weights() - start

    full, light = movement_of(sgd(1e-2), None), movement_of(sgd(1e-2), 0.01)
    exact = (
        movement_of(adam(1e-3, epsilon=1e-20), None),
        movement_of(adam(1e-3, epsilon=1e-20), 0.01),
    )
    return {
        "Adam, difference": apart(movement_of(adam(1e-3), None), movement_of(adam(1e-3), 0.01)),
        "Adam with epsilon=1e-20, difference": apart(*exact),
        "SGD, difference": apart(full, light),
        "SGD, difference from a hundredth of the rate": apart(movement_of(sgd(1e-4), None), light),
    }


def regularisation(train: Digits, epochs: int = 20) -> Observations:
    """The norm of a head's kernel, with ``loss_weights`` and with an L2 penalty."""
    heads = {
        "with loss_weights=1": train_head(train, epochs=epochs),
        "with loss_weights=0.01": train_head(train, epochs=epochs, loss_weights=0.01),
        "with l2=0.01": train_head(train, epochs=epochs, l2=0.01),
    }
    return {f"norm of the kernel {how}": norm(head.kernel) for how, head in heads.items()}


def small_rate_line(
    train: Digits, validation: Digits, rate: float, epochs: int = 8
) -> Observations:
    """``Adam(1e-5)``, "later 1e-6", from a new head."""
    snippet = Snippet(trainable=True)
    snippet.compile(tf_keras.optimizers.Adam(rate))
    start = snippet.weights()
    snippet.fit(train, epochs=epochs)
    movement = np.abs(snippet.weights() - start)
    return {
        "rate x steps": rate * epochs * -(-len(train.labels) // BATCH),
        "largest movement of a weight": float(movement.max()),
        "median movement": float(np.median(movement)),
        "validation accuracy": snippet.accuracy(validation),
    }


def thaw_schedule(train: Digits, validation: Digits, finetune: dict[str, Any]) -> Observations:
    """Trains on the same images with Thaw."""
    options = Finetune.model_validate(finetune)
    loaded = backbone.load(HANDLE)
    start = [variable.numpy() for variable in loaded.variables]
    backbone_blocks = blocks.blocks_of(loaded)
    context = TrainingContext(
        model=Classifier(loaded, CLASSES),
        blocks=backbone_blocks,
        labels=[str(digit) for digit in range(CLASSES)],
        train=images(train),
        validation=images(validation),
        options=options,
        image=ImageSpec(height=SIZE, width=SIZE),
    )
    results = training.fit(context, schedule.plan(options.stages, backbone_blocks))
    changed_variables = changed(loaded.variables, start)
    by_epoch = [accuracy for result in results for accuracy in result.validation_accuracy]
    return {
        "validation accuracy": max(by_epoch),
        "by epoch": [round(accuracy, 3) for accuracy in by_epoch],
        "statistics changed": sum("moving" in name for name in changed_variables),
    }


def error_of(action: Callable[[], object]) -> str:
    """Returns type and first sentence of the error that an action raises; empty for none."""
    try:
        action()
    except Exception as error:  # Any error is an observation.
        return f"{type(error).__name__}: {str(error).splitlines()[0].split('. ')[0]}"
    return ""


def changed(variables: Sequence[Any], before: Sequence[Array]) -> list[str]:
    """Returns the names of the variables whose values have changed."""
    pairs = zip(variables, before, strict=True)
    return [variable.name for variable, old in pairs if not np.array_equal(variable.numpy(), old)]


def norm(values: Array) -> float:
    """Returns the Euclidean norm."""
    return float(np.linalg.norm(values))


def apart(first: Array, second: Array) -> float:
    """Returns the distance between two movements, as a share of the first one's length."""
    return norm(first - second) / norm(first)


def images(data: Digits) -> Images:
    """Returns the digits in the form that Thaw trains on."""
    dataset = tf.data.Dataset.from_tensor_slices(data.pixels)
    scratch = Path(tempfile.gettempdir()) / "thaw-usual-snippet"
    return Images(dataset, data.labels, CLASSES, Storage(256, 0, scratch))


def show(title: str, observations: Observations) -> None:
    """Prints observations, a line each."""
    print(f"\n{title}")
    for name, value in observations.items():
        print(f"  {name}: {format(value, '.3g') if isinstance(value, float) else value}")


def show_batch_norm(train: Digits, validation: Digits) -> None:
    """Prints the table of batch sizes, rates and statistics."""
    head = train_head(train)
    rows: list[tuple[int, int, float, bool]] = [
        (0, 32, 0.0, False),
        (2, 32, 1e-6, False),
        (2, 32, 1e-3, False),
        (2, 32, 1e-3, True),
        (1, 4, 0.0, False),
        (1, 4, 1e-3, False),
        (1, 4, 1e-3, True),
    ]
    print("\nBatchNorm when everything is trainable, from a trained head")
    print("  epochs  batch  rate   statistics  changed  fit says  same images  validation")
    for epochs, batch_size, rate, stored in rows:
        snippet = unfreeze_all(
            train,
            validation,
            head,
            rate=rate,
            batch_size=batch_size,
            stored=stored,
            epochs=epochs,
        )
        training_accuracy = "-" if snippet.training is None else f"{snippet.training:.3f}"
        source = "stored" if stored else "batch's"
        print(
            f"  {epochs:>6}  {batch_size:>5}  {rate:<5g}  {source:10}  {snippet.statistics:>7}  "
            f"{training_accuracy:>8}  {snippet.same_images:>11.3f}  {snippet.validation:>10.3f}"
        )


def main() -> None:
    """Prints every observation of the page."""
    train, validation = digits(TRAIN), digits(VALIDATION)
    show("Sequential([hub.load(handle), Dense(10)])", load_line())
    show("model.layers[-5:]", layers_line())
    show("model.trainable = True, after compile and fit", trainable_line(train))
    show_batch_norm(train, validation)
    show("loss_weights=0.01 against 1, as a share of the way", loss_weights_line(train))
    show("what regularises", regularisation(train))
    for rate in (1e-5, 1e-6):
        observations = small_rate_line(train, validation, rate)
        show(f"Adam({rate:g}), 8 epochs from a fresh head", observations)
    show("Thaw's schedule, 8 epochs", thaw_schedule(train, validation, SCHEDULE))


if __name__ == "__main__":
    main()
