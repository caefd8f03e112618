"""Reads the folder of versions that TensorFlow Serving watches.

::

    <number>/               a version; servers take the highest number
    .withdrawn/<number>/    one that was rolled back, or what is left of it: ``assets.extra``
    .pinned/<number>        says that no push removes this version
    .lock, .lock.json       held by the process that writes, and which process that is
    .<name>.partial         is being written
    .<number>.removed       is being deleted

Servers look at names that are numbers alone.
"""

import json
import time
from pathlib import Path
from typing import Any

from modules import model_layout

# Keys of the note that the caller of ``push`` gives.
RUN_ID = "run_id"  # of the run that pushed it; on the PushedModel artifact too
MODEL = "model"  # the URI of the artifact that it was pushed from
BASELINE = "baseline"  # what it was compared with when it was judged: a BaselineChoice as text
FORCED = "forced"  # who forced it and why: an Override as JSON; empty if nobody did
# Keys that a rollback adds.
WITHDRAWN_AT = "withdrawn_at"
WITHDRAWN_BY = "withdrawn_by"
OF_WITHDRAWAL = (WITHDRAWN_AT, WITHDRAWN_BY)
# Keys that a restore adds.
RESTORED_AT = "restored_at"
RESTORED_BY = "restored_by"

WITHDRAWN = ".withdrawn"
PINNED = ".pinned"
_TOO_HIGH = 1 << 63  # Servers hold a number in 64 bits, with a sign.
TIME_FORM = "%Y-%m-%dT%H:%M:%SZ"


def utc_now() -> str:
    """The time, in seconds of UTC, in the form that notes have."""
    return time.strftime(TIME_FORM, time.gmtime())


def numbers_in(folder: Path) -> list[int]:
    """All names that servers read as a number, lowest first; none where there is no folder."""
    if not folder.is_dir():
        return []
    names = [entry.name for entry in folder.iterdir()]
    numbers = [int(name) for name in names if name.isascii() and name.isdigit()]
    return sorted(number for number in numbers if number < _TOO_HIGH)


def list_versions(serving_dir: Path) -> list[int]:
    """The numbers of all versions, oldest first; none for a folder that is not there."""
    return [
        number
        for number in numbers_in(serving_dir)
        if model_layout.is_saved_model(serving_dir / str(number))
    ]


def served_version(serving_dir: Path, model: str) -> int | None:
    """The newest version, if it was pushed from ``model``; None otherwise.

    Args:
        serving_dir: the folder of the versions.
        model: the artifact's URI, as a version's note has it under ``MODEL``.
    """
    numbers = list_versions(serving_dir)
    if numbers and read_note(serving_dir, numbers[-1]).get(MODEL) == model:
        return numbers[-1]
    return None


def read_note(serving_dir: Path, version: int) -> dict[str, Any]:
    """The note that ``push`` wrote: what its caller gave, ``version`` and ``pushed_at``.

    Empty for a version that another program put there.
    """
    try:
        note = json.loads(
            (serving_dir / str(version) / model_layout.NOTE).read_text(encoding="utf-8")
        )
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def withdrawn(serving_dir: Path) -> list[dict[str, Any]]:
    """The notes of the versions that were rolled back, lowest number first.

    Returns:
        The note of each with ``version``, ``WITHDRAWN_AT`` (UTC) and ``WITHDRAWN_BY``. The last two
        are None where the rollback was killed before it wrote them.
    """
    folder = serving_dir / WITHDRAWN
    unknown = {WITHDRAWN_AT: None, WITHDRAWN_BY: None}
    return [
        {**unknown, **read_note(folder, number), "version": number} for number in numbers_in(folder)
    ]


def restorable(serving_dir: Path) -> list[int]:
    """Those of the withdrawn versions whose files are still there, lowest number first."""
    return list_versions(serving_dir / WITHDRAWN)


def pinned(serving_dir: Path) -> set[int]:
    """The numbers that are pinned, whether they are served or withdrawn."""
    return set(numbers_in(serving_dir / PINNED))
