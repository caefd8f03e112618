"""The one image function: from the bytes of a file to the backbone's input.

Training, evaluation and serving all call it, so they cannot drift apart. It has two halves, so
that decoded images can be kept as uint8 between epochs: ``decode`` takes most
of the time, ``to_range`` little.
"""

import tensorflow as tf

from modules.images import exif, formats
from modules.settings import ImageSpec


def decode(image_bytes: tf.Tensor, spec: ImageSpec) -> tf.Tensor:
    """Decodes one image, turns it upright by its EXIF tag, and resizes it.

    JPEG, PNG, GIF (its first picture) and BMP are read. Grey becomes RGB; what is transparent is
    composed on the background. Bilinear with antialiasing, as Pillow's ``BILINEAR``, rounded to
    whole levels.

    Args:
        image_bytes: string [], an encoded image.
        spec: the background, the size, and the way of resizing: ``stretch`` to it, ``crop`` the
            middle of the image scaled to cover it, or ``pad`` with black around the image scaled to
            fit in it.

    Returns:
        uint8 [spec.height, spec.width, 3].

    Raises:
        tf.errors.InvalidArgumentError: when run on bytes that are no such image.
    """
    image, orientation = formats.pixels(image_bytes, spec.background)
    image = exif.upright(image, orientation)
    size = (spec.height, spec.width)
    if spec.resize == "crop":
        image = _crop_to_ratio(image, size)
    if spec.resize == "pad":
        scaled = tf.image.resize_with_crop_or_pad(_scale_to_fit(image, size), *size)
    else:
        scaled = tf.image.resize(image, size, antialias=True)
    levels = tf.cast(tf.round(tf.clip_by_value(scaled, 0.0, 255.0)), tf.uint8)
    return tf.ensure_shape(levels, (*size, 3))


def to_range(images: tf.Tensor, spec: ImageSpec) -> tf.Tensor:
    """uint8 [..., height, width, 3] to float32 of the same shape in ``spec.input_range``."""
    low, high = spec.input_range
    return tf.cast(images, tf.float32) * ((high - low) / 255.0) + low


def decode_batch(image_bytes: tf.Tensor, spec: ImageSpec) -> tf.Tensor:
    """String [batch] to uint8 [batch, height, width, 3]; raises as ``decode`` does."""
    return tf.map_fn(
        lambda encoded: decode(encoded, spec),
        image_bytes,
        fn_output_signature=tf.TensorSpec((spec.height, spec.width, 3), tf.uint8),
    )


def _crop_to_ratio(image: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """The middle of the image, as large as it can be with the sides' ratio of ``size``.

    It is cropped before it is scaled, because scaling a long thin image first would make it huge.
    """
    shape = tf.shape(image)[:2]
    sides = tf.cast(shape, tf.float64)
    scale = tf.reduce_min(sides / tf.constant(size, tf.float64))
    target = tf.cast(tf.round(tf.constant(size, tf.float64) * scale), tf.int32)
    target = tf.clip_by_value(target, 1, shape)
    start = (shape - target) // 2
    return image[start[0] : start[0] + target[0], start[1] : start[1] + target[1]]


def _scale_to_fit(image: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """float32 [h, w, 3], scaled so that it just fits into ``size``."""
    sides = tf.cast(tf.shape(image)[:2], tf.float64)
    ratio = tf.reduce_min(tf.constant(size, tf.float64) / sides)
    target = tf.maximum(tf.cast(tf.round(sides * ratio), tf.int32), 1)
    return tf.image.resize(image, target, antialias=True)
