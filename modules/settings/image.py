"""What the one image function makes."""

from typing import Literal

from modules.settings.base import Options, Positive


class ImageSpec(Options):
    """The geometry and range that the backbone takes."""

    height: Positive
    width: Positive
    resize: Literal["stretch", "crop", "pad"] = "stretch"
    input_range: tuple[float, float] = (0.0, 1.0)
