"""Augments a training image: crop, flips, colour, RandAugment, and a user's own operations.

Every draw comes from the seed alone, so each thread, in each attempt, augments an image in the same
way. Evaluation and serving do not call this module.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import tensorflow as tf

from modules import plugins
from modules.errors import InputError
from modules.images.rand_augment import grey, mean_grey, rand_augment, to_levels
from modules.settings import Augmentation, PluginOptions
from modules.text import cause

# How far a crop's proportions may be from the image's (Szegedy et al. 2015, arXiv:1409.4842).
MAX_STRETCH = 4.0 / 3.0

OPERATIONS_KEY = "finetune.augmentation.operations"


@dataclass(frozen=True)
class Operation:
    """An operation on single images.

    Attributes:
        apply: takes an image, uint8 [h, w, 3], as many seeds as ``seeds``, int64 [2] each, and the
            value of its key in ``Augmentation``; gives uint8 [h, w, 3].
        seeds: the number of seeds that it takes.
    """

    apply: Callable[..., tf.Tensor]
    seeds: int = 1


def augment(image: tf.Tensor, seed: tf.Tensor, options: Augmentation) -> tf.Tensor:
    """Augments one image with the operations of ``TABLE`` that are on, in the table's order.

    A user's own operations come after these, in the order of the config. What one operation draws
    does not depend on the others.

    Args:
        image: uint8 [h, w, 3].
        seed: int32 or int64 [2]; the same seed augments in the same way.
        options: which operations, and how far each goes.

    Returns:
        uint8 [h, w, 3]; ``image`` itself when no operation on images is on.

    Raises:
        InputError: when a user's own operation cannot be loaded, or gives something else.
    """
    if not options.augments_images:
        return image
    count = sum(operation.seeds for operation in TABLE.values())
    seed = tf.cast(seed, tf.int64)
    seeds = iter(tf.unstack(tf.random.experimental.stateless_split(seed, count)))
    for name, operation in TABLE.items():
        own = [next(seeds) for _ in range(operation.seeds)]
        if options.is_on(name):
            image = operation.apply(image, *own, getattr(options, name))
    for place, plugin in enumerate(options.operations):
        image = _apply_plugin(image, tf.random.experimental.stateless_fold_in(seed, place), plugin)
    return image


def load_operation(plugin: PluginOptions) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    """A user's own operation, of an image and a seed.

    Raises:
        InputError: when it cannot be loaded or called.
    """
    function = plugins.load_callable(plugin.name, OPERATIONS_KEY, plugin.arguments, 2)
    return partial(function, **plugin.arguments)


def _apply_plugin(image: tf.Tensor, seed: tf.Tensor, plugin: PluginOptions) -> tf.Tensor:
    operation = load_operation(plugin)
    try:
        augmented: Any = tf.convert_to_tensor(operation(image, seed))
    except Exception as error:
        raise InputError(
            f"{OPERATIONS_KEY}: {plugin.name} failed: {type(error).__name__}: {cause(error)}; "
            "correct it"
        ) from error
    if augmented.dtype != tf.uint8 or not augmented.shape.is_compatible_with(image.shape):
        raise InputError(
            f"{OPERATIONS_KEY}: {plugin.name} turns uint8 {image.shape} into "
            f"{augmented.dtype.name} {augmented.shape}, must be uint8 of the same shape"
        )
    return tf.ensure_shape(augmented, image.shape)


def _flip(image: tf.Tensor, left_right: tf.Tensor, up_down: tf.Tensor, direction: str) -> tf.Tensor:
    """Mirrors half of the images in each direction that is asked for."""
    if direction in ("horizontal", "both"):
        image = tf.image.stateless_random_flip_left_right(image, left_right)
    if direction in ("vertical", "both"):
        image = tf.image.stateless_random_flip_up_down(image, up_down)
    return image


def random_crop(image: tf.Tensor, seed: tf.Tensor, least: float) -> tf.Tensor:
    """A random part of uint8 [h, w, 3], scaled back to h x w, bilinear."""
    start, size = crop_box(tf.shape(image)[:2], seed, least)
    part = image[start[0] : start[0] + size[0], start[1] : start[1] + size[1]]
    scaled = tf.image.resize(part, tf.shape(image)[:2])
    return tf.ensure_shape(to_levels(scaled), image.shape)


def crop_box(shape: tf.Tensor, seed: tf.Tensor, least: float) -> tuple[tf.Tensor, tf.Tensor]:
    """Draws where to crop (Szegedy et al. 2015, arXiv:1409.4842).

    The share of the area is uniform in [least, 1]. The logarithm of width / height, relative to the
    image's, is uniform in ± log ``MAX_STRETCH``. A box that would be wider or higher than the image
    gets the image's width or height and keeps its area. All places where it fits are equally
    likely. Sides are rounded to whole pixels.

    Args:
        shape: int32 [2], height and width of the image.
        seed: int32 or int64 [2].
        least: in (0, 1].

    Returns:
        The upper left corner and the size, each int32 [2] of rows and columns.
    """
    # In float64, so that the order of a graph's operations cannot move a side to the next pixel.
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

    Pillow's ``ImageEnhance`` defines them: brightness multiplies all levels, contrast moves them
    away from the mean grey, and saturation away from the pixel's own grey. All three are linear, so
    their order does not matter: they are one step, rounded and clipped once.

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


# By their keys in ``Augmentation``, in the order in which they are applied.
TABLE: dict[str, Operation] = {
    "crop": Operation(random_crop),
    "flip": Operation(_flip, seeds=2),
    "color": Operation(jitter),
    "rand_augment": Operation(rand_augment),
}
