"""Brings back a version that a rollback withdrew."""

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
class Restored:
    """What a restore did.

    Attributes:
        version: the one that was brought back.
        newest: the highest number that is there now, which servers take.
    """

    version: int
    newest: int


def restore(serving_dir: Path, version: int, *, by: str, wait: float = WAIT) -> Restored:
    """Moves a withdrawn version back to where servers look, in one step and under its own number.

    The version is whole from the moment it appears, even if this process is killed. Only the note
    of who brought it back may be missing then. A restored model no longer counts as withdrawn.

    Args:
        serving_dir: the folder of the versions.
        version: one that was withdrawn and whose files are still there.
        by: who restores it.
        wait: for how many seconds to wait while another process holds the folder.

    Raises:
        InputError: when there is no such version, its files are gone, or its number is taken.
        StageError: when another process holds the folder longer, or it cannot be written.
    """
    _check(serving_dir, version)  # Before anything is written: there may be no such folder.
    with writing(serving_dir, f"restore of version {version} by {by}", wait):
        _check(serving_dir, version)  # A push may have removed its files while this one waited.
        withdrawn = serving_dir / versions.WITHDRAWN
        (withdrawn / str(version)).rename(serving_dir / str(version))
        disk.sync(serving_dir)
        disk.sync(withdrawn)
        _note(serving_dir, version, by)
        return Restored(version, versions.list_versions(serving_dir)[-1])


def _check(serving_dir: Path, version: int) -> None:
    whole = versions.restorable(serving_dir)
    listed = f"{serving_dir} can bring back {', '.join(map(str, whole)) or 'none'}"
    remedy = "name one of them" if whole else "thaw versions lists what there is"
    if (serving_dir / str(version)).exists():
        raise InputError(f"VERSION: {version} is there, and not withdrawn; {listed}; {remedy}")
    if version in whole:
        return
    if version in versions.numbers_in(serving_dir / versions.WITHDRAWN):
        raise InputError(
            f"VERSION: {version} was withdrawn, and no model is left of it; {listed}; {remedy}, or "
            "train it again and force it"
        )
    raise InputError(f"VERSION: no version {version} was withdrawn; {listed}; {remedy}")


def _note(serving_dir: Path, version: int, by: str) -> None:
    """Warns where the note cannot be written: the version is served by now."""
    note = versions.read_note(serving_dir, version)
    kept = {key: value for key, value in note.items() if key not in versions.OF_WITHDRAWAL}
    added = {versions.RESTORED_AT: versions.utc_now(), versions.RESTORED_BY: by}
    content = json.dumps({**kept, "version": version, **added}, indent=1).encode()
    try:
        disk.replace_whole(serving_dir / str(version) / model_layout.NOTE, content)
    except OSError as error:
        logging.getLogger("thaw").warning("restore: no note of who and when: %s", error)
