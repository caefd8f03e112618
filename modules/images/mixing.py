"""Mixes the images of a batch with each other: mixup and CutMix."""

from functools import partial

import tensorflow as tf

from modules.settings import Augmentation

Mixed = tuple[tf.Tensor, tf.Tensor]


def mix(
    images: tf.Tensor, targets: tf.Tensor, seed: tf.Tensor, options: Augmentation
) -> tuple[tf.Tensor, tf.Tensor]:
    """Mixes each image with another of the batch, by a random permutation, and so its target.

    The share lambda that an image keeps is one number for the batch, of Beta(alpha, alpha). The
    permutation may leave an image in its place, which then stays the same.

    Args:
        images: uint8 [n, h, w, 3].
        targets: float32 [n, classes], each row a distribution.
        seed: int32 or int64 [2]; the same seed mixes the same way.
        options: which of ``TABLE``; with several, one of them is drawn for the batch.

    Returns:
        The images, uint8 [n, h, w, 3], and targets, float32 [n, classes]; the arguments
        themselves when ``options`` mixes nothing.
    """
    names = [name for name in TABLE if options.is_on(name)]
    if not names:
        return images, targets
    seeds = tf.random.experimental.stateless_split(tf.cast(seed, tf.int64), 3)
    order = tf.random.experimental.stateless_shuffle(tf.range(tf.shape(images)[0]), seeds[0])
    batch = images, targets
    others = tf.gather(images, order), tf.gather(targets, order)
    branches = [
        partial(TABLE[name], batch, others, seeds[1], getattr(options, name)) for name in names
    ]
    if len(branches) == 1:
        return branches[0]()
    drawn = tf.random.stateless_uniform([], seeds[2]) * len(branches)
    mixed, weights = tf.switch_case(tf.cast(drawn, tf.int32), branches)
    return tf.ensure_shape(mixed, images.shape), tf.ensure_shape(weights, targets.shape)


def _mixup(batch: Mixed, others: Mixed, seed: tf.Tensor, alpha: float) -> Mixed:
    return mixup(batch, others, beta(seed, alpha))


def _cutmix(batch: Mixed, others: Mixed, seed: tf.Tensor, alpha: float) -> Mixed:
    first, second = tf.unstack(tf.random.experimental.stateless_split(seed, 2))
    return cutmix(batch, others, beta(first, alpha), second)


def mixup(batch: Mixed, others: Mixed, share: tf.Tensor) -> Mixed:
    """``share`` of the batch and the rest of ``others`` (Zhang et al. 2018, arXiv:1710.09412).

    Args:
        batch: uint8 [n, h, w, 3] and float32 [n, classes].
        others: the images and targets to mix in, of the same shapes.
        share: float32 [], in [0, 1].

    Returns:
        Of the same shapes; pixels are rounded to whole levels.
    """
    pixels, partners = tf.cast(batch[0], tf.float32), tf.cast(others[0], tf.float32)
    mixed = tf.cast(tf.round(partners + share * (pixels - partners)), tf.uint8)
    return mixed, share * batch[1] + (1.0 - share) * others[1]


def cutmix(batch: Mixed, others: Mixed, share: tf.Tensor, seed: tf.Tensor) -> Mixed:
    """The batch with a box, the same in all, out of ``others`` (Yun et al. 2019, arXiv:1905.04899).

    The box has the image's proportions and 1 - ``share`` of its area. Its middle may be any pixel;
    the part beyond the image is cut off, and targets are mixed by the remaining area.

    Args:
        batch: uint8 [n, h, w, 3] and float32 [n, classes].
        others: the images and targets that the box is taken from, of the same shapes.
        share: float32 [], in [0, 1].
        seed: int32 or int64 [2], for the middle.

    Returns:
        Of the same shapes.
    """
    size = tf.shape(batch[0])[1:3]
    sides = tf.cast(size, tf.float32)
    box = tf.cast(sides * tf.sqrt(1.0 - share), tf.int32)
    middle = tf.cast(tf.random.stateless_uniform([2], seed) * sides, tf.int32)
    start = tf.maximum(middle - box // 2, 0)
    stop = tf.minimum(middle - box // 2 + box, size)
    rows, columns = (
        (tf.range(size[i]) >= start[i]) & (tf.range(size[i]) < stop[i]) for i in range(2)
    )
    inside = rows[:, tf.newaxis, tf.newaxis] & columns[tf.newaxis, :, tf.newaxis]
    cut = tf.cast(tf.reduce_prod(stop - start), tf.float32) / tf.reduce_prod(sides)
    return _choose(inside, batch[0], others[0]), (1.0 - cut) * batch[1] + cut * others[1]


def _choose(inside: tf.Tensor, images: tf.Tensor, others: tf.Tensor) -> tf.Tensor:
    """``others`` where bool [h, w, 1] says so, else ``images``, both uint8 [n, h, w, 3].

    By bits: tf.where takes seven times as long, a mask of one channel four times.
    """
    mask = tf.broadcast_to(tf.cast(inside, tf.uint8) * 255, tf.shape(images)[1:])
    return images ^ ((images ^ others) & mask)


def beta(seed: tf.Tensor, alpha: float) -> tf.Tensor:
    """One number of Beta(alpha, alpha), alpha > 0: float32 [], in [0, 1].

    It is a / (a + b), a and b being of Gamma(alpha). They are computed as logarithms, from
    Gamma(alpha + 1) times U ** (1 / alpha) (Marsaglia and Tsang 2000, doi:10.1145/358407.358414):
    with a small alpha, both would round to zero.
    """
    seeds = tf.random.experimental.stateless_split(seed, 2)
    above = tf.random.stateless_gamma([2], seeds[0], alpha + 1.0)
    uniform = 1.0 - tf.random.stateless_uniform([2], seeds[1])  # in (0, 1]: its logarithm is finite
    logs = tf.math.log(above) + tf.math.log(uniform) * (1.0 / alpha)
    return tf.sigmoid(logs[0] - logs[1])


# By their keys in ``Augmentation``. Each takes a batch, what is mixed in, a seed and its alpha.
TABLE = {"mixup": _mixup, "cutmix": _cutmix}
