"""SavedModels that serve well, or badly in one respect, written on the spot."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from modules import features, model_layout
from modules.export import in_parts
from tests.conftest import encoded

LABELS = ["red", "green", "浴室"]
# Of [n] images the scores, [n, 3].
Scorer = Callable[[tf.Tensor], tf.Tensor]
STRINGS = tf.TensorSpec((None,), tf.string, name=features.IMAGE_BYTES)


def images(count: int = 5) -> list[bytes]:
    """Small PNG files, no two alike."""
    pixels = np.random.default_rng(7).integers(0, 255, (count, 6, 5, 3), dtype=np.uint8)
    return [encoded(image) for image in pixels]


def colours(image_bytes: tf.Tensor) -> tf.Tensor:
    """What each image's mean colour says, as probabilities."""
    means = tf.map_fn(
        lambda content: tf.reduce_mean(
            tf.cast(tf.io.decode_image(content, 3, expand_animations=False), tf.float32), (0, 1)
        ),
        image_bytes,
        fn_output_signature=tf.TensorSpec((3,), tf.float32),
    )
    return tf.nn.softmax(means / 16)


def expected(image: bytes) -> npt.NDArray[np.float32]:
    """The scores of one image, [3]."""
    scores: npt.NDArray[np.float32] = colours(tf.constant([image])).numpy()[0]
    return scores


def forgiving(image_bytes: tf.Tensor) -> tf.Tensor:
    """Scores even of what is no image."""
    counts = tf.cast(tf.strings.length(image_bytes), tf.float32)
    return tf.nn.softmax(tf.stack([counts, 10 * counts, 0 * counts], axis=1) / 1000)


def not_numbers(image_bytes: tf.Tensor) -> tf.Tensor:
    """Scores that are no numbers."""
    return colours(image_bytes) * np.nan


def not_shares(image_bytes: tf.Tensor) -> tf.Tensor:
    """Scores that add up to 2."""
    return 2 * colours(image_bytes)


def of_the_batch(image_bytes: tf.Tensor) -> tf.Tensor:
    """Scores that depend on the other images of the batch."""
    scores = colours(image_bytes)
    return tf.nn.softmax(scores - tf.reduce_mean(scores, axis=0, keepdims=True))


def of_one_image(image_bytes: tf.Tensor) -> tf.Tensor:
    """Scores of one image; TensorFlow has an error for more."""
    return tf.ensure_shape(colours(image_bytes), [1, len(LABELS)])


def slow(image_bytes: tf.Tensor) -> tf.Tensor:
    """Good scores after some tens of milliseconds' work."""
    work = tf.while_loop(
        lambda i, _: i < 20_000, lambda i, x: (i + 1, tf.sin(x)), (tf.constant(0), tf.constant(0.5))
    )[1]
    return colours(image_bytes) + 0 * work


def endless(image_bytes: tf.Tensor) -> tf.Tensor:
    """Scores that never come."""
    never = tf.while_loop(lambda x: x < 2.0, lambda x: (tf.sin(x),), (tf.constant(0.5),))[0]
    return colours(image_bytes) + never


def save(
    folder: Path,
    score: Scorer = colours,
    *,
    weight_mb: float = 0.0,
    mislabelled: bool = False,
    parts: bool = True,
) -> str:
    """Writes a model with the serving signature.

    Args:
        folder: to write to.
        score: what it does.
        weight_mb: of a variable that it carries.
        mislabelled: whether it gives the lowest score's label.
        parts: whether images pass through it a few at a time.
    """
    module = tf.Module()
    module.weight = tf.Variable(tf.zeros((int(weight_mb * (1 << 18)),)))
    names = tf.constant(LABELS)

    @tf.function(input_signature=[STRINGS])
    def serve(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        scores = in_parts(score, image_bytes, len(LABELS)) if parts else score(image_bytes)
        best = tf.argmin(scores, axis=-1) if mislabelled else tf.argmax(scores, axis=-1)
        return {model_layout.SCORES: scores, features.LABEL: tf.gather(names, best)}

    module.serve = serve
    tf.saved_model.save(module, str(folder), signatures={model_layout.SERVE_IMAGES: serve})
    model_layout.write_labels(LABELS, folder)
    return str(folder)
