"""Goes back to an earlier version by withdrawing those that came after."""

import json
import logging
from dataclasses import dataclass
from pathlib import Path

from components.serving import disk, versions
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

    The later ones go to ``.withdrawn``, newest first, each in one step, so that a version is there
    at every moment, also when this is killed. Their numbers are never used again, and their notes
    gain when, and who did it.

    Args:
        serving_dir: the folder of the versions.
        version: which; the one before the newest if None.
        by: who does it.
        wait: for how many seconds another may hold the folder.

    Raises:
        InputError: when there is no such version, or none comes after it.
        StageError: when another holds the folder for too long, or it cannot be written.
    """
    _target(serving_dir, version)  # Before anything is written: there may be no such folder.
    with writing(serving_dir, f"rollback by {by}", wait):
        target = _target(serving_dir, version)
        folder = serving_dir / versions.WITHDRAWN
        folder.mkdir(exist_ok=True)
        # Whatever has a higher number, for servers would try that, also if it is no model.
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
    """The withdrawal is done by now: it does not fail for a note that cannot be written."""
    added = {versions.WITHDRAWN_AT: versions.utc_now(), versions.WITHDRAWN_BY: by}
    note = {**versions.read_note(folder, number), "version": number, **added}
    try:
        disk.replace_whole(
            folder / str(number) / model_layout.NOTE, json.dumps(note, indent=1).encode()
        )
    except OSError as error:
        logging.getLogger("thaw").warning("rollback: no note of who and when: %s", error)
