"""GIF: its first picture in its place on the canvas, transparency composed on a background.

TensorFlow's decoder turns transparent pixels black, and cuts a picture that does not begin in
the canvas's corner. So the file is changed before it is decoded: the transparent colour becomes the
background in the palette, and the picture is moved into the corner. It is moved back afterwards.
The format: GIF89a specification, sections 18 to 24.
"""

import tensorflow as tf

from modules.images import binary

_HEADER = 13  # bytes of the signature and the screen's descriptor
_EXTENSION, _CONTROL, _IMAGE = 0x21, 0xF9, 0x2C
_HAS_PALETTE = 0x80
# Blocks before the first picture; a comment or a profile has a block for each 255 bytes.
_MAX_BLOCKS = 4096
_MAX_BYTES = 1 << 29  # of a canvas, as TensorFlow's own decoders have it


def decode(content: tf.Tensor, background: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Decodes the first picture of a GIF.

    Args:
        content: string [], with the signature of a GIF.
        background: uint8 [3].

    Returns:
        The canvas, uint8 [h, w, 3], and 1, the orientation of all that has no EXIF.

    Raises:
        tf.errors.InvalidArgumentError: when run on bytes that are no whole GIF.
    """
    length = tf.strings.length(content)
    ready = binary.padded(content, _HEADER)
    head = binary.read(ready, 0, _HEADER)
    at, control = _first_picture(ready, length, _HEADER + _palette_bytes(head[10]))
    picture = binary.read(ready, at, 10)
    # If a file has no picture, the decoder says so.
    is_picture = tf.equal(picture[0], _IMAGE)
    left, top, width, height = (binary.number(picture[i : i + 2]) for i in (1, 3, 5, 7))

    def changed() -> tf.Tensor:
        local = tf.bitwise.bitwise_and(picture[9], _HAS_PALETTE) > 0
        palette = tf.where(local, at + 10, _HEADER)
        colors = tf.where(local, _palette_bytes(picture[9]), _palette_bytes(head[10])) // 3
        opaque = tf.cond(
            control > 0,
            lambda: _without_transparency(content, control, palette, colors, background),
            lambda: content,
        )
        return binary.replaced(opaque, at + 1, [0, 0, 0, 0])

    content = tf.cond(is_picture, changed, lambda: content)
    pixels = tf.io.decode_image(content, channels=3, expand_animations=False)
    pixels.set_shape((None, None, 3))
    start, screen = tf.stack([top, left]), binary.number(tf.stack([head[8:10], head[6:8]]))
    canvas = tf.maximum(screen, start + tf.stack([height, width]))
    is_whole = tf.reduce_all(tf.equal(start, 0) & tf.equal(canvas, tf.shape(pixels)[:2]))
    placed = tf.cond(
        is_whole | tf.logical_not(is_picture),
        lambda: pixels,
        lambda: _placed(pixels[:height, :width], start, canvas, background),
    )
    return placed, tf.constant(1)


def _palette_bytes(flags: tf.Tensor) -> tf.Tensor:
    has_palette = tf.bitwise.bitwise_and(flags, _HAS_PALETTE) > 0
    exponent = tf.bitwise.bitwise_and(flags, 7) + 1
    return tf.where(has_palette, 3 * tf.bitwise.left_shift(1, exponent), 0)


def _first_picture(
    ready: tf.Tensor, length: tf.Tensor, start: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Where the first picture's descriptor is, and its control block; 0 for none, int32 [] each."""

    def walk(
        at: tf.Tensor, control: tf.Tensor, inside: tf.Tensor, ended: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        del ended
        values = binary.levels(tf.strings.substr(ready, at, 3))
        is_extension = tf.equal(values[0], _EXTENSION)
        is_control = is_extension & tf.equal(values[1], _CONTROL) & tf.logical_not(inside)
        # An extension is a sequence of blocks, each preceded by its length; the last is empty.
        after = tf.where(inside, at + 1 + values[0], tf.where(is_extension, at + 2, at))
        goes_on = tf.where(inside, values[0] > 0, is_extension)
        ended = tf.logical_not(inside | is_extension) | (after >= length)
        return after, tf.where(is_control, at, control), goes_on, ended

    at, control, _, _ = tf.while_loop(
        lambda at, control, inside, ended: tf.logical_not(ended),
        walk,
        (start, tf.constant(0), tf.constant(False), start >= length),
        maximum_iterations=_MAX_BLOCKS,
    )
    return at, control


def _without_transparency(
    content: tf.Tensor,
    control: tf.Tensor,
    palette: tf.Tensor,
    colors: tf.Tensor,
    background: tf.Tensor,
) -> tf.Tensor:
    """The file with the background in place of the colour that its control block calls transparent.

    The control block: its mark, label and length, flags of which the last bit says that there is
    such a colour, two bytes of delay, and the colour's place.
    """
    values = binary.read(content, control, 8)
    flags, place = values[3], values[6]
    is_there = tf.bitwise.bitwise_and(flags, 1) > 0

    def changed() -> tf.Tensor:
        opaque = binary.replaced(content, control + 3, [tf.bitwise.bitwise_and(flags, 0xFE)])
        color = tf.unstack(tf.cast(background, tf.int32))
        return tf.cond(
            place < colors,
            lambda: binary.replaced(opaque, palette + 3 * place, color),
            lambda: content,
        )

    return tf.cond(is_there, changed, lambda: content)


def _placed(
    picture: tf.Tensor,
    start: tf.Tensor,
    size: tf.Tensor,
    background: tf.Tensor,
) -> tf.Tensor:
    """The picture, uint8 [h, w, 3], on a canvas of the background's colour.

    Its upper left corner, and the canvas's size, are int32 [2] of rows and columns.
    """
    is_small = tf.reduce_prod(tf.cast(size, tf.int64)) * 3 <= _MAX_BYTES
    size = binary.required(size, is_small, "this GIF has too many pixels")
    behind = size - tf.shape(picture)[:2] - start
    margins = tf.stack([start, behind], axis=1)
    channels = [tf.pad(picture[..., i], margins, constant_values=background[i]) for i in range(3)]
    return tf.stack(channels, axis=-1)
