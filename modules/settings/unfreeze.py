"""The forms in which a stage says what it unfreezes."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag

from modules.settings.base import FiniteFloat, Options, PositiveInt


def _compiles(patterns: tuple[str, ...]) -> tuple[str, ...]:
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(
                f"got {pattern!r}, must be a regular expression ({error}); correct it"
            ) from None
    return patterns


Patterns = Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(_compiles)]


class LastBlocks(Options):
    """The last N blocks, counted from the output."""

    last: PositiveInt
    """How many blocks."""


class FractionOfBlocks(Options):
    """The last blocks that make up a share of all, rounded up to whole blocks."""

    fraction: Annotated[FiniteFloat, Field(gt=0.0, le=1.0)]
    """The share of all blocks."""


class MatchingBlocks(Options):
    """The blocks whose name, or one of whose variables' names, matches a pattern."""

    match: Patterns
    """Regular expressions, searched for in the names."""


_FORMS = {"last": LastBlocks, "fraction": FractionOfBlocks, "match": MatchingBlocks}


def _form(value: object) -> str | None:
    """Which of the forms below a value is meant to have; None if it fits none."""
    if isinstance(value, str):
        return "word" if value in ("none", "all") else None
    if isinstance(value, dict) and len(value) == 1:
        (key,) = value
        return key if key in _FORMS else None
    return next((name for name, form in _FORMS.items() if isinstance(value, form)), None)


Unfreeze = Annotated[
    Annotated[Literal["none", "all"], Tag("word")]
    | Annotated[LastBlocks, Tag("last")]
    | Annotated[FractionOfBlocks, Tag("fraction")]
    | Annotated[MatchingBlocks, Tag("match")],
    Discriminator(
        _form,
        custom_error_type="unfreeze",
        custom_error_message="must be none, all, {last: N}, {fraction: x} or {match: [regex, ...]}",
    ),
]
