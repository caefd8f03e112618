"""Says whether bytes are an image that training and serving can decode, and its metadata.

Pillow reads the header, so that a decompression bomb is found before it is decoded; the one image
function decodes, as training and serving will: what is accepted here, they take. And what Pillow
decodes is compared, so that they do not see another picture than people do.
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

from components.image_example_gen import compare, decoding
from components.image_example_gen.compare import SHRUNK, Pixels
from components.image_example_gen.decoding import TOGETHER
from modules.settings import MAX_PIXELS, WHITE, Color

_CHANNELS = {"1": 1, "L": 1, "I;16": 1, "I": 1, "P": 3, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}
# Luma of ITU-R BT.601, as Pillow and JPEG have it.
_LUMA = (0.299, 0.587, 0.114)
# The limit is ours, max_pixels: Pillow reads headers alone here, and would call what is beyond its
# own limit no image. What else it warns of, TensorFlow judges.
Image.MAX_IMAGE_PIXELS = None
warnings.filterwarnings("ignore", module=r"PIL\.")

Result = TypeVar("Result")


class BadImageError(ValueError):
    """The bytes cannot be used; the message says why: the kind of reason, a colon, and more."""


@dataclass(frozen=True)
class ImageMetadata:
    """What ``modules.features`` lists as metadata: sizes in pixels, brightness in [0, 1].

    Brightness is that of the image on its background; ``color`` is ``#rrggbb`` where all of it is
    of one colour, which is for the report alone, and empty elsewhere.
    """

    width: int
    height: int
    channels: int
    bytes: int
    brightness: float
    format: str
    color: str = ""


@dataclass(frozen=True)
class _Header:
    """What Pillow reads without decoding: sizes, how it is decoded, and how it is turned."""

    width: int
    height: int
    kind: compare.Kind
    orientation: int

    @property
    def shrinks(self) -> bool:
        """Whether an eighth of each side shows what is needed."""
        return self.kind.form == "JPEG" and min(self.width, self.height) >= SHRUNK


def examine(
    content: bytes, max_pixels: int = MAX_PIXELS, background: Color = WHITE
) -> ImageMetadata:
    """Decodes the image once, whole, so that a truncated file is found.

    Args:
        content: the file's bytes.
        max_pixels: more are not decoded.
        background: what an image is laid on where it is transparent.

    Raises:
        BadImageError: when the bytes are no whole image of a known format, or of too many pixels,
            or when Pillow sees another picture in them.
    """
    (result,) = examine_all([content], max_pixels, background)
    if isinstance(result, BadImageError):
        raise result
    return result


def examine_all(
    contents: Sequence[bytes], max_pixels: int = MAX_PIXELS, background: Color = WHITE
) -> list[ImageMetadata | BadImageError]:
    """``examine`` of several images; JPEGs are decoded together, which is faster.

    Of those that no two decoders read differently, the first of each kind is compared, and all of
    that kind where it differs; of all others, each.
    """
    headers = [_attempt(_checked_header, content, max_pixels) for content in contents]
    trusted: dict[compare.Kind, bool] = {}

    def metadata_of(header: _Header, content: bytes, pixels: Pixels) -> ImageMetadata:
        if not (header.kind.is_usual and trusted.get(header.kind)):
            problem = compare.difference(content, pixels, background, shrunk=header.shrinks)
            trusted.setdefault(header.kind, not problem)
            if problem:
                raise BadImageError(
                    "decoders do not agree on it: what TensorFlow and Pillow see differs, "
                    f"{problem}; save it anew as PNG"
                )
        if header.orientation > 1:
            _check_turned(header, content, background)
        return _metadata(header, content, pixels, background)

    results: list[ImageMetadata | BadImageError] = []
    views = _views(headers, contents, background)
    for header, content, pixels in zip(headers, contents, views, strict=True):
        if isinstance(header, BadImageError):
            results.append(header)
        elif isinstance(pixels, BadImageError):
            results.append(pixels)
        else:
            results.append(_attempt(metadata_of, header, content, pixels))
    return results


def _attempt(function: Callable[..., Result], *arguments: Any) -> "Result | BadImageError":
    try:
        return function(*arguments)
    except BadImageError as error:
        return error


def _views(
    headers: Sequence["_Header | BadImageError"], contents: Sequence[bytes], background: Color
) -> "list[Pixels | BadImageError]":
    """What TensorFlow decodes of each, or what keeps it from doing so."""
    jpegs = [
        i
        for i, header in enumerate(headers)
        if not isinstance(header, BadImageError) and header.shrinks
    ]
    together: dict[int, Pixels] = {}
    for start in range(0, len(jpegs) - TOGETHER + 1, TOGETHER):
        places = jpegs[start : start + TOGETHER]
        # Where one is broken, each is tried alone.
        with contextlib.suppress(tf.errors.OpError):
            decoded = decoding.shrunk_jpegs(tf.constant([contents[i] for i in places]))
            together |= {i: view.numpy() for i, view in zip(places, decoded, strict=True)}
    views: list[Pixels | BadImageError] = []
    for i, (header, content) in enumerate(zip(headers, contents, strict=True)):
        if isinstance(header, BadImageError):
            views.append(header)
        elif i in together:
            views.append(together[i])
        else:
            views.append(_attempt(_decoded, header, content, background))
    return views


def _decoded(header: _Header, content: bytes, background: Color) -> Pixels:
    """The image as it is stored, uint8 [h, w, 3]; a JPEG an eighth of each side."""
    try:
        if header.shrinks:
            pixels = decoding.shrunk_jpeg(content)
        elif header.kind.is_opaque_png:
            pixels = decoding.opaque_png(content)
        else:
            pixels, _ = decoding.whole(content, background)
    except tf.errors.OpError as error:
        raise BadImageError(f"not a whole image: {_one_line(error)}") from error
    return np.asarray(pixels)


def _check_turned(header: _Header, content: bytes, background: Color) -> None:
    """Refuses an image that training would not turn as Pillow turns it."""
    if header.kind.form == "JPEG":
        value = int(decoding.orientation_of_jpeg(tf.constant(content)))
    else:
        value = int(decoding.whole(content, background)[1])
    if value != header.orientation:
        raise BadImageError(
            f"its EXIF orientation is not read: it says {header.orientation}, and {value} is seen; "
            "turn the image itself"
        )


def _metadata(header: _Header, content: bytes, pixels: Pixels, background: Color) -> ImageMetadata:
    mode = header.kind.mode
    # Ten times as fast as NumPy's mean over two axes at once.
    sums = np.array([pixels[..., i].sum(dtype=np.uint64) for i in range(3)], np.float64)
    return ImageMetadata(
        width=header.width,
        height=header.height,
        channels=_CHANNELS.get(mode, 3),
        bytes=len(content),
        brightness=float(sums @ _LUMA) / (255 * pixels[..., 0].size),
        format=header.kind.form,
        color=_only_color(header, content, pixels, background),
    )


def _only_color(header: _Header, content: bytes, pixels: Pixels, background: Color) -> str:
    """``#rrggbb`` where all of the image is of one colour."""
    if (pixels[0] != pixels[0, 0]).any() or (pixels != pixels[0, 0]).any():
        return ""
    if header.shrinks:  # What is finer than an eighth may not be seen in it.
        pixels = decoding.whole(content, background)[0].numpy()
        if (pixels != pixels[0, 0]).any():
            return ""
    return f"#{bytes(pixels[0, 0]).hex()}"


def _checked_header(content: bytes, max_pixels: int) -> _Header:
    if not content:
        raise BadImageError("the file is empty")
    header = _header(content)
    if header.width * header.height > max_pixels:
        raise BadImageError(
            f"too many pixels: {header.width} x {header.height}, and data.max_pixels is "
            f"{max_pixels}"
        )
    return header


def _header(content: bytes) -> _Header:
    try:
        with Image.open(io.BytesIO(content), formats=compare.FORMATS) as image:
            kind = compare.kind_of(image)
            return _Header(*image.size, kind, compare.turned(image))
    except Exception as error:  # Pillow's parsers raise whatever they meet: OSError, struct.error.
        # Pillow's text names the object in memory; ours is for people.
        reason = _one_line(error).split(" <_io.BytesIO")[0]
        raise BadImageError(f"not a JPEG, PNG, GIF or BMP: {reason}") from error


def _one_line(error: Exception) -> str:
    """An error's text without TensorFlow's word on where in a graph it was."""
    text = error.message if isinstance(error, tf.errors.OpError) else str(error)
    return " ".join(text.split("}} ")[-1].split(" [Op:")[0].split())
