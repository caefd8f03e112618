"""Says whether bytes are an image that training and serving can decode, and its facts.

Pillow reads the header, so that a decompression bomb is found before it is decoded; TensorFlow
decodes, as training and serving will: what is accepted here, they take.
"""

import io
import warnings
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from PIL import Image

from modules.settings import MAX_PIXELS

# What TensorFlow decodes. A JPEG with further pictures behind it opens as JPEG and is called MPO.
_FORMATS = ("JPEG", "PNG", "GIF", "BMP")
_CHANNELS = {"1": 1, "L": 1, "I;16": 1, "I": 1, "P": 3, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}
# Luma of ITU-R BT.601, as Pillow and JPEG have it.
_LUMA = (0.299, 0.587, 0.114)


class BadImageError(ValueError):
    """The bytes cannot be used; the message says why: the kind of reason, a colon, and more."""


@dataclass(frozen=True)
class ImageFacts:
    """What ``modules.features`` lists as facts: sizes in pixels, brightness in [0, 1]."""

    width: int
    height: int
    channels: int
    bytes: int
    brightness: float
    format: str


def examine(content: bytes, max_pixels: int = MAX_PIXELS) -> ImageFacts:
    """Decodes the image once, whole, so that a truncated file is found.

    Args:
        content: the file's bytes.
        max_pixels: more are not decoded.

    Raises:
        BadImageError: when the bytes are no whole image of a known format, or of too many pixels.
    """
    if not content:
        raise BadImageError("the file is empty")
    width, height, mode, name = _header(content)
    if width * height > max_pixels:
        raise BadImageError(
            f"too many pixels: {width} x {height}, and data.max_pixels is {max_pixels}"
        )
    if name == "BMP" and mode in ("1", "P"):
        # TensorFlow takes the palette's indices for grey levels.
        raise BadImageError("a BMP with a palette: it is not decoded right; save it as PNG")
    channels = _CHANNELS.get(mode, 3)
    return ImageFacts(width, height, channels, len(content), _brightness(content, name), name)


def _header(content: bytes) -> tuple[int, int, str, str]:
    """Width, height, Pillow's mode, and the format's name."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of large images; the limit is ours.
            with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
                name = "JPEG" if image.format == "MPO" else str(image.format)
                return *image.size, image.mode, name
    except Exception as error:  # Pillow's parsers raise whatever they meet: OSError, struct.error.
        # Pillow's text names the object in memory; ours is for people.
        reason = _one_line(error).split(" <_io.BytesIO")[0]
        raise BadImageError(f"not a JPEG, PNG, GIF or BMP: {reason}") from error


def _brightness(content: bytes, name: str) -> float:
    """Mean luma of the decoded image, in [0, 1]."""
    try:
        if name == "JPEG":
            # All of the file is read, but an eighth of each side computed.
            pixels = tf.io.decode_jpeg(content, channels=3, ratio=8)
        else:
            pixels = tf.io.decode_image(content, channels=3, expand_animations=False)
    except tf.errors.OpError as error:
        raise BadImageError(f"not a whole image: {_one_line(error)}") from error
    # By NumPy: a call of TensorFlow takes as long as all of this, and this would take four.
    means = pixels.numpy().mean(axis=(0, 1), dtype=np.float64)
    return float(means @ _LUMA) / 255


def _one_line(error: Exception) -> str:
    """An error's text without TensorFlow's word on where in a graph it was."""
    text = error.message if isinstance(error, tf.errors.OpError) else str(error)
    return " ".join(text.split("}} ")[-1].split(" [Op:")[0].split())
