"""The options of the image function."""

from typing import Annotated, Literal

from PIL import ImageColor
from pydantic import BeforeValidator, Field

from modules.settings.base import Options, PositiveInt

Level = Annotated[int, Field(ge=0, le=255)]
_RULE = "must be a colour such as white, '#f0f0f0' or [240, 240, 240]"


def _color(value: object) -> object:
    """Levels of red, green and blue, each in [0, 255]."""
    if value is None:
        # YAML takes what follows # for a comment.
        raise ValueError(f"is empty, {_RULE}; quote a value that begins with #")
    if isinstance(value, str):
        try:
            levels = ImageColor.getrgb(value)
        except ValueError:
            raise ValueError(f"got {value!r}, {_RULE}; change it") from None
        if len(levels) != len("RGB"):
            raise ValueError(f"got {value!r}, {_RULE}, without opacity; change it")
        return levels
    if not isinstance(value, list | tuple) or len(value) != len("RGB"):
        raise ValueError(f"got {value!r}, {_RULE}; change it")
    if not all(type(level) is int and 0 <= level <= 255 for level in value):
        raise ValueError(f"got {value!r}, {_RULE}, whose levels are 0 to 255; change one")
    return value


# Levels of red, green and blue, written as such, by CSS's name of a colour or as CSS writes one.
Color = Annotated[
    tuple[int, int, int],
    BeforeValidator(_color, json_schema_input_type=str | tuple[Level, Level, Level]),
]
WHITE = (255, 255, 255)


class ImageSpec(Options):
    """The geometry and range that the backbone takes, and the colour behind transparent images."""

    height: PositiveInt
    """Pixels."""
    width: PositiveInt
    """Pixels."""
    resize: Literal["stretch", "crop", "pad"] = "stretch"
    """How an image is brought to that size."""
    input_range: tuple[float, float] = (0.0, 1.0)
    """The values of black and white."""
    background: Color = WHITE
    """The colour that shows through where an image is transparent."""
