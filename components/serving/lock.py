"""One writer at a time in the folder of versions."""

import contextlib
import errno
import json
import os
import socket
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

from filelock import FileLock, Timeout

from components.disk import replace_whole
from components.serving.versions import TIME_FORM, utc_now
from modules.errors import BusyError, StageError

LOCK = ".lock"
OWNER = ".lock.json"
WAIT = 60.0  # seconds
_FULL = {errno.ENOSPC, errno.EDQUOT}


@contextlib.contextmanager
def writing(serving_dir: Path, doing: str, wait: float = WAIT) -> Iterator[None]:
    """Keeps other writers out; readers need no lock.

    The kernel releases the lock when its owner dies, however that happens. The owner's file decides
    nothing: it only says whom the others wait for.

    Args:
        serving_dir: created if it is missing.
        doing: what the lock is taken for, in words for those who wait: "push of run 7".
        wait: for how many seconds to wait while another process holds it.

    Raises:
        BusyError: when another process holds it longer.
        StageError: for any ``OSError`` inside, such as a full disk, in one line.
    """
    lock = FileLock(str(serving_dir / LOCK))
    owner = serving_dir / OWNER
    try:
        serving_dir.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=wait)
        except Timeout:
            raise BusyError(
                f"{doing}: {serving_dir} is held by {_owner(owner)}; try again when that has "
                f"ended (waited for {wait:g} s)"
            ) from None
        try:
            _sign(owner, doing)
            yield
        finally:
            with contextlib.suppress(OSError):
                owner.unlink(missing_ok=True)
            lock.release()
    except OSError as error:
        raise StageError(_message(error, doing, serving_dir)) from error


def _sign(owner: Path, doing: str) -> None:
    """Writes down who holds the lock. A full disk does not stop it: a rollback needs no space."""
    record = {"pid": os.getpid(), "host": socket.gethostname(), "doing": doing, "since": utc_now()}
    with contextlib.suppress(OSError):
        replace_whole(owner, json.dumps(record, indent=1).encode())


def _owner(path: Path) -> str:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        since = datetime.strptime(record["since"], TIME_FORM).replace(tzinfo=timezone.utc)
        age = max(0.0, time.time() - since.timestamp())
        return f"{record['doing']} (process {record['pid']} on {record['host']}, for {age:.0f} s)"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


def _message(error: OSError, doing: str, serving_dir: Path) -> str:
    reason = f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}"
    remedy = (
        "free space there"
        if error.errno in _FULL
        else "see that push.serving_dir is a folder where this user can write"
    )
    return (
        f"{doing}: failed in {serving_dir} ({reason}); the versions there are whole and still "
        f"served; {remedy}"
    )
