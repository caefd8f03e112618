"""Whether a failure comes of a full disk, in whatever words a library tells it."""

import errno
import re
import shutil
from pathlib import Path

_FULL = {errno.ENOSPC, errno.EDQUOT}
# As strerror has it, which TensorFlow, Beam and Arrow pass on, and as SQLite does.
_TOLD = re.compile(r"no space left on device|disk quota exceeded|disk is full", re.IGNORECASE)


def no_room(error: BaseException, *folders: Path) -> str:
    """Says which disk is full, and what to do; empty where the error is about something else.

    Args:
        error: with the errors that led to it.
        folders: that were written to; the one with the least room is named.
    """
    if not any(_is_full(one) for one in _chain(error)):
        return ""
    room = {folder: shutil.disk_usage(_existing(folder)).free for folder in folders}
    folder = min(room, key=lambda one: room[one])
    return (
        f"no space is left on the disk of {folder} ({room[folder] >> 20} MB free now); free some "
        "there and run again: what is finished is kept"
    )


def _is_full(error: BaseException) -> bool:
    return getattr(error, "errno", None) in _FULL or bool(_TOLD.search(str(error)))


def _chain(error: BaseException) -> list[BaseException]:
    """An error, and those that it was raised from or while handling."""
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is not None and one not in found:
            found.append(one)
            waiting += [one.__cause__, one.__context__]
    return found


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(path for path in (folder, *folder.resolve().parents) if path.exists())
