"""Decodes any image file as viewers show it; the first bytes tell the format."""

import functools
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from modules.images import bmp, gif, jpeg, png
from modules.settings import Color


def _apart(decode: Callable[..., Any]) -> Any:
    """A function that is not inlined: inlined operations take time even if they do not run."""
    return tf.function(
        decode,
        input_signature=[tf.TensorSpec((), tf.string), tf.TensorSpec((3,), tf.uint8)],
        autograph=False,
        experimental_attributes={"_noinline": True},
    )


_DECODERS = {
    b"\xff\xd8\xff": _apart(jpeg.decode),
    b"\x89PNG": _apart(png.decode),
    b"GIF8": _apart(gif.decode),
    b"BM": _apart(bmp.decode),
}
_LONGEST = max(map(len, _DECODERS))


def pixels(image_bytes: tf.Tensor, background: Color | tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Decodes one image; what is transparent in it is composed on the background.

    JPEG, PNG, GIF (its first picture) and BMP are read. Grey becomes RGB.

    Args:
        image_bytes: string [], an encoded image.
        background: levels of red, green and blue; uint8 [3] where it is a tensor.

    Returns:
        The image as it is stored, uint8 [h, w, 3], and its EXIF orientation, int32 [], 1 to 8.

    Raises:
        tf.errors.InvalidArgumentError: when run on bytes that are no such image, or of a kind
            that cannot be decoded correctly.
    """
    color = tf.convert_to_tensor(background, tf.uint8)
    start = tf.strings.substr(image_bytes, 0, _LONGEST)
    kind = tf.constant(0)
    for number, signature in enumerate(_DECODERS, start=1):
        has_it = tf.equal(tf.strings.substr(start, 0, len(signature)), signature)
        kind = tf.where(has_it, number, kind)
    calls = [functools.partial(decode, image_bytes, color) for decode in _DECODERS.values()]
    image, orientation = tf.switch_case(kind, [lambda: _unknown(image_bytes), *calls])
    return tf.ensure_shape(image, (None, None, 3)), tf.ensure_shape(orientation, ())


def _unknown(image_bytes: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Lets TensorFlow's decoder refuse bytes that are no image, with its own message."""
    return tf.io.decode_image(image_bytes, channels=3, expand_animations=False), tf.constant(1)
