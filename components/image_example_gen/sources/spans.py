"""Spans and versions of data, by TFX's rules.

TFX's own search finds the latest span alone, and takes seconds to import; a scan for what is new
must be cheap.
"""

import datetime
import glob
import re
from collections.abc import Iterator
from dataclasses import dataclass

from components.image_example_gen.image_file import is_remote
from components.image_example_gen.io import as_pattern
from modules.errors import InputError
from modules.settings import Ingest, Options

_PLACEHOLDER = re.compile(r"\{(SPAN|VERSION|YYYY|MM|DD)(?::([0-9]+))?\}")
_DATE = {"YYYY": "4", "MM": "2", "DD": "2"}  # digits
_FIRST_DAY = datetime.date(1970, 1, 1)


@dataclass(frozen=True)
class Span:
    """A path without placeholders, and the numbers that took their places; None for none."""

    path: str
    span: int | None = None
    version: int | None = None


def has_spans(pattern: str) -> bool:
    """Whether a path has a placeholder."""
    return bool(_PLACEHOLDER.search(pattern))


def has_dates(pattern: str) -> bool:
    """Whether a path's spans are days."""
    return any(match[1] in _DATE for match in _PLACEHOLDER.finditer(pattern))


def every(pattern: str, key: str = "data.path") -> list[Span]:
    """Every span's latest version, the earliest span first.

    Args:
        pattern: a path without placeholders, which is given back, or one with ``{SPAN}``, or with
            ``{YYYY}``, ``{MM}`` and ``{DD}`` (a date's span is its number of days since 1970), and
            perhaps ``{VERSION}``; ``{SPAN:2}`` has two digits.
        key: of the config, that named it.

    Raises:
        InputError: when nothing matches, or the placeholders make no sense.
    """
    if not has_spans(pattern):
        return [Span(pattern)]
    _check_placeholders(pattern, key)
    spans: dict[int, Span] = {}
    for span in _matching(pattern, key):
        assert span.span is not None
        known = spans.get(span.span)
        if known is None or (span.version or 0) >= (known.version or 0):
            spans[span.span] = span
    if not spans:
        raise InputError(
            f"{key}: got {pattern}, but no span matches it; compare the folders' names with the "
            "pattern"
        )
    return [spans[number] for number in sorted(spans)]


def latest(pattern: str, key: str = "data.path") -> Span:
    """The latest of ``every`` span."""
    return every(pattern, key)[-1]


def _check_placeholders(pattern: str, key: str) -> None:
    """Refuses placeholders that name no span, or that name it twice."""
    names = [match[1] for match in _PLACEHOLDER.finditer(pattern)]
    dates = [name for name in names if name in _DATE]
    if len(set(names)) < len(names):
        problem = "has a placeholder twice"
    elif dates and ("SPAN" in names or len(dates) < len(_DATE)):
        problem = "must have either {SPAN}, or {YYYY}, {MM} and {DD}"
    elif not dates and "SPAN" not in names:
        problem = "has {VERSION} without a span"
    elif any(match[2] and not int(match[2]) for match in _PLACEHOLDER.finditer(pattern)):
        problem = "has a placeholder without digits"
    else:
        return
    raise InputError(f"{key}: {pattern} {problem}; write it like photos/span-{{SPAN}}")


def _matching(pattern: str, key: str) -> Iterator[Span]:
    """All that matches; names that have something else than digits in a placeholder do not."""
    start = _fixed(pattern)
    parts = re.split(r"(\{[A-Z]+(?::[0-9]+)?\}|\*|\?|\[[^\]]+\])", pattern.removeprefix(start))
    expression = re.compile(re.escape(start) + "".join(map(_expression, parts)))
    searched = as_pattern(start) + _PLACEHOLDER.sub("*", pattern.removeprefix(start))
    for path in sorted(_glob(searched)):
        match = expression.fullmatch(path.rstrip("/"))
        if not match:
            continue
        texts = match.groupdict()
        path = pattern
        for placeholder in list(_PLACEHOLDER.finditer(pattern)):
            path = path.replace(placeholder[0], texts[placeholder[1]])
        version = int(texts["VERSION"]) if "VERSION" in texts else None
        yield Span(path, _number(texts, path, key), version)


def _expression(part: str) -> str:
    """A part of a pattern as a regular expression."""
    placeholder = _PLACEHOLDER.fullmatch(part)
    if placeholder:
        digits = _DATE.get(placeholder[1]) or placeholder[2]
        return f"(?P<{placeholder[1]}>[0-9]{f'{{{digits}}}' if digits else '+'})"
    if part.startswith("["):
        return part.replace("[!", "[^", 1)
    return {"*": "[^/]*", "?": "[^/]"}.get(part, re.escape(part))


def _number(texts: dict[str, str], path: str, key: str) -> int:
    if "SPAN" in texts:
        return int(texts["SPAN"])
    try:
        day = datetime.date(*(int(texts[name]) for name in _DATE))
    except ValueError:
        raise InputError(f"{key}: {path} names no day; rename it, or move it away") from None
    return (day - _FIRST_DAY).days


def _glob(pattern: str) -> list[str]:
    if not is_remote(pattern):
        return glob.glob(pattern)
    from tfx.dsl.io import fileio  # Knows the clients of buckets; takes seconds to import.

    return [str(path) for path in fileio.glob(pattern)]


def shown(span: int, pattern: str) -> str:
    """A span's number for people: of dates with the day."""
    if not has_dates(pattern):
        return str(span)
    return f"{span} ({_FIRST_DAY + datetime.timedelta(days=span)})"


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


def find(options: Ingest, number: int | None = None) -> Place:
    """The place that the options' paths lead to now.

    Args:
        options: name the paths.
        number: of the span that ``Ingest.path`` shall lead to; the latest if None.

    Raises:
        InputError: as ``every``, or when there is no such span.
    """
    spans = every(options.path)
    span = (
        next((each for each in spans if each.span == number), None)
        if number is not None
        else spans[-1]
    )
    if span is None:
        raise InputError(
            f"data.path: {options.path} has no span {number} any more; run it again when nothing "
            "is moved there"
        )
    earlier = latest(options.earlier, "data.earlier").path if options.earlier else ""
    return Place(
        path=span.path.removeprefix(_fixed(options.path)),
        earlier=earlier.removeprefix(_fixed(options.earlier or "")),
        span=span.span,
        version=span.version,
    )
