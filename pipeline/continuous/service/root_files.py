"""Reads what runs have left in a root, without TensorFlow, and whatever state it is in."""

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from modules.errors import InputError
from pipeline.continuous.decision.decisions import Decision, last_decision
from pipeline.state.root import Root


def decision_of(root: Root) -> Decision | None:
    """The root's latest decision; None where there is none that can be read."""
    try:
        return last_decision(root.decisions)
    except (OSError, InputError):  # The next run says what is wrong with it.
        return None


def state_of(path: Path) -> tuple[int, int]:
    """A file's inode and its size in bytes, both 0 where there is none.

    They change with each line that is added, and if another file takes its place.
    """
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_ino, status.st_size


def object_in(path: Path) -> dict[str, Any]:
    """The JSON object that a file holds; empty if it holds none."""
    try:
        value = json.loads(path.read_text(encoding="utf-8", errors="replace"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


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
