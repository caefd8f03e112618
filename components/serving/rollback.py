"""Goes back to an earlier version by withdrawing those that came after."""

import json
import logging
from dataclasses import dataclass
from pathlib import Path

from components import disk
from components.serving import versions
from components.serving.lock import WAIT, writing
from modules import model_layout
from modules.errors import InputError


@dataclass(frozen=True)
class RolledBack:
    """What a rollback did.

    Attributes:
        version: the newest one now.
        withdrawn: at least one number, highest first.
    """

    version: int
    withdrawn: list[int]


def rollback(
    serving_dir: Path, version: int | None = None, *, by: str, wait: float = WAIT
) -> RolledBack:
    """Makes an earlier version the newest, which servers take.

    The later versions go to ``.withdrawn``, newest first, each in one step, so that there is a
    version at every moment, even if this process is killed. Their numbers are never used again, and
    their notes say when they were withdrawn, and by whom.

    Args:
        serving_dir: the folder of the versions.
        version: the one to go back to; None for the one before the newest.
        by: who rolls back.
        wait: for how many seconds to wait while another process holds the folder.

    Raises:
        InputError: when there is no such version, or none comes after it.
        StageError: when another process holds the folder longer, or it cannot be written.
    """
    _target(serving_dir, version)  # Before anything is written: there may be no such folder.
    with writing(serving_dir, f"rollback by {by}", wait):
        target = _target(serving_dir, version)
        folder = serving_dir / versions.WITHDRAWN
        folder.mkdir(exist_ok=True)
        # Everything with a higher number, even what is no model: servers would try it.
        later = [n for n in reversed(versions.numbers_in(serving_dir)) if n > target]
        for number in later:
            (serving_dir / str(number)).rename(folder / str(number))
            disk.sync(folder)
            disk.sync(serving_dir)
        for number in later:
            _note(folder, number, by)
    return RolledBack(target, later)


def _target(serving_dir: Path, version: int | None) -> int:
    there = versions.list_versions(serving_dir)
    listed = f"{serving_dir} has {', '.join(map(str, there)) or 'none'}"
    if version is not None and version not in there:
        raise InputError(f"VERSION: there is no version {version}; {listed}; name one of them")
    if len(there) < 2:
        raise InputError(f"VERSION: there is no other version to go back to; {listed}; push one")
    if version == there[-1]:
        raise InputError(f"VERSION: {version} is the newest already; {listed}; name an earlier one")
    return there[-2] if version is None else version


def _note(folder: Path, number: int, by: str) -> None:
    """Warns where the note cannot be written: the version is withdrawn by now."""
    added = {versions.WITHDRAWN_AT: versions.utc_now(), versions.WITHDRAWN_BY: by}
    note = {**versions.read_note(folder, number), "version": number, **added}
    try:
        disk.replace_whole(
            folder / str(number) / model_layout.NOTE, json.dumps(note, indent=1).encode()
        )
    except OSError as error:
        logging.getLogger("thaw").warning("rollback: no note of who and when: %s", error)
