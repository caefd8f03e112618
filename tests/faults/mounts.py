"""Small disks of a test's own."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A folder that holds so much and no more; skips the test where nothing can be mounted."""
    folder.mkdir()
    _mount("-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def read_only(folder: Path) -> None:
    """Makes a ``small_disk`` read-only."""
    _mount("-o", "remount,ro", str(folder))


def fill(disk: Path, left: int) -> Path:
    """Writes a file that leaves so many bytes on a disk; returns it."""
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(max(0, shutil.disk_usage(disk).free - left)))
    return ballast


def _mount(*arguments: str) -> None:
    try:
        done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("needs mount, which is not on this machine")
    if done.returncode:
        pytest.skip(f"needs to mount a small disk: {done.stderr.strip()}")
