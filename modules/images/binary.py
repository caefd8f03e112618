"""Numbers and parts of a file's bytes, read with TensorFlow ops alone."""

from collections.abc import Sequence

import tensorflow as tf

# Every byte as a string, to turn a number back into a byte.
_BYTES = [bytes([value]) for value in range(256)]


def part(content: tf.Tensor, at: tf.Tensor, size: tf.Tensor | int) -> tf.Tensor:
    """Some of the bytes, string []; fewer, or none, if the file ends before them.

    Args:
        content: string [].
        at: int32 [], where they start.
        size: how many.
    """
    inside = tf.clip_by_value(at, 0, tf.strings.length(content))
    return tf.strings.substr(content, inside, size)


def padded(content: tf.Tensor, size: int) -> tf.Tensor:
    """The bytes followed by zeros, so that a fixed number of bytes can be read anywhere."""
    return tf.strings.join([content, b"\0" * size])


def levels(content: tf.Tensor) -> tf.Tensor:
    """The bytes as int32 [n], each in [0, 255]."""
    return tf.cast(tf.io.decode_raw(content, tf.uint8), tf.int32)


def read(ready: tf.Tensor, at: tf.Tensor | int, size: int) -> tf.Tensor:
    """So many bytes as int32 [size]; the last of what is ``ready`` where they would lie beyond.

    Args:
        ready: string [], of at least ``size`` bytes.
        at: int32 [], not negative.
        size: how many.
    """
    inside = tf.minimum(at, tf.strings.length(ready) - size)
    return tf.ensure_shape(levels(tf.strings.substr(ready, inside, size)), (size,))


def number(parts: tf.Tensor, little: tf.Tensor | bool = True) -> tf.Tensor:
    """Unsigned numbers of a few bytes; of int32, one of four bytes may come out negative.

    Args:
        parts: int32 or int64 [..., n], each in [0, 255]; n is known, and at most 4.
        little: whether the least byte comes first.

    Returns:
        The same type, [...].
    """
    places = tf.constant([8 * i for i in range(parts.shape[-1])], parts.dtype)
    forward = tf.reduce_sum(tf.bitwise.left_shift(parts, places), axis=-1)
    if little is True:
        return forward
    backward = tf.reduce_sum(tf.bitwise.left_shift(parts, places[::-1]), axis=-1)
    return tf.where(little, forward, backward)


def replaced(content: tf.Tensor, at: tf.Tensor, values: Sequence[tf.Tensor | int]) -> tf.Tensor:
    """The bytes with some of them changed.

    Args:
        content: string [].
        at: int32 [], where the first of them is.
        values: the new values, each in [0, 255].
    """
    chosen = tf.strings.join([tf.gather(tf.constant(_BYTES), value) for value in values])
    behind = part(content, at + len(values), tf.strings.length(content))
    return tf.strings.join([part(content, tf.constant(0), at), chosen, behind])


def required(value: tf.Tensor, condition: tf.Tensor, problem: str) -> tf.Tensor:
    """The value itself.

    Args:
        value: of any type and shape.
        condition: bool [].
        problem: why the file cannot be decoded if the condition does not hold.

    Raises:
        tf.errors.InvalidArgumentError: if the condition does not hold when it is run.
    """
    check = tf.debugging.Assert(condition, [problem])  # None where it was run at once
    with tf.control_dependencies([check] if check is not None else []):
        return tf.identity(value)
