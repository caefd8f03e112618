"""Adds a version in one step, and removes those that nobody asked to keep."""

import json
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from components import disk
from components.serving import versions
from components.serving.lock import WAIT, writing
from modules import model_layout
from modules.errors import InputError, StageError

# One to serve, and one to go back to. Also, a server that lists the folder while a version appears
# and the only other version goes may see neither.
LEAST_KEPT = 2


def push(
    model: Path,
    serving_dir: Path,
    note: dict[str, Any],
    *,
    extra: Callable[[int], Mapping[str, bytes]] = lambda version: {},
    keep: int | None = None,
    wait: float = WAIT,
) -> int:
    """Copies a SavedModel into a new version and returns its number.

    The number is the time in seconds, or one more than the highest that is there or was withdrawn.
    The copy gets a name that no server takes for a version, and is renamed when all of it is on the
    disk: a reader never sees half a version. What a killed push left behind is deleted.

    Args:
        model: the SavedModel's folder.
        serving_dir: created if it is missing.
        note: kept with the version, together with ``version`` and ``pushed_at`` (UTC).
        extra: further files of a version, by their paths below ``assets.extra``.
        keep: as for ``retain``; None keeps all.
        wait: for how many seconds to wait while another process holds the folder.

    Raises:
        InputError: when ``keep`` is too small.
        StageError: when ``model`` is no SavedModel, another process holds the folder longer, or it
            cannot be written. Nothing is left of the push then, and what was served stays.
    """
    check_keep(keep)
    doing = f"push of run {note[versions.RUN_ID]}" if versions.RUN_ID in note else "push"
    if not model_layout.is_saved_model(model):
        raise StageError(
            f"{doing}: {model} holds no {model_layout.SAVED_MODEL}; give a SavedModel's folder"
        )
    with writing(serving_dir, doing, wait):
        _clear(serving_dir)
        # Here, so that a rollback needs no space on a disk that has become full.
        (serving_dir / versions.WITHDRAWN).mkdir(exist_ok=True)
        version = _next_number(serving_dir)
        pushed_at = versions.utc_now()
        text = json.dumps({**note, "version": version, "pushed_at": pushed_at}, indent=1)
        files = {**extra(version), Path(model_layout.NOTE).name: text.encode()}
        _write(model, serving_dir / str(version), files)
        if keep is not None:
            _retain_if_possible(serving_dir, keep)
    return version


def retain(serving_dir: Path, keep: int) -> None:
    """Removes versions, oldest first. The caller holds the lock.

    The newest ``keep`` versions stay, and so do pinned ones and those that ``push`` did not put
    there. Of withdrawn versions the newest ``keep`` and the pinned ones stay whole. Of the other
    withdrawn ones only ``assets.extra`` stays, without the model's other forms: their notes say
    which numbers and models must not come again.

    Args:
        serving_dir: the folder of the versions.
        keep: at least ``LEAST_KEPT``.
    """
    pinned = versions.pinned(serving_dir)
    for number in versions.list_versions(serving_dir)[:-keep]:
        if number not in pinned and versions.read_note(serving_dir, number):
            disk.remove(serving_dir / str(number))
    folder = serving_dir / versions.WITHDRAWN
    for number in versions.numbers_in(folder)[:-keep]:
        if number not in pinned:
            # First, and on the disk: while this file is there, the version counts as restorable.
            (folder / str(number) / model_layout.SAVED_MODEL).unlink(missing_ok=True)
            disk.sync(folder / str(number))
            for entry in (folder / str(number)).iterdir():
                if entry.name != model_layout.EXTRA:
                    disk.delete(entry)
            for path in (folder / str(number) / model_layout.EXTRA).glob("*.tflite"):
                disk.delete(path)


def check_keep(keep: int | None) -> None:
    """Raises an ``InputError`` for fewer versions than ``LEAST_KEPT``."""
    if keep is not None and keep < LEAST_KEPT:
        raise InputError(
            f"push.keep: got {keep}; must be at least {LEAST_KEPT}, a version to serve and one to "
            "go back to; change it"
        )


def _clear(serving_dir: Path) -> None:
    """Deletes what killed pushes left behind: under the lock, no living push has such files."""
    for end in (disk.PARTIAL, disk.REMOVED):
        for path in serving_dir.glob(f".*{end}"):
            disk.delete(path)


def _next_number(serving_dir: Path) -> int:
    used = [
        *versions.numbers_in(serving_dir),
        *versions.numbers_in(serving_dir / versions.WITHDRAWN),
    ]
    return max([int(time.time()), *(number + 1 for number in used)])


def _write(model: Path, version: Path, extra: Mapping[str, bytes]) -> None:
    unfinished = disk.partial_of(version)
    try:
        disk.copy_synced(model, unfinished)
        for name, content in extra.items():
            disk.write_synced(unfinished / model_layout.EXTRA / name, content)
        disk.sync_folders(unfinished)
        unfinished.rename(version)
    except BaseException:
        disk.delete(unfinished)
        raise
    disk.sync(version.parent)


def _retain_if_possible(serving_dir: Path, keep: int) -> None:
    """Warns where old versions cannot be removed: the new one is served by now."""
    try:
        retain(serving_dir, keep)
    except OSError as error:
        logging.getLogger("thaw").warning("push: older versions could not be removed: %s", error)
