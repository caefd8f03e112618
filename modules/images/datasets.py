"""How ``tf.data`` is used here."""

from typing import Any

import tensorflow as tf


def untuned(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """The dataset with a fixed parallelism, for it and all datasets built on it.

    While ``tf.data`` tunes itself, one of its threads wakes at ever longer intervals, and an
    iterator at its end waits for that thread: sometimes 8 to 11 seconds at the end of an epoch.
    ``tf.data.AUTOTUNE`` then means one call for each thread.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)


def as_it_is(function: Any) -> Any:
    """A function for ``map`` that autograph does not convert; conversion takes seconds."""
    return tf.autograph.experimental.do_not_convert(function)
