"""Says whether bytes are an image that training and serving can decode, and its facts."""

import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageStat

# What TensorFlow decodes. A JPEG with further pictures behind it opens as JPEG and is called MPO.
_FORMATS = ("JPEG", "PNG", "GIF", "BMP")
_CHANNELS = {"1": 1, "L": 1, "I;16": 1, "I": 1, "P": 3, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}
# More pixels than any camera takes; a small file can claim to hold them.
MAX_PIXELS = 200_000_000
# Brightness is taken from a reduced picture: JPEG decodes an eighth of each side directly.
_REDUCED = (64, 64)


class BadImageError(ValueError):
    """The bytes cannot be used; the message says why."""


@dataclass(frozen=True)
class ImageFacts:
    """What ``modules.features`` lists as facts: sizes in pixels, brightness in [0, 1]."""

    width: int
    height: int
    channels: int
    bytes: int
    brightness: float
    format: str


def examine(content: bytes) -> ImageFacts:
    """Decodes the image once, whole, so that a truncated file is found.

    Raises:
        BadImageError: when the bytes are no whole image of a known format, or of too many pixels.
    """
    if not content:
        raise BadImageError("the file is empty")
    try:
        with warnings.catch_warnings():
            # Pillow warns of a large image long before MAX_PIXELS.
            warnings.simplefilter("ignore")
            return _examine(content)
    except BadImageError:
        raise
    except Exception as error:  # Pillow's decoders raise whatever they meet: OSError, struct, ...
        raise BadImageError(f"not a whole image: {error}") from error


def _examine(content: bytes) -> ImageFacts:
    with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise BadImageError(f"{width} x {height} pixels; at most {MAX_PIXELS} are decoded")
        channels = _CHANNELS.get(image.mode, 3)
        name = "JPEG" if image.format == "MPO" else str(image.format)
        image.draft("L", _REDUCED)
        image.load()
        image.thumbnail(_REDUCED)
        brightness = ImageStat.Stat(image.convert("L")).mean[0] / 255
    return ImageFacts(width, height, channels, len(content), brightness, name)
