"""Versions that no push removes."""

from pathlib import Path

from components import disk
from components.serving import versions
from components.serving.lock import WAIT, writing
from modules.errors import InputError


def pin(serving_dir: Path, version: int, *, wait: float = WAIT) -> None:
    """Keeps a version's files for good, even when it is withdrawn; a pinned version stays pinned.

    Args:
        serving_dir: the folder of the versions.
        version: one that is there.
        wait: for how many seconds to wait while another process holds the folder.

    Raises:
        InputError: when there is no such version.
        StageError: when another process holds the folder longer, or it cannot be written.
    """
    _check(serving_dir, version)
    with writing(serving_dir, f"pin of version {version}", wait):
        _check(serving_dir, version)  # A push may have removed it while this one waited.
        folder = serving_dir / versions.PINNED
        folder.mkdir(exist_ok=True)
        (folder / str(version)).touch()
        disk.sync(folder)


def unpin(serving_dir: Path, version: int, *, wait: float = WAIT) -> None:
    """Lets later pushes remove a version again.

    Raises:
        InputError: when it is not pinned.
        StageError: as for ``pin``.
    """
    pinned = sorted(versions.pinned(serving_dir))
    if version not in pinned:
        listed = ", ".join(map(str, pinned)) or "none"
        raise InputError(f"VERSION: {version} is not pinned; {serving_dir} has pinned {listed}")
    with writing(serving_dir, f"unpin of version {version}", wait):
        (serving_dir / versions.PINNED / str(version)).unlink(missing_ok=True)


def _check(serving_dir: Path, version: int) -> None:
    there = versions.list_versions(serving_dir)
    if version not in there:
        listed = ", ".join(map(str, there)) or "none"
        raise InputError(
            f"VERSION: there is no version {version}; {serving_dir} has {listed}; name one of them"
        )
