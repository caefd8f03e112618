"""RandAugment: a few random operations on an image, all of the same strength.

Cubuk et al. 2019, arXiv:1909.13719. The fourteen operations and their ranges are those of
AutoAugment (Cubuk et al. 2018, arXiv:1805.09501, table 6), which took them from Pillow. If Pillow
has an operation, the result here differs from Pillow's by at most one level.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial

import tensorflow as tf

from modules.settings import RandAugment

# The level of areas that a geometric operation leaves uncovered, in every channel.
FILL = 128
# Luma of ITU-R BT.601, Pillow's grey.
_LUMA = (0.299, 0.587, 0.114)
_ROWS_AND_COLUMNS = (0, 1)

# An operation takes uint8 [h, w, 3], a strength in [0, 1], and the float32 [] sign, 1 or -1, that
# it uses if it can go either way.
Operation = Callable[[tf.Tensor, float, tf.Tensor], tf.Tensor]

OPERATIONS: dict[str, Operation] = {
    "identity": lambda image, level, sign: image,
    "autocontrast": lambda image, level, sign: autocontrast(image),
    "equalize": lambda image, level, sign: equalize(image),
    "rotate": lambda image, level, sign: rotate(image, sign * math.radians(30.0 * level)),
    "solarize": lambda image, level, sign: solarize(image, 256 - round(256 * level)),
    "color": lambda image, level, sign: color(image, 1.0 + sign * (0.9 * level)),
    "posterize": lambda image, level, sign: posterize(image, 8 - round(4 * level)),
    "contrast": lambda image, level, sign: contrast(image, 1.0 + sign * (0.9 * level)),
    "brightness": lambda image, level, sign: brightness(image, 1.0 + sign * (0.9 * level)),
    "sharpness": lambda image, level, sign: sharpness(image, 1.0 + sign * (0.9 * level)),
    "shear_x": lambda image, level, sign: shear(image, sign * (0.3 * level), 0.0),
    "shear_y": lambda image, level, sign: shear(image, 0.0, sign * (0.3 * level)),
    "translate_x": lambda image, level, sign: translate(image, sign * (150 / 331 * level), 0.0),
    "translate_y": lambda image, level, sign: translate(image, 0.0, sign * (150 / 331 * level)),
}


def rand_augment(image: tf.Tensor, seed: tf.Tensor, options: RandAugment) -> tf.Tensor:
    """Puts an image through ``options.layers`` operations, each drawn uniformly from all fourteen.

    Only the operations drawn are run.

    Args:
        image: uint8 [h, w, 3].
        seed: int32 or int64 [2]; the same seed draws the same operations and signs.
        options: how many operations and, of 10, how strong they are.

    Returns:
        uint8 [h, w, 3].
    """
    seeds = tf.random.experimental.stateless_split(tf.cast(seed, tf.int64), 2)
    count = [options.layers]
    drawn = tf.random.stateless_uniform(count, seeds[0], 0, len(OPERATIONS), tf.int32)
    coins = tf.random.stateless_uniform(count, seeds[1], 0, 2, tf.int32)
    signs = tf.cast(2 * coins - 1, tf.float32)
    shape = image.shape
    for layer in range(options.layers):
        branches = [
            partial(operation, image, options.magnitude / 10.0, signs[layer])
            for operation in OPERATIONS.values()
        ]
        image = tf.ensure_shape(tf.switch_case(drawn[layer], branches), shape)
    return image


def autocontrast(image: tf.Tensor) -> tf.Tensor:
    """Stretches each channel to [0, 255]; a channel with a single level stays the same."""
    pixels = tf.cast(image, tf.float32)
    low = tf.reduce_min(pixels, _ROWS_AND_COLUMNS)
    high = tf.reduce_max(pixels, _ROWS_AND_COLUMNS)
    flat = tf.equal(low, high)
    scale = 255.0 / tf.where(flat, 255.0, high - low)
    return to_levels((pixels - tf.where(flat, 0.0, low)) * scale)


def equalize(image: tf.Tensor) -> tf.Tensor:
    """Spreads the levels of each channel so that all are about as frequent, as Pillow does.

    The level v becomes (n(v) + s // 2) // s, n(v) being how many pixels are darker and s the number
    of those below the highest level that occurs // 255. A channel with s = 0 is left as it is.
    """
    # Each channel has 256 entries of one long table, which saves transposing and needs one look-up.
    places = tf.cast(image, tf.int32) + tf.constant([0, 256, 512])
    counts = tf.raw_ops.DenseBincount(
        input=tf.reshape(places, [-1]), size=768, weights=tf.zeros([0], tf.int32)
    )
    counts = tf.reshape(counts, [3, 256])
    darker = tf.cumsum(counts, axis=1, exclusive=True)
    levels = tf.tile(tf.range(256)[tf.newaxis], [3, 1])
    highest = tf.reduce_max(tf.where(counts > 0, levels, 0), axis=1, keepdims=True)
    step = tf.gather(darker, highest, axis=1, batch_dims=1) // 255
    spread = tf.minimum((darker + step // 2) // tf.maximum(step, 1), 255)
    table = tf.cast(tf.where(step > 0, spread, levels), tf.uint8)
    return tf.gather(tf.reshape(table, [-1]), places)


def solarize(image: tf.Tensor, threshold: int) -> tf.Tensor:
    """Inverts all levels from ``threshold``, in [0, 256], upwards."""
    bright = tf.cast(image, tf.int32) >= threshold
    # Flipping all bits is inverting, and takes a third of the time of tf.where.
    return tf.bitwise.bitwise_xor(image, tf.cast(bright, tf.uint8) * 255)


def posterize(image: tf.Tensor, bits: int) -> tf.Tensor:
    """Keeps the highest ``bits``, in [1, 8], of each level."""
    return tf.bitwise.bitwise_and(image, tf.constant(256 - (1 << (8 - bits)), tf.uint8))


def color(image: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Moves all pixels away from their grey; 0 makes the image grey, 1 leaves it."""
    pixels = tf.cast(image, tf.float32)
    return _blend(grey(pixels), pixels, factor)


def contrast(image: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Moves all pixels away from the image's mean grey; 0 makes the image flat, 1 leaves it."""
    return _blend(tf.round(mean_grey(image)), tf.cast(image, tf.float32), factor)


def brightness(image: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Multiplies all levels; 0 makes the image black, 1 leaves it."""
    return to_levels(tf.cast(image, tf.float32) * factor)


def sharpness(image: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Moves all pixels away from a smoothed image; 0 smoothes, 1 leaves the image.

    A pixel is smoothed with its eight neighbours and weighs five times as much as each, as in
    Pillow. Pillow leaves the border as it is; here the mean of the existing neighbours stands for
    all.
    """
    pixels = tf.cast(image, tf.float32)
    means = tf.nn.avg_pool2d(pixels[tf.newaxis], ksize=3, strides=1, padding="SAME")[0]
    return _blend(tf.round(means * (9 / 13) + pixels * (4 / 13)), pixels, factor)


def rotate(image: tf.Tensor, radians: tf.Tensor | float) -> tf.Tensor:
    """Turns the image about its middle, counter-clockwise."""
    angle = tf.cast(radians, tf.float64)
    cosine, sine = tf.cos(angle), tf.sin(angle)
    return _warp(image, ((cosine, -sine), (sine, cosine)))


def shear(image: tf.Tensor, x: tf.Tensor | float, y: tf.Tensor | float) -> tf.Tensor:
    """Slants the image: each row is moved ``x`` pixels further left than the row above.

    Each column is moved ``y`` pixels further up than the column to its left. The middle stays in
    place, rather than a corner, because the subject is usually there.
    """
    return _warp(image, ((1.0, x), (y, 1.0)))


def translate(image: tf.Tensor, x: tf.Tensor | float, y: tf.Tensor | float) -> tf.Tensor:
    """Moves the image left and up by shares of its sides; by whole pixels, so nothing blurs."""
    sides = tf.cast(tf.shape(image)[:2], tf.float64)
    shares = tf.cast(tf.stack([x, y]), tf.float64)
    return _warp(image, ((1.0, 0.0), (0.0, 1.0)), tf.unstack(tf.round(shares * sides[::-1])))


def grey(pixels: tf.Tensor) -> tf.Tensor:
    """Float32 [h, w, 3] to its luma, float32 [h, w, 1]."""
    red, green, blue = (pixels[..., i : i + 1] * _LUMA[i] for i in range(3))
    return red + green + blue


def mean_grey(image: tf.Tensor) -> tf.Tensor:
    """The mean luma of uint8 [h, w, 3], float32 [].

    The sums are integers, because a sum of floats would depend on how threads share the work.
    """
    sums = tf.cast(tf.reduce_sum(tf.cast(image, tf.int64), _ROWS_AND_COLUMNS), tf.float64)
    count = tf.cast(tf.reduce_prod(tf.shape(image)[:2]), tf.float64)
    return tf.cast(tf.reduce_sum(sums * tf.constant(_LUMA, tf.float64)) / count, tf.float32)


def to_levels(pixels: tf.Tensor) -> tf.Tensor:
    """Float32 to uint8 of the same shape: rounded, and clipped to [0, 255]."""
    return tf.cast(tf.round(tf.clip_by_value(pixels, 0.0, 255.0)), tf.uint8)


def _blend(start: tf.Tensor, end: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """From ``start`` at factor 0 through ``end`` at 1, and beyond, as uint8."""
    return to_levels(start + (end - start) * factor)


_Pair = Sequence[tf.Tensor | float]


def _warp(image: tf.Tensor, matrix: tuple[_Pair, _Pair], offset: _Pair = (0.0, 0.0)) -> tf.Tensor:
    """Each pixel p, as (x, y), becomes what is at matrix (p - c) + c + offset, c being the middle.

    Bilinear; what lies outside is ``FILL``. The eight numbers are computed in float64: graphs
    may reorder sums and products, and the differences must not reach a pixel.
    """
    size = tf.shape(image)[:2]
    middle = (tf.cast(size[::-1], tf.float64) - 1.0) / 2.0
    numbers: list[tf.Tensor] = []
    for i, row in enumerate(matrix):
        x, y = (tf.cast(factor, tf.float64) for factor in row)
        numbers += [x, y, middle[i] - x * middle[0] - y * middle[1] + offset[i]]
    numbers += [tf.zeros([], tf.float64)] * 2
    warped = tf.raw_ops.ImageProjectiveTransformV3(
        images=tf.cast(image, tf.float32)[tf.newaxis],
        transforms=tf.cast(tf.stack(numbers), tf.float32)[tf.newaxis],
        output_shape=size,
        fill_value=float(FILL),
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )
    return to_levels(warped[0])
