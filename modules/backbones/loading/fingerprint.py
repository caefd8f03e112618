"""What tells one module's files from another's."""

import hashlib
import os
import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import tensorflow as tf

_PIECE = 1 << 24


def folder_fingerprint(folder: str) -> str:
    """sha256 over the names and contents of all files in a folder, hexadecimal.

    Args:
        folder: local, or an address of a filesystem that TensorFlow knows.

    Raises:
        OSError: when a local file cannot be read, or is no file that keeps what it holds.
    """
    total = hashlib.sha256()
    for name in sorted(_names(folder), key=lambda name: name.split("/")):
        content = hashlib.sha256()
        with _open(posixpath.join(folder, name)) as file:
            while piece := file.read(_PIECE):
                content.update(piece)
        # As sha256sum has it: else a name of two lines would stand for two files.
        line = name.replace("\\", "\\\\").replace("\n", "\\n")
        total.update(os.fsencode(f"{line}:{content.hexdigest()}\n"))
    return total.hexdigest()


def _names(folder: str) -> Iterator[str]:
    """The paths of all files, below the folder, with ``/``."""
    remote = "://" in folder
    # Links to folders are followed: weights may lie behind one.
    walked = tf.io.gfile.walk(folder) if remote else os.walk(folder, followlinks=True)
    for parent, _, names in walked:
        for name in names:
            yield posixpath.relpath(posixpath.join(parent, name), folder)


def _open(path: str) -> BinaryIO:
    if "://" in path:
        return tf.io.gfile.GFile(path, "rb")  # type: ignore[no-any-return]
    if not Path(path).is_file():
        raise OSError(f"{path} is no file")
    return Path(path).open("rb")
