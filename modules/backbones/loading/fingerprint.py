"""The fingerprint of a module's files."""

import hashlib
import os
import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import tensorflow as tf

_CHUNK_BYTES = 1 << 24


def folder_fingerprint(folder: str) -> str:
    """Returns the sha256 over the names and contents of all files in a folder, in hexadecimal.

    Args:
        folder: a local path, or an address of a filesystem that TensorFlow knows.

    Raises:
        OSError: when a local file cannot be read, or is not a regular file.
    """
    digest = hashlib.sha256()
    for name in sorted(_names(folder), key=lambda name: name.split("/")):
        content = hashlib.sha256()
        with _open(posixpath.join(folder, name)) as file:
            while chunk := file.read(_CHUNK_BYTES):
                content.update(chunk)
        # Names are escaped as by sha256sum, lest a name with a line break look like two files.
        line = name.replace("\\", "\\\\").replace("\n", "\\n")
        digest.update(os.fsencode(f"{line}:{content.hexdigest()}\n"))
    return digest.hexdigest()


def _names(folder: str) -> Iterator[str]:
    """Yields the paths of all files, relative to the folder, with ``/``."""
    remote = "://" in folder
    # Links to folders are followed, since weights may lie behind one.
    walked = tf.io.gfile.walk(folder) if remote else os.walk(folder, followlinks=True)
    for parent, _, names in walked:
        for name in names:
            yield posixpath.relpath(posixpath.join(parent, name), folder)


def _open(path: str) -> BinaryIO:
    if "://" in path:
        return tf.io.gfile.GFile(path, "rb")  # type: ignore[no-any-return]
    if not Path(path).is_file():
        raise OSError(f"{path} is not a regular file")
    return Path(path).open("rb")
