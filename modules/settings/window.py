"""Over which spans of data a model is trained."""

from typing import Annotated, Any

from pydantic import Field, model_validator

from modules.settings.base import FiniteFloat, Options, PositiveInt


class Older(Options):
    """What is kept of the spans before the window."""

    fraction: Annotated[FiniteFloat, Field(gt=0.0, lt=1.0)]
    """The share of each older span's images that stays in; a hash of an image's bytes decides, so
    it is always the same images."""


class Window(Options):
    """The latest spans, which a model is trained and judged on; `spans` or `days`, not both."""

    spans: PositiveInt | None = None
    """How many of the latest spans."""
    days: PositiveInt | None = None
    """The spans of so many days, up to and with the latest; only for paths with a date."""
    older: Older | None = None
    """What is kept of the spans before the window; nothing if left out."""

    @model_validator(mode="before")
    @classmethod
    def _has_one_length(cls, given: Any) -> Any:
        if isinstance(given, dict) and (given.get("spans") is None) == (given.get("days") is None):
            raise ValueError("must have either spans or days; give one of them, such as {spans: 4}")
        return given
