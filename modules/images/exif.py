r"""EXIF orientation, read with TensorFlow ops alone so that it survives export.

TensorFlow's decoders ignore the tag, and a ``py_function`` cannot be served. EXIF (CIPA DC-008,
4.5) is a TIFF file, whose first directory holds tag 0x0112. In a JPEG it lies in an APP1 segment,
behind ``Exif\0\0``; in a PNG in the chunk eXIf (PNG, third edition, 11.3.4.5).
"""

import tensorflow as tf

from modules.images import binary

_ORIENTATION = 0x0112
_PREFIX = b"Exif\0\0"
_MAGIC = 42  # in TIFF's header, as two bytes
# TIFF's types for whole numbers: SHORT, LONG, SSHORT and SLONG; the first and third are short.
_SHORTS, _LONGS = (3, 8), (4, 9)

_APP1 = 0xE1
# How many segments of a JPEG, and bytes between them, are skipped at a time.
_MAX_STEPS = 4096


def _steps() -> list[tuple[int, int, int]]:
    """What follows each marker of a JPEG (ITU-T T.81, B.1.1).

    For each second byte: how far to go, whether the length of a segment is added, and whether it
    is the last that is looked at.
    """
    rows = [(2, 1, 0)] * 256
    rows[0xFF] = (1, 0, 0)  # a fill byte
    for alone in (0x00, 0x01, *range(0xD0, 0xD9)):
        rows[alone] = (2, 0, 0)
    for last in (0xD9, 0xDA):  # the end of the image, or the start of its scan
        rows[last] = (0, 0, 1)
    return rows


_STEPS = _steps()


def of_jpeg(content: tf.Tensor) -> tf.Tensor:
    """The EXIF orientation of a JPEG.

    Args:
        content: string [], any bytes.

    Returns:
        int32 [], 1 to 8; 1 (upright) for an image without the tag.
    """
    steps = tf.constant(_STEPS)
    ready = binary.padded(content, 10)
    length = tf.strings.length(content)

    def walk(at: tf.Tensor, start: tf.Tensor, ended: tf.Tensor) -> tuple[tf.Tensor, ...]:
        del start, ended
        head = tf.strings.substr(ready, at, 10)
        values = tf.ensure_shape(binary.levels(head), (10,))
        size = values[2] * 256 + values[3]
        is_marker = tf.equal(values[0], 0xFF)
        step = tf.where(is_marker, tf.gather(steps, values[1]), tf.constant((1, 0, 0)))
        is_exif = tf.equal(tf.strings.substr(head, 4, 6), _PREFIX)
        is_exif &= is_marker & tf.equal(values[1], _APP1)
        after = at + step[0] + step[1] * size
        ended = is_exif | tf.equal(step[2], 1) | (after >= length)
        # The end of the segment with EXIF follows from where the next segment starts.
        return after, tf.where(is_exif, at + 10, -1), ended

    end, start, _ = tf.while_loop(
        lambda at, start, ended: tf.logical_not(ended),
        walk,
        (tf.constant(2), tf.constant(-1), length < 2),
        maximum_iterations=_MAX_STEPS,
    )
    return tf.cond(
        start >= 0,
        lambda: of_tiff(binary.part(content, start, tf.maximum(end - start, 0))),
        lambda: tf.constant(1),
    )


def of_tiff(content: tf.Tensor) -> tf.Tensor:
    """The orientation in the first directory of a TIFF file.

    Args:
        content: string [], any bytes; EXIF's own mark before them is skipped.

    Returns:
        int32 [], 1 to 8; 1 (upright) if there is none.
    """
    is_marked = tf.equal(tf.strings.substr(content, 0, 6), _PREFIX)
    content = binary.part(content, tf.where(is_marked, 6, 0), tf.strings.length(content))
    ready = binary.padded(content, 8)
    mark = tf.strings.substr(content, 0, 2)
    little = tf.equal(mark, b"II")
    head = binary.read(ready, 0, 8)
    place = binary.number(head[4:], little)
    place = tf.where(place < 0, tf.strings.length(content), place)
    count = binary.number(binary.read(ready, place, 2), little)
    table = binary.levels(binary.part(content, place + 2, count * 12))
    entries = tf.reshape(table[: tf.size(table) // 12 * 12], (-1, 12))

    tag = binary.number(entries[:, :2], little)
    kind = binary.number(entries[:, 2:4], little)
    is_short, is_long = (_is_among(kind, kinds) for kinds in (_SHORTS, _LONGS))
    short = binary.number(entries[:, 8:10], little)
    value = tf.where(is_short, short, binary.number(entries[:, 8:], little))
    is_valid = tf.equal(tag, _ORIENTATION) & (is_short | is_long) & (value >= 1) & (value <= 8)
    is_valid &= tf.equal(binary.number(entries[:, 4:8], little), 1)
    is_valid &= (little | tf.equal(mark, b"MM")) & tf.equal(head[2] + head[3], _MAGIC)
    # If there are several, the last counts, as in Pillow.
    return tf.concat([[1], tf.boolean_mask(value, is_valid)], 0)[-1]


def upright(image: tf.Tensor, value: tf.Tensor) -> tf.Tensor:
    """Turns an image so that it stands as it was taken.

    Args:
        image: [height, width, channels].
        value: int32 [], an EXIF orientation.

    Returns:
        The same pixels; height and width change places for orientations 5 to 8.
    """
    image = tf.cond(value >= 5, lambda: tf.transpose(image, [1, 0, 2]), lambda: image)
    image = tf.cond(_is_among(value, (2, 3, 6, 7)), lambda: tf.reverse(image, [1]), lambda: image)
    return tf.cond(_is_among(value, (3, 4, 7, 8)), lambda: tf.reverse(image, [0]), lambda: image)


def _is_among(value: tf.Tensor, members: tuple[int, ...]) -> tf.Tensor:
    return tf.reduce_any(tf.equal(value[..., tf.newaxis], tf.constant(members)), axis=-1)
