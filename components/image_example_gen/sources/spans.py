"""Spans and versions of data, found as TFX finds them."""

import os
import re
from dataclasses import dataclass
from typing import Any

from modules.errors import InputError

_PLACEHOLDER = re.compile(r"\{(?:(?:SPAN|VERSION)(?::\d+)?|YYYY|MM|DD)\}")


@dataclass(frozen=True)
class Span:
    """A path without placeholders, and the numbers that took their places; None for none."""

    path: str
    span: int | None = None
    version: int | None = None


def latest(pattern: str, key: str = "data.path") -> Span:
    """The latest span's latest version.

    Args:
        pattern: a path with ``{SPAN}``, or ``{YYYY}``, ``{MM}`` and ``{DD}`` (a date's span is its
            number of days since 1970), and perhaps ``{VERSION}``; ``{SPAN:2}`` has two digits. One
            without placeholders is given back.
        key: of the config, that named it.

    Raises:
        InputError: when nothing matches, or the placeholders make no sense to TFX.
    """
    if not _PLACEHOLDER.search(pattern):
        return Span(pattern)
    # TFX takes seconds to import, and only such paths need it.
    from tfx.components.example_gen import utils
    from tfx.proto import example_gen_pb2

    base, _, rest = pattern.partition("{")
    base, _, start = base.rpartition("/")
    split: Any = example_gen_pb2.Input.Split(name="all", pattern=start + "{" + rest)
    try:
        _, span, version = utils.calculate_splits_fingerprint_span_and_version(base, [split])
    except ValueError as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"{key}: got {pattern}, of which no span can be found ({reason}); check the folder's "
            "names against the pattern"
        ) from None
    return Span(os.path.join(base, split.pattern), span, version)
