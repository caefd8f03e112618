"""A stage's training batches: shuffled, varied and mixed, the same way in every attempt."""

import numpy as np
import tensorflow as tf

from modules.images.augmentation import augment
from modules.images.inputs import Images
from modules.images.mixing import mix
from modules.settings import Stage


class TrainingBatches:
    """Batches of one stage, epoch by epoch.

    What an epoch holds depends on the seed, the stage's number and the epoch's alone, so that a
    run that goes on after it was killed sees what it would have seen.

    Args:
        images: to learn from.
        stage: its batch size and augmentation.
        classes: how many there are.
        seed: the schedule's seed and the stage's number.
    """

    def __init__(self, images: Images, stage: Stage, classes: int, seed: tuple[int, int]) -> None:
        self._images, self._stage, self._classes, self._seed = images, stage, classes, seed
        options = stage.augmentation
        # Traced once, not once an epoch.
        self._vary = tf.function(
            lambda image, seed: augment(image, seed, options),
            autograph=False,
            reduce_retracing=True,
        )
        self._mix = tf.function(
            lambda images, targets, seed: mix(images, targets, seed, options), reduce_retracing=True
        )

    @property
    def steps(self) -> int:
        """How many batches an epoch has."""
        return -(-self._images.count // self._stage.batch_size)

    def epoch(self, number: int) -> tf.data.Dataset:
        """One pass: (uint8 [n, height, width, 3], float32 [n, classes]); the last may be smaller.

        Images that do not fit into memory are shuffled among as many as do, the files being
        shuffled already.
        """
        state = np.random.SeedSequence([*self._seed, number]).generate_state(5)
        order, vary, vary_more, mixing, mix_more = (int(one) & 0x7FFFFFFF for one in state)
        dataset = self._images.dataset.shuffle(
            self._images.held, seed=order, reshuffle_each_iteration=False
        )
        if self._stage.augmentation.varies_images:
            dataset = dataset.enumerate().map(
                lambda place, row: (self._vary(row[0], _seed(vary, vary_more + place)), row[1]),
                num_parallel_calls=tf.data.AUTOTUNE,
            )
        dataset = dataset.batch(self._stage.batch_size).map(
            lambda images, labels: (images, tf.one_hot(labels, self._classes))
        )
        if self._stage.augmentation.mixes:
            dataset = dataset.enumerate().map(
                lambda place, row: self._mix(*row, _seed(mixing, mix_more + place)),
                num_parallel_calls=tf.data.AUTOTUNE,
            )
        return dataset.prefetch(2)


def _seed(first: int, second: tf.Tensor) -> tf.Tensor:
    """A seed for stateless operations, int64 [2]."""
    return tf.stack([tf.constant(first, tf.int64), second])
