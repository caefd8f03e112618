"""Fine-tunes as an expert would by hand, as fast as plain TensorFlow allows.

    python -m benchmarks.expert {head,block,third,all} [--seed N] [--epochs N]

Images are decoded once, in parallel, and kept as uint8. BatchNorm uses its stored statistics. The
tape watches only what is trained: the head, with the module's last block, its last third or all of
it. For ``head``, each image's embedding is computed once, and whole epochs run in one call. The
module is called as it was saved; its graph is not changed.

These were tried, and are no faster on 2 cores: XLA (seven times slower), Eigen instead of oneDNN
(1.7 times the processor time), a batch in four parts, and Keras's newer Adam.

The last line printed is a JSON object, as ``benchmarks.usual`` prints it; but ``step_ms`` is the
median of the steps after the first epoch (for ``head`` of each epoch's mean).
"""

import itertools
import json
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import modules  # noqa: F401 chooses Keras 2 before TensorFlow is imported

# isort: split

import tensorflow as tf
import tensorflow_hub as hub
import tf_keras

from benchmarks import photos
from modules.images.datasets import untuned

LEARNING_RATE = 1e-3
EPOCHS = {"head": 25, "block": 8, "third": 8, "all": 8}
# Both convolutions of MobileNet v1's last block, and their BatchNorms.
LAST_BLOCK = ("conv_dw_13", "conv_pw_13")
LAST_THIRD = 27  # of 81 variables
# The activations of a few images fit into the processor's cache, if no gradient needs them all.
INFERENCE_BATCH = 8

Forward = Callable[[tf.Tensor], tf.Tensor]


@dataclass(frozen=True)
class Data:
    """The model's input in memory: images or embeddings [n, ...], and labels, int32 [n]."""

    inputs: tf.Tensor
    labels: tf.Tensor


@dataclass(frozen=True)
class Model:
    """A function to embeddings, a Dense layer on it, and the variables that are trained."""

    embed: Forward
    head: Any
    trained: list[tf.Variable]


def images(rows: list[photos.Photo]) -> Data:
    """Reads and decodes photos to uint8 [n, 224, 224, 3]."""
    paths, labels = photos.columns(rows)
    data = tf.data.Dataset.from_tensor_slices(paths)
    data = untuned(data.map(_decode, num_parallel_calls=tf.data.AUTOTUNE))
    return Data(next(iter(data.batch(len(rows)))), tf.constant(labels))


def embeddings(embed: Forward, rows: list[photos.Photo]) -> Data:
    """Embeds photos as they are decoded, each once, to float32 [n, dim]."""
    paths, labels = photos.columns(rows)
    data = tf.data.Dataset.from_tensor_slices(paths)
    data = untuned(data.map(_decode, num_parallel_calls=tf.data.AUTOTUNE))
    batches = data.batch(INFERENCE_BATCH).prefetch(tf.data.AUTOTUNE)
    return Data(tf.concat([embed(batch) for batch in batches], 0), tf.constant(labels))


def _decode(path: tf.Tensor) -> tf.Tensor:
    image = tf.io.decode_jpeg(tf.io.read_file(path), channels=3)
    image = tf.image.resize(image, (photos.SIZE, photos.SIZE))
    return tf.cast(tf.round(image), tf.uint8)


def trained_variables(module: Any, mode: str) -> list[tf.Variable]:
    """Returns the module's variables that a mode trains."""
    variables = list(module.trainable_variables)
    if mode == "block":
        return [
            variable for variable in variables if any(name in variable.name for name in LAST_BLOCK)
        ]
    return {"head": [], "third": variables[-LAST_THIRD:], "all": variables}[mode]


def trainer(model: Model, data: Data) -> Callable[[tf.Tensor], None]:
    """Returns a compiled function that trains a step on each row of int32 [steps, batch].

    Each row holds indices into the data. The older Adam has one fused operation for each variable.
    """
    optimizer = tf_keras.optimizers.legacy.Adam(LEARNING_RATE)

    @tf.function(input_signature=[tf.TensorSpec((None, photos.BATCH), tf.int32)])
    def run(order: tf.Tensor) -> None:
        for places in order:
            labels = tf.gather(data.labels, places)
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(model.trained)
                logits = model.head(model.embed(tf.gather(data.inputs, places)))
                loss = tf.reduce_mean(
                    tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
                )
            gradients = tape.gradient(loss, model.trained)
            optimizer.apply_gradients(zip(gradients, model.trained, strict=True))

    return run  # type: ignore[no-any-return]


def scorer(model: Model, data: Data) -> Callable[[], tf.Tensor]:
    """Returns a compiled function that computes the accuracy on the data."""
    count = len(data.labels)

    @tf.function
    def run() -> tf.Tensor:
        right = tf.constant(0)
        for start in tf.range(0, count, INFERENCE_BATCH):
            end = tf.minimum(start + INFERENCE_BATCH, count)
            logits = model.head(model.embed(data.inputs[start:end]))
            result = tf.argmax(logits, 1, tf.int32) == data.labels[start:end]
            right += tf.math.count_nonzero(result, dtype=tf.int32)
        return right / count

    return run  # type: ignore[no-any-return]


def calls_of_epoch(count: int, *, whole: bool) -> Iterator[tf.Tensor]:
    """Returns the indices of an epoch in random order, as arguments of ``trainer``'s function.

    Examples that do not fill a batch are left out, different ones each time.

    Args:
        count: how many examples there are.
        whole: whether one call has all steps, not one step.
    """
    steps = count // photos.BATCH
    order = tf.random.shuffle(tf.range(count))[: steps * photos.BATCH]
    rows = tf.reshape(order, (steps, photos.BATCH))
    return iter([rows] if whole else tf.split(rows, steps))


def train(mode: str, seed: int, epochs: int | None = None) -> dict[str, Any]:
    """One run; returns what is printed."""
    tf_keras.utils.set_random_seed(seed)
    module = hub.load(str(photos.MODULE))
    started = time.monotonic()
    rows = photos.split(seed)

    def forward(batch: tf.Tensor) -> tf.Tensor:
        return module(tf.cast(batch, tf.float32) / 255.0, training=False)

    if mode == "head":
        embed = tf.function(forward)
        data, validation = (embeddings(embed, part) for part in (rows.train, rows.validation))
        forward = tf.identity
    else:
        data, validation = (images(part) for part in (rows.train, rows.validation))
    # From a random head these rates undo the pretraining in a few steps: the module's features die,
    # and the accuracy stays at a tenth. A head of zeros passes hardly any gradient down at first.
    head = tf_keras.layers.Dense(photos.CLASSES, kernel_initializer="zeros")
    head.build((None, module.trainable_variables[-1].shape[0]))
    model = Model(forward, head, [*trained_variables(module, mode), *head.trainable_variables])
    run, score = trainer(model, data), scorer(model, validation)
    result: list[dict[str, float]] = []
    steps_ms: list[list[float]] = []
    for _ in range(epochs or EPOCHS[mode]):
        calls = calls_of_epoch(len(data.labels), whole=mode == "head")
        steps_ms.append([_milliseconds(run, order) for order in calls])
        accuracy = float(score())
        result.append({"seconds": time.monotonic() - started, "accuracy": accuracy})
    return {
        "mode": mode,
        "seed": seed,
        "epochs": result,
        "seconds": result[-1]["seconds"],
        "step_ms": statistics.median(itertools.chain(*(steps_ms[1:] or steps_ms))),
    }


def _milliseconds(run: Callable[[tf.Tensor], None], order: tf.Tensor) -> float:
    """Runs steps and returns the mean time of one."""
    started = time.monotonic()
    run(order)
    return 1000.0 * (time.monotonic() - started) / len(order)


def main() -> None:
    """Entry point."""
    arguments = photos.arguments(list(EPOCHS), __doc__)
    print(json.dumps(train(arguments.mode, arguments.seed, arguments.epochs)))


if __name__ == "__main__":
    main()
