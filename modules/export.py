"""Exports the image function, the classifier and the labels as one SavedModel."""

from collections.abc import Callable, Sequence
from pathlib import Path

import tensorflow as tf
import tensorflow_transform as tft

from modules import features, model_layout, warmup
from modules.backbones import reusable
from modules.finetune.classifier import Classifier
from modules.images import image
from modules.model_layout import IMAGES_AT_ONCE
from modules.settings import ImageSpec


def export(
    model: Classifier,
    labels: Sequence[str],
    spec: ImageSpec,
    *,
    transform: tft.TFTransformOutput,
    folder: Path,
    samples: Sequence[bytes] = (),
) -> None:
    """Writes a SavedModel with four signatures, its labels, and warm-up requests.

    ``serving_default`` maps ``image_bytes``, string [batch], as TensorFlow Serving's REST form
    ``{"b64": ...}`` delivers them, to ``scores``, float32 [batch, classes], and ``label``, string
    [batch]. A request with bytes that are no image fails with ``InvalidArgument``.
    ``serving_examples`` maps serialized ``tf.Example``s to ``scores``.
    ``transform_labels`` maps these to ``label_index``, int64 [batch], through the transform graph,
    for the Evaluator.
    ``serving_pixels`` maps ``pixels``, uint8 [batch, height, width, 3] as ``image.decode`` returns
    them, to ``scores``: for devices that decode images themselves, and for ``lite``. It computes
    the whole batch at once.

    An empty batch gets empty outputs, and does not reach the backbone: oneDNN's fused convolution,
    which TensorFlow uses on processors with AVX512-VNNI, would give it the wrong shape, and the
    next layer would fail.

    Called as a module, the export returns the backbone's features (``reusable.carry``).

    Args:
        model: the trained model.
        labels: the class names, in the order of their indices.
        spec: size and value range of the backbone's input.
        transform: Transform's output.
        folder: the folder to write to.
        samples: bytes of image files, for the warm-up requests.
    """
    names = tf.constant(list(labels))
    layer = transform.transform_features_layer()
    raw_spec = transform.raw_feature_spec()
    image_spec = {features.IMAGE_BYTES: tf.io.FixedLenFeature((), tf.string)}

    def scores_of_pixels(pixels: tf.Tensor) -> tf.Tensor:
        return tf.nn.softmax(model.logits(image.to_range(pixels, spec)))

    def scores_of_part(image_bytes: tf.Tensor) -> tf.Tensor:
        return scores_of_pixels(image.decode_batch(image_bytes, spec))

    def scores(image_bytes: tf.Tensor) -> tf.Tensor:
        return in_parts(scores_of_part, image_bytes, len(labels))

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, name=features.IMAGE_BYTES)])
    def serve_images(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        result = scores(image_bytes)
        return {
            model_layout.SCORES: result,
            features.LABEL: tf.gather(names, tf.argmax(result, axis=-1)),
        }

    shape = (None, spec.height, spec.width, 3)

    @tf.function(input_signature=[tf.TensorSpec(shape, tf.uint8, name=model_layout.PIXELS)])
    def serve_pixels(pixels: tf.Tensor) -> dict[str, tf.Tensor]:
        return {model_layout.SCORES: unless_empty(scores_of_pixels, pixels, len(labels))}

    examples = tf.TensorSpec((None,), tf.string, name=model_layout.EXAMPLES)

    @tf.function(input_signature=[examples])
    def serve_examples(serialized: tf.Tensor) -> dict[str, tf.Tensor]:
        parsed = tf.io.parse_example(serialized, image_spec)
        return {model_layout.SCORES: scores(parsed[features.IMAGE_BYTES])}

    @tf.function(input_signature=[examples])
    def transform_labels(serialized: tf.Tensor) -> dict[str, tf.Tensor]:
        transformed = layer(tf.io.parse_example(serialized, raw_spec))
        return {features.LABEL_INDEX: transformed[features.LABEL_INDEX]}

    servable = tf.train.Checkpoint()
    servable.variables_in_use = model.everything
    reusable.carry(model.backbone, servable)
    servable.transform = layer
    tf.saved_model.save(
        servable,
        str(folder),
        signatures={
            model_layout.SERVE_IMAGES: serve_images,
            model_layout.SERVE_EXAMPLES: serve_examples,
            model_layout.SERVE_PIXELS: serve_pixels,
            model_layout.TRANSFORM_LABELS: transform_labels,
        },
    )
    model_layout.write_labels(labels, folder)
    warmup.write(samples, folder)


def in_parts(
    function: Callable[[tf.Tensor], tf.Tensor], image_bytes: tf.Tensor, width: int
) -> tf.Tensor:
    """Applies a function to a few images at a time, so that memory does not grow with the batch.

    The Evaluator's batches hold up to 1,000 images, and a client may send as many.

    Args:
        function: maps string [n] to float32 [n, width].
        image_bytes: string [batch].
        width: the number of columns of the result.

    Returns:
        float32 [batch, width]; the function is not called for an empty batch.
    """

    def by_parts(image_bytes: tf.Tensor) -> tf.Tensor:
        count = tf.shape(image_bytes)[0]

        def part(i: tf.Tensor) -> tf.Tensor:
            return image_bytes[i * IMAGES_AT_ONCE : tf.minimum((i + 1) * IMAGES_AT_ONCE, count)]

        parts = (count + IMAGES_AT_ONCE - 1) // IMAGES_AT_ONCE
        results = tf.TensorArray(
            tf.float32, size=parts, infer_shape=False, element_shape=(None, width)
        )
        _, results = tf.while_loop(
            lambda i, _: i < parts,
            lambda i, done: (i + 1, done.write(i, function(part(i)))),
            (tf.constant(0), results),
            parallel_iterations=1,
        )
        return results.concat()

    return unless_empty(by_parts, image_bytes, width)


def unless_empty(
    function: Callable[[tf.Tensor], tf.Tensor], rows: tf.Tensor, width: int
) -> tf.Tensor:
    """Applies a function to a batch, unless the batch is empty.

    Args:
        function: maps [n, ...] to float32 [n, width].
        rows: [batch, ...].
        width: the number of columns of the result.

    Returns:
        float32 [batch, width].
    """
    scores = tf.cond(
        tf.shape(rows)[0] > 0, lambda: function(rows), lambda: tf.zeros((0, width), tf.float32)
    )
    return tf.ensure_shape(scores, (None, width))
