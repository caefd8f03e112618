"""BMP, decoded by the masks, the palette and the order of rows in the file, as viewers do.

TensorFlow's decoder takes the first bytes of each pixel for blue, green and red, indices of a
palette for grey levels, and refuses a file with anything behind its pixels. The format:
https://learn.microsoft.com/windows/win32/gdi/bitmap-header-types.
"""

from typing import NamedTuple

import tensorflow as tf

from modules.images import binary
from modules.images.png import compose

_HEADER = 14  # bytes before the field that holds the length of the rest
_OLDEST = 12  # bytes of OS/2's first header, whose sizes are of 16 bits
_SIZES = (_OLDEST, 40, 52, 56, 64, 108, 124)
_BITS = (1, 4, 8, 16, 24, 32)
_PLAIN, _MASKS, _MASKS_AND_ALPHA = 0, 3, 6  # ways of storing; the others are compressed
_MASK_SIZES = (40, 52, 56, 108, 124)  # of headers with masks in them or behind them
_HAS_ALPHA_MASK = 56  # the least size of a header with a mask of opacity
_MASKS_OF_16 = (0x7C00, 0x3E0, 0x1F, 0)
_MAX_SIDE, _MAX_BYTES = 1 << 27, 1 << 29  # of an image, as TensorFlow's own decoders have it
_READ = 70  # bytes, up to the end of the last mask


class _Header(NamedTuple):
    """What stands before the pixels, int64 []; rows from the top down, bool []."""

    pixels: tf.Tensor  # where they start
    size: tf.Tensor  # of the header itself, in bytes
    width: tf.Tensor
    height: tf.Tensor
    top_down: tf.Tensor
    bits: tf.Tensor  # of a pixel
    colors: tf.Tensor  # in the palette
    masks: tf.Tensor  # int64 [4], of red, green, blue and opacity; 0 for none


def decode(content: tf.Tensor, background: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Decodes a BMP of 1, 4, 8, 16, 24 or 32 bits a pixel that is not compressed.

    A mask of its own gives the opacity. If that leaves nothing opaque, the image is taken as fully
    opaque, as browsers do. So is a 32-bit image without masks.

    Args:
        content: string [], with the signature of a BMP.
        background: uint8 [3].

    Returns:
        The image, uint8 [h, w, 3], and 1, the orientation of all that has no EXIF.

    Raises:
        tf.errors.InvalidArgumentError: when run on bytes that are no whole BMP, or on a compressed
            BMP.
    """
    header = _header(content)
    stride = (header.width * header.bits + 31) // 32 * 4
    # Some writers leave out the padding of the last row.
    needed = header.pixels + stride * (header.height - 1) + (header.width * header.bits + 7) // 8
    is_whole = needed <= tf.cast(tf.strings.length(content), tf.int64)
    shape = binary.required(
        tf.stack([header.height, stride]), is_whole, "not a whole BMP: its last rows are missing"
    )
    shape = tf.cast(shape, tf.int32)
    start, width = tf.cast(header.pixels, tf.int32), tf.cast(header.width, tf.int32)
    rows = binary.part(binary.padded(content, 3), start, tf.reduce_prod(shape))
    data = tf.reshape(tf.io.decode_raw(rows, tf.uint8), shape)
    way = tf.where(header.bits <= 8, 0, tf.where(tf.reduce_max(header.masks) > 0, 1, 2))
    image = tf.switch_case(
        way,
        [
            lambda: tf.gather(_palette(content, header), _places(data, header.bits)[:, :width]),
            lambda: _by_masks(_by_pixel(data, width, header.bits), header.masks, background),
            lambda: _by_pixel(data, width, header.bits)[..., 2::-1],
        ],
    )
    image = tf.cond(header.top_down, lambda: image, lambda: tf.reverse(image, [0]))
    return tf.ensure_shape(image, (None, None, 3)), tf.constant(1)


def _header(content: tf.Tensor) -> _Header:
    """Reads the header, and refuses what cannot be decoded."""
    values = tf.cast(binary.read(binary.padded(content, _READ), 0, _READ), tf.int64)

    def word(at: int, size: int = 4) -> tf.Tensor:
        return binary.number(values[at : at + size])

    is_oldest = tf.equal(word(14), _OLDEST)
    size, bits = word(14), tf.where(is_oldest, word(24, 2), word(28, 2))
    width = tf.where(is_oldest, word(18, 2), word(18))
    height = tf.where(is_oldest, word(20, 2), _signed(word(22)))
    compression = tf.where(is_oldest, tf.constant(_PLAIN, tf.int64), word(30))
    colors = tf.where(is_oldest, tf.constant(0, tf.int64), word(46))

    has_masks = _is_among(size, _MASK_SIZES) & _is_among(compression, (_MASKS, _MASKS_AND_ALPHA))
    is_known = _is_among(size, _SIZES) & _is_among(bits, _BITS) & (width > 0) & (height != 0)
    size = binary.required(size, is_known, "not a BMP of a known kind: its header is none")
    is_small = (width < _MAX_SIDE) & (tf.abs(height) < _MAX_SIDE)  # so that no product is too large
    is_small &= width * tf.abs(height) * 3 <= _MAX_BYTES
    width = binary.required(width, is_small, "this BMP has too many pixels")
    is_readable = tf.equal(compression, _PLAIN) | (has_masks & (bits > 8))
    size = binary.required(size, is_readable, "a compressed BMP is not decoded; save it as PNG")

    has_alpha = (size >= _HAS_ALPHA_MASK) | tf.equal(compression, _MASKS_AND_ALPHA)
    alpha = tf.where(has_alpha, word(66), tf.constant(0, tf.int64))
    own = tf.stack([word(54), word(58), word(62), alpha])
    usual = tf.where(tf.equal(bits, 16), tf.constant(_MASKS_OF_16, tf.int64), tf.zeros(4, tf.int64))
    return _Header(
        pixels=word(10),
        size=size,
        width=width,
        height=tf.abs(height),
        top_down=height < 0,
        bits=bits,
        colors=tf.where(colors > 0, colors, tf.bitwise.left_shift(tf.ones_like(bits), bits)),
        masks=tf.where(has_masks, own, usual),
    )


def _signed(value: tf.Tensor) -> tf.Tensor:
    return tf.where(value >= 1 << 31, value - (1 << 32), value)


def _is_among(value: tf.Tensor, members: tuple[int, ...]) -> tf.Tensor:
    return tf.reduce_any(tf.equal(value, tf.constant(members, tf.int64)))


def _palette(content: tf.Tensor, header: _Header) -> tf.Tensor:
    """The palette's colours, uint8 [256, 3]; black behind its end."""
    entry = tf.where(tf.equal(header.size, _OLDEST), 3, 4)
    count = tf.cast(tf.minimum(header.colors, 256), tf.int32)
    written = binary.part(content, tf.cast(_HEADER + header.size, tf.int32), count * entry)
    whole = tf.strings.substr(binary.padded(written, 1024), 0, 256 * entry)
    return tf.reshape(tf.io.decode_raw(whole, tf.uint8), (256, entry))[:, 2::-1]


def _places(data: tf.Tensor, bits: tf.Tensor) -> tf.Tensor:
    """In the palette, int32 [h, n], of rows of bytes that hold 1, 2 or 8 of them each."""
    bits = tf.cast(bits, tf.int32)
    shifts = tf.cast(tf.range(8 // bits)[::-1] * bits, tf.uint8)
    parts = tf.bitwise.right_shift(data[..., tf.newaxis], shifts)
    least = tf.cast(tf.bitwise.left_shift(1, bits) - 1, tf.uint8)
    rows = tf.shape(data)[0]
    return tf.cast(tf.reshape(tf.bitwise.bitwise_and(parts, least), (rows, -1)), tf.int32)


def _by_pixel(data: tf.Tensor, width: tf.Tensor, bits: tf.Tensor) -> tf.Tensor:
    """uint8 [h, width, bytes of a pixel]."""
    size = tf.cast(bits, tf.int32) // 8
    return tf.reshape(data[:, : width * size], (tf.shape(data)[0], width, size))


def _by_masks(pixels: tf.Tensor, masks: tf.Tensor, background: tf.Tensor) -> tf.Tensor:
    """The channels that the masks select from each pixel, composed; uint8 [h, w, 3].

    Args:
        pixels: uint8 [h, w, 2, 3 or 4].
        masks: int64 [4].
        background: uint8 [3].
    """
    room = 4 - tf.shape(pixels)[-1]
    whole = tf.ensure_shape(tf.pad(pixels, [[0, 0], [0, 0], [0, room]]), (None, None, 4))
    values = tf.bitcast(whole, tf.uint32)

    def channel(mask: tf.Tensor) -> tf.Tensor:
        bits = tf.bitwise.bitwise_and(values, tf.cast(mask, tf.uint32))
        # Both are the same power of two times as much; so float32 is exact enough.
        scale = 255.0 / tf.cast(tf.maximum(mask, 1), tf.float32)
        return tf.cast(tf.round(tf.cast(bits, tf.float32) * scale), tf.uint8)

    red, green, blue, alpha = (channel(mask) for mask in tf.unstack(masks))
    alpha = tf.cond(
        tf.reduce_max(alpha) > 0,
        lambda: alpha,
        lambda: tf.fill(tf.shape(alpha), tf.constant(255, tf.uint8)),
    )
    return compose(tf.stack([red, green, blue, alpha], axis=-1), background)
