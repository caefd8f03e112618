"""Reads what runs have left in a root, without TensorFlow, and whatever state it is in."""

import json
import os
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

_TAIL = 1 << 16  # bytes; a decision is far shorter


def last_line(path: Path) -> str:
    """The last whole line of a file that others append to; empty if there is none."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL))
            tail = file.read(_TAIL)
    except OSError:
        return ""
    whole, end, _ = tail.rpartition(b"\n")
    return whole.rpartition(b"\n")[2].decode(errors="replace") if end else ""


def as_object(text: str) -> dict[str, Any]:
    """A JSON object; empty for other text."""
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def object_in(path: Path) -> dict[str, Any]:
    """The JSON object that a file holds; empty if it holds none."""
    try:
        return as_object(path.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return {}


def value_at(value: object, *keys: str) -> Any:
    """A value deep in nested objects; None where it is missing."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def timestamp(text: object) -> float | None:
    """Seconds since 1970 of a time as ISO 8601 writes it, in UTC if it names no zone."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
