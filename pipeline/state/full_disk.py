"""Detects whether a full disk is the cause of an error, whichever library raised it."""

import errno
import re
import shutil
from pathlib import Path

_FULL = {errno.ENOSPC, errno.EDQUOT}
# The messages of strerror, which TensorFlow, Beam and Arrow pass on, and of SQLite.
_MESSAGES = re.compile(r"no space left on device|disk quota exceeded|disk is full", re.IGNORECASE)


def no_room(error: BaseException, *folders: Path) -> str:
    """A line that names the full disk and the remedy.

    Args:
        error: with the errors that led to it.
        folders: those that were written to; the one with the least free space is named.

    Returns:
        The line; empty if the error has another cause.
    """
    if not any(_is_full(cause) for cause in _chain(error)):
        return ""
    free = {folder: shutil.disk_usage(_existing(folder)).free for folder in folders}
    fullest = min(free, key=lambda folder: free[folder])
    return (
        f"no space is left on the disk of {fullest} ({free[fullest] >> 20} MB free now); free some "
        "there and run again: what is finished is kept"
    )


def _is_full(error: BaseException) -> bool:
    return getattr(error, "errno", None) in _FULL or bool(_MESSAGES.search(str(error)))


def _chain(error: BaseException) -> list[BaseException]:
    """An error, and those that it was raised from or while handling."""
    chain: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        cause = waiting.pop()
        if cause is not None and cause not in chain:
            chain.append(cause)
            waiting += [cause.__cause__, cause.__context__]
    return chain


def _existing(folder: Path) -> Path:
    """The folder, or the nearest folder above it that exists."""
    return next(path for path in (folder, *folder.resolve().parents) if path.exists())
