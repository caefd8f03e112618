r"""EXIF orientation, read with TensorFlow ops alone so that it survives export.

TensorFlow's decoders ignore the tag, and a ``py_function`` cannot be served. Layout of the file:
JPEG (ITU-T T.81, annex B) holds segments ``FF marker length``; EXIF (CIPA DC-008, 4.5) lies in an
APP1 segment as ``Exif\\0\\0`` and a TIFF file, whose first directory holds tag 0x0112, a SHORT.
"""

import tensorflow as tf

_APP1 = 0xE1
_START_OF_SCAN = 0xDA
_ORIENTATION = 0x0112
# Segments and directory entries that are looked at; more than any camera writes before the tag.
_MAX_SEGMENTS = 32
_MAX_ENTRIES = 256
# APP1 holds at most 64 KiB, and stands among the first segments.
_HEADER_BYTES = 1 << 18


def orientation(image_bytes: tf.Tensor) -> tf.Tensor:
    """The EXIF orientation of one encoded image.

    Args:
        image_bytes: string [], any bytes.

    Returns:
        int32 [], 1 to 8; 1 (upright) for an image without the tag and for any that is no JPEG.
    """
    head = tf.strings.substr(image_bytes, 0, 2)
    return tf.cond(
        tf.equal(head, b"\xff\xd8"),
        lambda: _jpeg_orientation(
            tf.io.decode_raw(tf.strings.substr(image_bytes, 0, _HEADER_BYTES), tf.uint8)
        ),
        lambda: tf.constant(1),
    )


def upright(image: tf.Tensor, value: tf.Tensor) -> tf.Tensor:
    """Turns an image so that it stands as it was taken.

    Args:
        image: [height, width, channels].
        value: int32 [], an EXIF orientation.

    Returns:
        The same pixels; height and width change places for orientations 5 to 8.
    """
    image = tf.cond(value >= 5, lambda: tf.transpose(image, [1, 0, 2]), lambda: image)
    image = tf.cond(_among(value, 2, 3, 6, 7), lambda: tf.reverse(image, [1]), lambda: image)
    return tf.cond(_among(value, 3, 4, 7, 8), lambda: tf.reverse(image, [0]), lambda: image)


def _among(value: tf.Tensor, *members: int) -> tf.Tensor:
    return tf.reduce_any(tf.equal(value, tf.constant(members)))


def _byte(data: tf.Tensor, at: tf.Tensor) -> tf.Tensor:
    """The byte at an offset as int32, 0 beyond the end."""
    inside = tf.logical_and(at >= 0, at < tf.size(data))
    return tf.cond(inside, lambda: tf.cast(data[at], tf.int32), lambda: tf.constant(0))


def _number(data: tf.Tensor, at: tf.Tensor, size: int, little: tf.Tensor) -> tf.Tensor:
    """An unsigned number of ``size`` bytes; a four-byte one is cut to 31 bits."""
    forward = tf.stack([_byte(data, at + i) for i in range(size)])
    most_significant_first = tf.cond(little, lambda: tf.reverse(forward, [0]), lambda: forward)
    total = tf.constant(0)
    for i in range(size):
        byte = most_significant_first[i]
        total = total * 256 + (tf.bitwise.bitwise_and(byte, 0x7F) if size == 4 and i == 0 else byte)
    return total


def _jpeg_orientation(data: tf.Tensor) -> tf.Tensor:
    """int32 []: walks the segments up to APP1 with EXIF; data is uint8 [n]."""
    big = tf.constant(False)

    def is_exif(at: tf.Tensor) -> tf.Tensor:
        name = tf.stack([_byte(data, at + 4 + i) for i in range(6)])
        return tf.logical_and(
            tf.equal(_byte(data, at + 1), _APP1),
            tf.reduce_all(tf.equal(name, tf.constant(list(b"Exif\0\0")))),
        )

    def goes_on(at: tf.Tensor) -> tf.Tensor:
        marker = tf.logical_and(
            tf.equal(_byte(data, at), 0xFF), tf.not_equal(_byte(data, at + 1), _START_OF_SCAN)
        )
        return tf.logical_and(marker, tf.logical_not(is_exif(at)))

    (at,) = tf.while_loop(
        goes_on,
        lambda at: (at + 2 + _number(data, at + 2, 2, big),),
        (tf.constant(2),),
        maximum_iterations=_MAX_SEGMENTS,
    )
    return tf.cond(
        tf.logical_and(tf.equal(_byte(data, at), 0xFF), is_exif(at)),
        lambda: _tiff_orientation(data, at + 10),
        lambda: tf.constant(1),
    )


def _tiff_orientation(data: tf.Tensor, start: tf.Tensor) -> tf.Tensor:
    """int32 []: the tag's value in the first directory of the TIFF file at ``start``."""
    little = tf.equal(_byte(data, start), ord("I"))
    directory = start + _number(data, start + 4, 4, little)
    entries = tf.minimum(_number(data, directory, 2, little), _MAX_ENTRIES)

    def entry(index: tf.Tensor) -> tf.Tensor:
        return directory + 2 + 12 * index

    (index,) = tf.while_loop(
        lambda index: tf.logical_and(
            index < entries,
            tf.not_equal(_number(data, entry(index), 2, little), _ORIENTATION),
        ),
        lambda index: (index + 1,),
        (tf.constant(0),),
    )
    value = _number(data, entry(index) + 8, 2, little)
    known = tf.logical_and(index < entries, tf.logical_and(value >= 1, value <= 8))
    return tf.cond(known, lambda: value, lambda: tf.constant(1))
