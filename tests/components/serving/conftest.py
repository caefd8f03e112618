"""Folders to push from and to."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.serving.push import push
from tests.components.serving.processes import model


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return model(tmp_path / "source", parts=3)


@pytest.fixture
def serving(tmp_path: Path) -> Path:
    return tmp_path / "serving"


@pytest.fixture
def three(source: Path, serving: Path) -> list[int]:
    """The numbers of three versions, pushed from /0, /1 and /2."""
    return [push(source, serving, {"run_id": f"{i}", "model": f"/{i}"}) for i in range(3)]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB of its own."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "thaw-test", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("needs the mount command, which this machine lacks")
    if done.returncode:
        pytest.skip(f"needs to mount a small file system: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
