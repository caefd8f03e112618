"""How ``tf.data`` is used here."""

from typing import Any

import tensorflow as tf


def untuned(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """A dataset, and all that are made of it, whose parallelism is chosen once.

    Where ``tf.data`` tunes itself, a thread of it reconsiders ever more seldom, and an iterator
    that is done waits for its next turn: now and then eight to eleven seconds at an epoch's end.
    ``tf.data.AUTOTUNE`` then means as many calls as there are threads.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)


def as_it_is(function: Any) -> Any:
    """A function for ``map`` without control flow of Python; looking for it takes seconds."""
    return tf.autograph.experimental.do_not_convert(function)
