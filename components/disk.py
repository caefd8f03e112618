"""Writes files and folders that are either whole or not there, even if the machine stops."""

import errno
import os
import shutil
from pathlib import Path

# Ends of names that begin with a dot: no server takes them for a version.
PARTIAL = ".partial"  # is being written
REMOVED = ".removed"  # is being deleted


def partial_of(path: Path) -> Path:
    """Where ``path`` is written until it is whole."""
    return path.with_name(f".{path.name}{PARTIAL}")


def sync(path: Path) -> None:
    """Waits until a file's bytes, or a folder's names, are on the disk.

    A file system that cannot sync folders is left alone.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def sync_folders(top: Path) -> None:
    """Syncs a folder and those below it, the deepest first."""
    for entry in top.iterdir():
        if entry.is_dir():
            sync_folders(entry)
    sync(top)


def copy_synced(source: Path, target: Path) -> None:
    """Copies a folder and all below it, each file synced; links become what they lead to.

    Permissions are those of new files, not the source's.

    Args:
        source: a folder.
        target: a folder that is not there yet.
    """
    target.mkdir()
    for entry in source.iterdir():
        if entry.is_dir():
            copy_synced(entry, target / entry.name)
        else:
            shutil.copyfile(entry, target / entry.name)
            sync(target / entry.name)


def write_synced(path: Path, content: bytes) -> None:
    """Writes a file, and the folders above it where they are missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    sync(path)


def replace_whole(path: Path, content: bytes) -> None:
    """Replaces a file in one step: a reader sees the old content or the new."""
    unfinished = partial_of(path)
    try:
        write_synced(unfinished, content)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    sync(path.parent)


def remove(folder: Path) -> None:
    """Removes a folder: it is renamed in one step, and then deleted."""
    removed = folder.with_name(f".{folder.name}{REMOVED}")
    folder.rename(removed)
    delete(removed)


def delete(path: Path) -> None:
    """Deletes a file, or as much of a folder as can be deleted."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
