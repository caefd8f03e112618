"""Says whether bytes are an image that training and serving can decode, and its facts.

Pillow reads the header, so that a decompression bomb is found before it is decoded; TensorFlow
decodes, as training and serving will: what is accepted here, they take.
"""

import contextlib
import io
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import tensorflow as tf
from PIL import Image

from modules.settings import MAX_PIXELS

# What TensorFlow decodes. A JPEG with further pictures behind it opens as JPEG and is called MPO.
_FORMATS = ("JPEG", "PNG", "GIF", "BMP")
_CHANNELS = {"1": 1, "L": 1, "I;16": 1, "I": 1, "P": 3, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}
# Luma of ITU-R BT.601, as Pillow and JPEG have it.
_LUMA = (0.299, 0.587, 0.114)
# How many JPEGs are decoded in one call.
TOGETHER = 16
# The limit is ours, max_pixels: Pillow reads headers alone here, and would call what is beyond its
# own limit no image. What else it warns of, TensorFlow judges.
Image.MAX_IMAGE_PIXELS = None
warnings.filterwarnings("ignore", module=r"PIL\.")

# Width, height, Pillow's mode and the format's name.
_Header = tuple[int, int, str, str]
Made = TypeVar("Made")


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
    header = _checked_header(content, max_pixels)
    return _decoded(header, content)


def examine_all(
    contents: Sequence[bytes], max_pixels: int = MAX_PIXELS
) -> list[ImageFacts | BadImageError]:
    """``examine`` of several images; JPEGs are decoded together, which is faster."""
    headers = [_attempt(_checked_header, one, max_pixels) for one in contents]
    jpegs = [
        i
        for i, header in enumerate(headers)
        if not isinstance(header, BadImageError) and header[3] == "JPEG"
    ]
    means: dict[int, Any] = {}
    for start in range(0, len(jpegs) - TOGETHER + 1, TOGETHER):
        places = jpegs[start : start + TOGETHER]
        # Where one is broken, each is tried alone.
        with contextlib.suppress(tf.errors.OpError):
            made = _means_of_jpegs(tf.constant([contents[i] for i in places])).numpy()
            means |= dict(zip(places, made, strict=True))
    found: list[ImageFacts | BadImageError] = []
    for i, (header, content) in enumerate(zip(headers, contents, strict=True)):
        if isinstance(header, BadImageError):
            found.append(header)
        elif i in means:
            found.append(_facts(header, content, means[i]))
        else:
            found.append(_attempt(_decoded, header, content))
    return found


def _attempt(make: Callable[..., Made], *given: Any) -> "Made | BadImageError":
    try:
        return make(*given)
    except BadImageError as error:
        return error


def _decoded(header: _Header, content: bytes) -> ImageFacts:
    return _facts(header, content, _means(content, header[3]))


def _facts(header: _Header, content: bytes, means: Any) -> ImageFacts:
    width, height, mode, name = header
    brightness = float(np.asarray(means, np.float64) @ _LUMA) / 255
    return ImageFacts(width, height, _CHANNELS.get(mode, 3), len(content), brightness, name)


def _checked_header(content: bytes, max_pixels: int) -> _Header:
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
    return width, height, mode, name


def _header(content: bytes) -> _Header:
    """Width, height, Pillow's mode, and the format's name."""
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            name = "JPEG" if image.format == "MPO" else str(image.format)
            return *image.size, image.mode, name
    except Exception as error:  # Pillow's parsers raise whatever they meet: OSError, struct.error.
        # Pillow's text names the object in memory; ours is for people.
        reason = _one_line(error).split(" <_io.BytesIO")[0]
        raise BadImageError(f"not a JPEG, PNG, GIF or BMP: {reason}") from error


def _means(content: bytes, name: str) -> Any:
    """The mean of each channel of the decoded image, [3], in [0, 255]."""
    try:
        if name == "JPEG":
            pixels = _jpeg(content)
        else:
            pixels = tf.io.decode_image(content, channels=3, expand_animations=False)
    except tf.errors.OpError as error:
        raise BadImageError(f"not a whole image: {_one_line(error)}") from error
    # By NumPy: a call of TensorFlow takes as long as all of this, and this would take four.
    return pixels.numpy().mean(axis=(0, 1), dtype=np.float64)


def _jpeg(content: Any) -> tf.Tensor:
    """All of the file is read, but an eighth of each side computed."""
    return tf.io.decode_jpeg(content, channels=3, ratio=8)


@tf.function(autograph=False, input_signature=[tf.TensorSpec((TOGETHER,), tf.string)])
def _means_of_jpegs(contents: tf.Tensor) -> tf.Tensor:
    """``_means`` of so many JPEGs, [TOGETHER, 3]: in one call, and by all threads."""
    pixels = [tf.cast(_jpeg(one), tf.float32) for one in tf.unstack(contents)]
    return tf.stack([tf.reduce_mean(one, axis=(0, 1)) for one in pixels])


def _one_line(error: Exception) -> str:
    """An error's text without TensorFlow's word on where in a graph it was."""
    text = error.message if isinstance(error, tf.errors.OpError) else str(error)
    return " ".join(text.split("}} ")[-1].split(" [Op:")[0].split())
