"""Spans and versions of data, by TFX's rules."""

import contextlib
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from components.image_example_gen.image_file import is_remote
from components.image_example_gen.io import as_pattern
from modules.errors import InputError
from modules.settings import Ingest, Options

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
        with _without_patterns(base) as plain:
            _, span, version = utils.calculate_splits_fingerprint_span_and_version(plain, [split])
    except ValueError as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"{key}: got {pattern}, but no span matches it ({reason}); compare the folders' "
            "names with the pattern"
        ) from None
    return Span(os.path.join(base, split.pattern), span, version)


@contextlib.contextmanager
def _without_patterns(folder: str) -> Iterator[str]:
    """Another name of a folder, where its own, such as ``photos [1]``, is a pattern to TFX."""
    if is_remote(folder) or as_pattern(folder) == folder:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="thaw-spans-") as place:
        link = os.path.join(place, "spans")
        os.symlink(folder, link)
        yield link


class Place(Options):
    """Where a run's images lie. The driver finds it out once, and the executor uses its answer.

    A span that arrives in between is the next run's. It goes into the cache's key, and so holds
    nothing of where all spans lie together.

    Attributes:
        path: what came in place of ``Ingest.path`` from its first placeholder's name on.
        earlier: likewise.
        span: the number that took ``{SPAN}``'s place in ``path``; None for none.
        version: likewise.
    """

    path: str = ""
    earlier: str = ""
    span: int | None = None
    version: int | None = None

    def options(self, options: Ingest) -> Ingest:
        """The options with these paths."""
        paths = {"path": _fixed(options.path) + self.path}
        if options.earlier is not None:
            paths["earlier"] = _fixed(options.earlier) + self.earlier
        return options.model_copy(update=paths)


def _fixed(pattern: str) -> str:
    """The beginning of a path in which no placeholder stands; all of it where there is none."""
    hit = _PLACEHOLDER.search(pattern)
    return pattern[: pattern.rfind("/", 0, hit.start()) + 1] if hit else pattern


def find(options: Ingest) -> Place:
    """The place that the options' paths lead to now.

    Raises:
        InputError: as ``latest``.
    """
    span = latest(options.path)
    earlier = latest(options.earlier, "data.earlier").path if options.earlier else ""
    return Place(
        path=span.path.removeprefix(_fixed(options.path)),
        earlier=earlier.removeprefix(_fixed(options.earlier or "")),
        span=span.span,
        version=span.version,
    )
