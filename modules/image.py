"""The one image function: bytes of a file to what the backbone takes.

Training, evaluation and serving all call it, so they cannot drift apart. It has two halves, so
that decoded images can be kept as uint8 between epochs: ``decode`` is the expensive one,
``to_range`` the cheap one.
"""

import tensorflow as tf

from modules import exif
from modules.settings import ImageSpec


def decode(image_bytes: tf.Tensor, spec: ImageSpec) -> tf.Tensor:
    """Decodes one image, turns it upright by its EXIF tag, and resizes it.

    JPEG, PNG, GIF (its first frame) and BMP are read. Grey becomes RGB; alpha is dropped.
    Bilinear with antialiasing, as Pillow's ``BILINEAR``, rounded to whole levels.

    Args:
        image_bytes: string [], an encoded image.
        spec: the size and the way of resizing: ``stretch`` to it, ``crop`` the middle of the image
            scaled to cover it, or ``pad`` with black around the image scaled to fit in it.

    Returns:
        uint8 [spec.height, spec.width, 3].

    Raises:
        tf.errors.InvalidArgumentError: when run on bytes that are no such image.
    """
    image = tf.io.decode_image(image_bytes, channels=3, expand_animations=False)
    image = exif.upright(image, exif.orientation(image_bytes))
    size = (spec.height, spec.width)
    if spec.resize == "stretch":
        scaled = tf.image.resize(image, size, antialias=True)
    else:
        scaled = _scale_keeping_ratio(image, size, cover=spec.resize == "crop")
        scaled = tf.image.resize_with_crop_or_pad(scaled, *size)
    levels = tf.cast(tf.round(tf.clip_by_value(scaled, 0.0, 255.0)), tf.uint8)
    return tf.ensure_shape(levels, (*size, 3))


def to_range(images: tf.Tensor, spec: ImageSpec) -> tf.Tensor:
    """uint8 [..., height, width, 3] to float32 of the same shape in ``spec.input_range``."""
    low, high = spec.input_range
    return tf.cast(images, tf.float32) * ((high - low) / 255.0) + low


def decode_batch(image_bytes: tf.Tensor, spec: ImageSpec) -> tf.Tensor:
    """String [batch] to uint8 [batch, height, width, 3]; raises as ``decode`` does."""
    return tf.map_fn(
        lambda one: decode(one, spec),
        image_bytes,
        fn_output_signature=tf.TensorSpec((spec.height, spec.width, 3), tf.uint8),
    )


def _scale_keeping_ratio(image: tf.Tensor, size: tuple[int, int], *, cover: bool) -> tf.Tensor:
    """float32 [h, w, 3], scaled to cover ``size`` or to fit in it."""
    shape = tf.cast(tf.shape(image)[:2], tf.float64)
    ratios = tf.constant(size, tf.float64) / shape
    ratio = tf.reduce_max(ratios) if cover else tf.reduce_min(ratios)
    target = tf.maximum(tf.cast(tf.round(shape * ratio), tf.int32), 1)
    return tf.image.resize(image, target, antialias=True)
