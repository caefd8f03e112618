"""PNG: its EXIF orientation, and its transparency composed on a background."""

import tensorflow as tf

from modules.images import binary, exif

_SIGNATURE = 8  # bytes, before the first chunk
_COLOR_TYPE = 25  # the place of this byte in the header
_HAS_ALPHA = 4  # the bit in it
# Encoders write chunks of 8 KiB and more, so this covers 64 MiB.
_MAX_CHUNKS = 8192


def decode(content: tf.Tensor, background: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Decodes a PNG.

    16 bits are cut to the upper 8. Transparency, whether of a channel, of a palette or of one
    colour, is composed on the background.

    Args:
        content: string [], with the signature of a PNG.
        background: uint8 [3].

    Returns:
        The image, uint8 [h, w, 3], and its EXIF orientation, int32 [].

    Raises:
        tf.errors.InvalidArgumentError: when run on bytes that are no whole PNG.
    """
    orientation, has_color_key = _read_chunks(content)
    flags = binary.read(binary.padded(content, _COLOR_TYPE + 1), _COLOR_TYPE, 1)[0]
    has_alpha = tf.bitwise.bitwise_and(flags, _HAS_ALPHA) > 0
    pixels = tf.cond(
        has_alpha | has_color_key,
        lambda: compose(tf.io.decode_png(content, channels=4), background),
        lambda: tf.io.decode_png(content, channels=3),
    )
    return pixels, orientation


def compose(image: tf.Tensor, background: tf.Tensor) -> tf.Tensor:
    """Lays an image on a background of one colour, rounding to the nearest level.

    Args:
        image: uint8 [h, w, 4], the last channel its opacity.
        background: uint8 [3].

    Returns:
        uint8 [h, w, 3]; where the image is opaque, its own levels.
    """
    color, alpha = image[..., :3], image[..., 3:]

    def blended() -> tf.Tensor:
        weight = tf.cast(alpha, tf.int32)
        total = tf.cast(color, tf.int32) * weight + tf.cast(background, tf.int32) * (255 - weight)
        return tf.cast((total + 127) // 255, tf.uint8)

    return tf.cond(tf.reduce_min(alpha) < 255, blended, lambda: color)


def _read_chunks(content: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The EXIF orientation, int32 [], and whether a chunk defines transparency, bool []."""
    ready = binary.padded(content, 8)
    length = tf.strings.length(content)
    exif_type, transparency, end = (
        int.from_bytes(name, "big") for name in (b"eXIf", b"tRNS", b"IEND")
    )

    def walk(
        at: tf.Tensor, place: tf.Tensor, size: tf.Tensor, has_key: tf.Tensor, ended: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        del ended
        head = tf.io.decode_raw(tf.strings.substr(ready, at, 8), tf.int32, little_endian=False)
        is_exif = tf.equal(head[1], exif_type)
        after = at + head[0] + 12
        return (
            after,
            tf.where(is_exif, at + 8, place),
            tf.where(is_exif, head[0], size),
            has_key | tf.equal(head[1], transparency),
            tf.equal(head[1], end) | (head[0] < 0) | (after < 0) | (after >= length),
        )

    nothing = tf.constant(0)
    start = tf.constant(_SIGNATURE)
    _, place, size, has_key, _ = tf.while_loop(
        lambda at, place, size, has_key, ended: tf.logical_not(ended),
        walk,
        (start, nothing, nothing, tf.constant(False), length < _SIGNATURE),
        maximum_iterations=_MAX_CHUNKS,
    )
    orientation = tf.cond(
        size > 0,
        lambda: exif.of_tiff(binary.part(content, place, size)),
        lambda: tf.constant(1),
    )
    return orientation, has_key
