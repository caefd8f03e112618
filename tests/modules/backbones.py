"""Small modules in Hub's reusable form, written on the spot."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

SIZE = 8
IMAGES = tf.TensorSpec((None, SIZE, SIZE, 3), tf.float32)


def reusable(
    forward: Callable[[tf.Tensor], tf.Tensor],
    variables: Sequence[tf.Variable],
    trainable: Sequence[tf.Variable] | None = None,
) -> Any:
    """A module whose call has no ``training`` argument."""
    module = tf.train.Checkpoint(
        variables=list(variables),
        trainable_variables=list(variables if trainable is None else trainable),
        regularization_losses=[],
    )
    module.__call__ = tf.function(forward, input_signature=[IMAGES])
    return module


def reversed_order() -> Any:
    """Two dense layers, tracked in the reverse of the order that they are read in.

    A third variable is read by nothing.
    """
    last = tf.Variable(tf.ones((4, 2)), name="zz/kernel")
    first = tf.Variable(tf.ones((SIZE * SIZE * 3, 4)), name="aa/kernel")
    unread = tf.Variable(tf.ones((2,)), name="unread/bias")

    @tf.function
    def inner(flat: tf.Tensor) -> tf.Tensor:
        return tf.nn.relu(flat @ first) @ last

    return reusable(
        lambda images: inner(tf.reshape(images, (-1, SIZE * SIZE * 3))), [last, first, unread]
    )


def save(module: Any, folder: Path) -> str:
    """Writes a module; returns the folder as a handle."""
    tf.saved_model.save(module, str(folder))
    return str(folder)
