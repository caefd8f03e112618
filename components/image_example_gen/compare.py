"""Holds what TensorFlow decodes against what Pillow does: where they differ, one of them is wrong.

Training and serving see what TensorFlow decodes; people see what viewers show, for which Pillow
stands here.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image

from modules.settings import Color

Pixels = npt.NDArray[np.uint8]
# What TensorFlow decodes. A JPEG with further pictures behind it opens as JPEG and is called MPO.
FORMATS = ("JPEG", "PNG", "GIF", "BMP")
# JPEGs are compared at this part of their sides, which takes a fraction of the time.
SHRUNK = 8
# How far two levels may be apart: by rounding, and by different ways of reckoning a JPEG's.
_EXACT, _OF_JPEG = 2, 24
_PNG_DEPTH = 24  # the place of the byte that says how many bits a sample has
_BITS_16 = 16
_USUAL = ("L", "LA", "RGB", "RGBA")
_OPAQUE = ("1", "L", "RGB", "P", "CMYK")  # Pillow's modes


@dataclass(frozen=True)
class Kind:
    """What decides how a decoder reads a file; of files of one kind, one stands for others.

    Attributes:
        form: JPEG, PNG, GIF or BMP.
        mode: Pillow's, such as ``RGB``.
        details: what else.
        is_usual: whether decoders are not known to read it differently: 8 bits of grey or of red,
            green and blue, in a PNG with opacity, without anything else that says what they mean.
    """

    form: str
    mode: str
    details: tuple[object, ...]
    is_usual: bool

    @property
    def is_opaque_png(self) -> bool:
        """Whether it is a PNG in which nothing can be transparent."""
        return self.form == "PNG" and self.mode in ("L", "RGB") and self.is_usual


def kind_of(image: Image.Image) -> Kind:
    """Of an image of which Pillow has read the header."""
    form, details = str(image.format), image.info
    if form in ("JPEG", "MPO"):
        transform = details.get("adobe_transform")
        layers = tuple(layer[:3] for layer in getattr(image, "layer", ()))
        is_usual = image.mode in ("L", "RGB") and transform in (None, 1)
        return Kind("JPEG", image.mode, (transform, "progressive" in details, layers), is_usual)
    tiles: list[Any] = getattr(image, "tile", [])
    layouts = [tile.args for tile in tiles if isinstance(tile.args, str)]
    # A layout other than the mode's own, such as RGBA;16B, is of other bits.
    is_usual = form == "PNG" and image.mode in _USUAL and layouts == [image.mode]
    is_usual = is_usual and "transparency" not in details
    return Kind(form, image.mode, (*layouts, bool(details.get("interlace"))), is_usual)


def turned(image: Image.Image) -> int:
    """The EXIF orientation that Pillow reads, 1 to 8; 1 where there is none."""
    content = image.info.get("exif")
    if not content:
        return 1
    exif = Image.Exif()
    try:
        exif.load(content)
        value = exif.get(ExifTags.Base.Orientation, 1)
    except Exception:  # Its parser raises whatever it meets.
        return 1
    return value if value in range(1, 9) else 1


def difference(content: bytes, pixels: Pixels, background: Color, *, shrunk: bool = False) -> str:
    """How Pillow's picture of a file is another one; empty where it is the same, or there is none.

    Args:
        content: the file's bytes.
        pixels: what TensorFlow decodes, uint8 [h, w, 3].
        background: what was behind it.
        shrunk: whether it is an eighth of each side of a JPEG, which has eight pixels at least.
    """
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            is_jpeg = image.format in ("JPEG", "MPO")
            expected = _shown(image, content, background, shrunk=shrunk)
    except Exception:  # What Pillow cannot decode, it cannot be compared with.
        return ""
    if expected.shape != pixels.shape:
        sizes = [f"{view.shape[1]} x {view.shape[0]}" for view in (pixels, expected)]
        return f"{sizes[0]} and {sizes[1]} pixels"
    most = int(np.abs(expected.astype(np.int16) - pixels).max(initial=0))
    return f"levels are up to {most} apart" if most > (_OF_JPEG if is_jpeg else _EXACT) else ""


def _shown(image: Image.Image, content: bytes, background: Color, *, shrunk: bool) -> Pixels:
    """A picture as it is shown, composed on the background, uint8 [h, w, 3]."""
    boxes = [tile.extents for tile in getattr(image, "tile", ())]
    if shrunk:
        image.draft(None, (image.width // SHRUNK, image.height // SHRUNK))
    image.load()
    if image.mode.startswith("I"):
        rgba = _of_16_bits(image)
    else:
        key = image.info.get("transparency")
        if key is None and image.format != "GIF" and image.mode in _OPAQUE:
            return np.asarray(image.convert("RGB"))
        if key is not None and image.format == "PNG" and image.mode in ("1", "L", "RGB"):
            image.info["transparency"] = _in_8_bits(key, content[_PNG_DEPTH])
        rgba = np.array(image.convert("RGBA"))
    if image.format == "GIF":
        rgba[..., 3][~_inside(rgba.shape[:2], boxes)] = 0
    if image.format == "BMP" and not rgba[..., 3].any():
        rgba[..., 3] = 255
    whole = Image.new("RGBA", (rgba.shape[1], rgba.shape[0]), background)
    whole.alpha_composite(Image.fromarray(rgba))
    return np.asarray(whole.convert("RGB"))


def _of_16_bits(image: Image.Image) -> Pixels:
    """Grey of 16 bits: its upper half. The transparent level is given in all 16 bits."""
    levels = np.asarray(image).astype(np.int64)
    opaque = levels != image.info.get("transparency", -1)
    grey = (levels >> 8).astype(np.uint8)
    return np.stack([grey, grey, grey, np.where(opaque, 255, 0).astype(np.uint8)], axis=-1)


def _in_8_bits(key: Any, depth: int) -> Any:
    """The transparent colour, given in the file's own bits, as Pillow's pixels have it."""
    if isinstance(key, tuple):
        return tuple(level >> 8 for level in key) if depth == _BITS_16 else key
    if isinstance(key, int) and depth < 8:
        return 255 if key == 255 else key * 255 // (2**depth - 1)  # of one bit, Pillow does it
    return key


def _inside(shape: Sequence[int], boxes: Sequence[Any]) -> npt.NDArray[np.bool_]:
    """Where on its canvas a GIF's picture is, bool [h, w]."""
    inside = np.zeros(shape, np.bool_)
    for left, top, right, bottom in filter(None, boxes):
        inside[top:bottom, left:right] = True
    return inside
