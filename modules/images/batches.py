"""A stage's training batches: shuffled, augmented and mixed, in the same way in every attempt."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from modules.images.augmentation import augment
from modules.images.datasets import as_it_is, untuned
from modules.images.feature_cache import Table
from modules.images.mixing import mix
from modules.settings import Augmentation, Stage

_SEEDS = 5  # drawn for each epoch: one for the order, and two each for augmentation and mixing


class TrainingBatches:
    """Batches of one stage, epoch by epoch.

    An epoch depends only on the seed, the stage's number and its own number, so a run that
    continues after a kill sees the same batches as a run that was not killed.

    Args:
        labels: of the images to learn from, int64 [count].
        stage: its batch size and augmentation.
        classes: how many there are.
        seed: the schedule's seed and the stage's number.
    """

    def __init__(
        self, labels: npt.NDArray[np.int64], stage: Stage, classes: int, seed: tuple[int, int]
    ) -> None:
        self._targets = tf.one_hot(labels, classes)
        self._size, self._seed = stage.batch_size, seed
        self._options = stage.augmentation
        # Each epoch assigns its values to these variables, so that the dataset is built only once.
        self._order = tf.Variable(tf.zeros((len(labels),), tf.int64), trainable=False)
        self._seeds = tf.Variable(tf.zeros((_SEEDS,), tf.int64), trainable=False)
        self._datasets: dict[int, tf.data.Dataset] = {}

    @property
    def count(self) -> int:
        """How many images an epoch has."""
        return int(self._order.shape[0])

    @property
    def steps(self) -> int:
        """How many batches an epoch has."""
        return -(-self.count // self._size)

    def epoch(self, number: int, table: Table, *, pixels: bool = True) -> tf.data.Dataset:
        """One pass: the rows of ``table``, and float32 [n, classes]; the last may be smaller.

        Args:
            number: from 1.
            table: a row for each image, in the order of the labels.
            pixels: whether the table holds images, uint8 [height, width, 3], to be augmented
                and mixed; anything else stays as it is.
        """
        seeds = self._drawn(number)
        self._seeds.assign(seeds)
        self._order.assign(np.random.default_rng(seeds[0]).permutation(self.count))
        if id(table) not in self._datasets:
            self._datasets = {id(table): self._dataset(table, pixels)}
        return self._datasets[id(table)]

    def variant(self, number: int, images: tf.data.Dataset) -> tf.data.Dataset:
        """All images in order, each augmented as in epoch ``number``: uint8 [height, width, 3]."""
        augmented, seeds = traced(self._options), tf.constant(self._drawn(number)[1:3])
        return images.enumerate().map(
            as_it_is(lambda place, pixels: augmented(pixels, seeds + tf.stack([0, place]))),
            num_parallel_calls=tf.data.AUTOTUNE,
        )

    def _drawn(self, number: int) -> npt.NDArray[np.int64]:
        state = np.random.SeedSequence([*self._seed, number]).generate_state(_SEEDS)
        return state.astype(np.int64) & 0x7FFFFFFF

    def _dataset(self, table: Table, pixels: bool) -> tf.data.Dataset:
        options = self._options if pixels else Augmentation()
        if options.augments_images:
            rows = self._augmented(table, options)
        else:
            rows = tf.data.Dataset.range(self.steps).map(
                as_it_is(lambda step: self._rows(table, self._places(step)))
            )
        if options.mixes:
            rows = rows.enumerate().map(
                as_it_is(lambda step, batch: self._mixed(step, batch, options)),
                num_parallel_calls=tf.data.AUTOTUNE,
            )
        return untuned(rows).prefetch(2)

    def _places(self, step: tf.Tensor) -> tf.Tensor:
        start = step * self._size
        return self._order[start : tf.minimum(start + self._size, self.count)]

    def _rows(self, table: Table, places: tf.Tensor) -> tuple[tuple[tf.Tensor, ...], tf.Tensor]:
        return table.take(places), tf.gather(self._targets, places)

    def _augmented(self, table: Table, options: Augmentation) -> tf.data.Dataset:
        augmented = traced(options)

        def image_at(place: tf.Tensor) -> tuple[tuple[tf.Tensor, ...], tf.Tensor]:
            ((pixels,), target) = self._rows(table, self._order[place])
            seed = self._seeds[1:3] + tf.stack([0, self._order[place]])
            return (augmented(pixels, seed),), target

        images = tf.data.Dataset.range(self.count).map(
            as_it_is(image_at), num_parallel_calls=tf.data.AUTOTUNE
        )
        return images.batch(self._size)

    def _mixed(
        self, step: tf.Tensor, batch: tuple[tuple[tf.Tensor, ...], tf.Tensor], options: Augmentation
    ) -> tuple[tuple[tf.Tensor, ...], tf.Tensor]:
        (images,), targets = batch
        seed = self._seeds[3:5] + tf.stack([0, step])
        images, targets = mix(images, targets, seed, options)
        return (images,), targets


def traced(options: Augmentation) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    """``augment`` with these options as a function of an image and a seed, traced once."""
    return tf.function(  # type: ignore[no-any-return]
        lambda image, seed: augment(image, seed, options), autograph=False, reduce_retracing=True
    )
