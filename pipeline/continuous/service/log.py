"""The service's log: lines for people, or a JSON object a line."""

import json
import logging
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal, TextIO

from modules.text import printable

Form = Literal["text", "json"]
LOGGER = logging.getLogger("thaw.service")


def write(event: str, message: str, level: int = logging.INFO, **fields: object) -> None:
    """Writes a line.

    Args:
        event: what has happened, in one word for programs, such as ``run_ended``.
        message: the same for people.
        level: as of ``logging``.
        **fields: JSON's values. None is left out.
    """
    present = {key: value for key, value in fields.items() if value is not None}
    LOGGER.log(level, "%s", message, extra={"event": event, "fields": present})


@contextmanager
def logged(form: Form, stream: TextIO | None = None) -> Iterator[None]:
    """Sends what ``write`` writes to a stream; standard output by default.

    A line that cannot be written, as on a full disk, is dropped.
    """
    handler = logging.StreamHandler(sys.stdout if stream is None else stream)
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    before = LOGGER.level, LOGGER.propagate, logging.raiseExceptions
    LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = logging.raiseExceptions = False
    LOGGER.addHandler(handler)
    try:
        yield
    finally:
        LOGGER.removeHandler(handler)
        level, LOGGER.propagate, logging.raiseExceptions = before
        LOGGER.setLevel(level)


class TextLines(logging.Formatter):
    """The time in UTC, the level unless it is ``info``, and the message."""

    def format(self, record: logging.LogRecord) -> str:
        """Returns one line."""
        level = "" if record.levelno == logging.INFO else f"{record.levelname.lower()}: "
        return f"{_time(record)} {level}{printable(record.getMessage())}"


class JsonLines(logging.Formatter):
    """An object with ``time``, ``level``, ``event``, ``message``, and the event's fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Returns one line, in ASCII."""
        fields = getattr(record, "fields", {})
        line = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "event": getattr(record, "event", record.name),
            "message": record.getMessage(),
            **(fields if isinstance(fields, Mapping) else {}),
        }
        return json.dumps(line, default=str)


def _time(record: logging.LogRecord) -> str:
    """In UTC, to the millisecond, as RFC 3339 writes it."""
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{seconds}.{int(record.msecs):03d}Z"
