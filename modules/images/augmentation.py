"""Varies a training image: crop, flips, colour, RandAugment.

All is drawn from the seed alone, so an image is varied the same way by whichever thread, in
whichever attempt. Evaluation and serving never come here.
"""

import math

import tensorflow as tf

from modules.images.rand_augment import grey, mean_grey, rand_augment, to_levels
from modules.settings import Augmentation

# How far a crop's proportions may be from the image's (Szegedy et al. 2015, arXiv:1409.4842).
MAX_STRETCH = 4.0 / 3.0


def augment(image: tf.Tensor, seed: tf.Tensor, options: Augmentation) -> tf.Tensor:
    """Varies one image: cropped, then flipped, then coloured, then by RandAugment.

    What one option draws does not depend on the others.

    Args:
        image: uint8 [h, w, 3].
        seed: int32 or int64 [2]; the same seed varies the same way.
        options: what is varied, and how far.

    Returns:
        uint8 [h, w, 3]; ``image`` itself when ``options`` varies no images.
    """
    if not options.varies_images:
        return image
    seeds = tf.unstack(tf.random.experimental.stateless_split(tf.cast(seed, tf.int64), 5))
    if options.crop < 1.0:
        image = random_crop(image, seeds[0], options.crop)
    if options.flip in ("horizontal", "both"):
        image = tf.image.stateless_random_flip_left_right(image, seeds[1])
    if options.flip in ("vertical", "both"):
        image = tf.image.stateless_random_flip_up_down(image, seeds[2])
    if options.color:
        image = jitter(image, seeds[3], options.color)
    if options.rand_augment is not None:
        image = rand_augment(image, seeds[4], options.rand_augment)
    return image


def random_crop(image: tf.Tensor, seed: tf.Tensor, least: float) -> tf.Tensor:
    """A random part of uint8 [h, w, 3], scaled back to h x w, bilinear."""
    start, size = crop_box(tf.shape(image)[:2], seed, least)
    part = image[start[0] : start[0] + size[0], start[1] : start[1] + size[1]]
    scaled = tf.image.resize(part, tf.shape(image)[:2])
    return tf.ensure_shape(to_levels(scaled), image.shape)


def crop_box(shape: tf.Tensor, seed: tf.Tensor, least: float) -> tuple[tf.Tensor, tf.Tensor]:
    """Draws where to crop (Szegedy et al. 2015, arXiv:1409.4842).

    The share of the area is uniform in [least, 1]. The logarithm of width / height, in units of the
    image's own, is uniform within that of ``MAX_STRETCH`` to either side; a box that would be
    wider or higher than the image is as wide, or high, and keeps its area. Any place that it fits
    in is as likely. Sides are rounded to whole pixels.

    Args:
        shape: int32 [2], height and width of the image.
        seed: int32 or int64 [2].
        least: in (0, 1].

    Returns:
        The upper left corner and the size, each int32 [2] of rows and columns.
    """
    # Of float64, so that no graph's way of reckoning can move a side to the next pixel.
    drawn = tf.random.stateless_uniform([4], seed, dtype=tf.float64)
    share = least + (1.0 - least) * drawn[0]
    stretch = tf.exp(math.log(MAX_STRETCH) * (2.0 * drawn[1] - 1.0))
    stretch = tf.clip_by_value(stretch, share, 1.0 / share)
    sides = tf.cast(shape, tf.float64) * tf.sqrt(tf.stack([share / stretch, share * stretch]))
    size = tf.clip_by_value(tf.cast(tf.round(sides), tf.int32), 1, shape)
    start = tf.cast(drawn[2:] * tf.cast(shape - size + 1, tf.float64), tf.int32)
    return start, size


def jitter(image: tf.Tensor, seed: tf.Tensor, most: float) -> tf.Tensor:
    """Changes brightness, contrast and saturation, each by a factor in [1 - most, 1 + most].

    As Pillow's ``ImageEnhance`` defines them: brightness multiplies all levels, contrast moves
    them away from the mean grey, and saturation from the pixel's own. All three are linear, so
    their order does not matter and they are one step, rounded and clipped once.

    Args:
        image: uint8 [h, w, 3].
        seed: int32 or int64 [2].
        most: in [0, 1].

    Returns:
        uint8 [h, w, 3].
    """
    factors = tf.random.stateless_uniform([3], seed, 1.0 - most, 1.0 + most)
    return enhance(image, *tf.unstack(factors))


def enhance(
    image: tf.Tensor, brightness: tf.Tensor, contrast: tf.Tensor, saturation: tf.Tensor
) -> tf.Tensor:
    """uint8 [h, w, 3] with the three factors of ``jitter`` applied, each float32 []."""
    pixels = tf.cast(image, tf.float32)
    own = pixels * saturation + grey(pixels) * (1.0 - saturation)
    return to_levels(brightness * (own * contrast + mean_grey(image) * (1.0 - contrast)))
