"""What TensorFlow decodes of an image while it is checked: the same as training and serving do."""

from typing import Any

import tensorflow as tf

from components.image_example_gen.compare import SHRUNK
from modules.images import exif, formats, jpeg
from modules.settings import Color

# How many JPEGs are decoded in one call.
TOGETHER = 16


def shrunk_jpeg(content: Any) -> tf.Tensor:
    """All of the file is read, but an eighth of each side computed; uint8 [h, w, 3]."""
    return tf.io.decode_jpeg(jpeg.marked(content), channels=3, ratio=SHRUNK)


def opaque_png(content: bytes) -> tf.Tensor:
    """What ``whole`` gives of a PNG in which nothing is transparent, in a quarter of the time."""
    return tf.io.decode_png(content, channels=3)


@tf.function(autograph=False, input_signature=[tf.TensorSpec((TOGETHER,), tf.string)])
def shrunk_jpegs(contents: tf.Tensor) -> list[tf.Tensor]:
    """So many JPEGs: in one call, and by all threads."""
    return [shrunk_jpeg(content) for content in tf.unstack(contents)]


@tf.function(autograph=False, input_signature=[tf.TensorSpec((), tf.string)])
def orientation_of_jpeg(content: tf.Tensor) -> tf.Tensor:
    """As training and serving read it, int32 []."""
    return exif.of_jpeg(content)


@tf.function(
    autograph=False, input_signature=[tf.TensorSpec((), tf.string), tf.TensorSpec((3,), tf.uint8)]
)
def _any_image(content: tf.Tensor, background: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    return formats.pixels(content, background)


def whole(content: bytes, background: Color) -> tuple[tf.Tensor, tf.Tensor]:
    """The image as it is stored, uint8 [h, w, 3], and how it is turned, int32 [].

    Raises:
        tf.errors.InvalidArgumentError: when the bytes are no image that can be decoded right.
    """
    decoded: tuple[tf.Tensor, tf.Tensor] = _any_image(
        tf.constant(content), tf.constant(background, tf.uint8)
    )
    return decoded
