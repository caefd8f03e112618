"""Unpacks the archive of an untrusted module: no path leaves the folder, and no archive bomb works.

Hub's own unpacking has such checks, and its parts are used; but it does not limit the output.
"""

import gzip
import io
import tarfile
import zlib
from typing import Any, BinaryIO

import tensorflow as tf
from tensorflow_hub import file_utils

from modules.errors import InputError

MAX_BYTES = 16 << 30  # of all files together; the largest vision modules have about 4 GB
MAX_FILES = 10_000
# Weights hardly compress, and deflate expands a byte to at most 1,032.
MAX_RATIO = 100
_ALWAYS = 1 << 28  # bytes that may be unpacked whatever the ratio
_HEADER = 1 << 20  # bytes between two files' contents: tarfile holds headers in memory
_BROKEN = (gzip.BadGzipFile, zlib.error, EOFError, ValueError)


def unpack(archive: Any, folder: str, name: str) -> None:
    """Writes the files of a ``.tar.gz`` or ``.tar`` into a folder.

    Args:
        archive: a stream, which is read once from start to end.
        folder: an empty folder: a local path, or an address of a filesystem that TensorFlow knows.
        name: the archive's name, for messages.

    Raises:
        InputError: when a member leads out of the folder or is neither file nor folder, when there
            are too many members or too large ones, or when this is no archive. Some files may have
            been written by then.
    """
    packed = _Counted(archive)
    whole = _Counted(_decompressed(packed), packed)
    try:
        with tarfile.open(fileobj=whole, mode="r|") as members:
            _write(members, whole, folder)
    except (_RefusalError, tarfile.TarError, *_BROKEN) as error:
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise InputError(
            f"backbone.handle: {name} gives an archive that cannot be unpacked ({reason}); it must "
            "be a .tar.gz of a SavedModel's files and folders: look at it, and give a folder that "
            "you have unpacked"
        ) from error


class _RefusalError(Exception):
    """Says why an archive is refused."""


def _write(members: tarfile.TarFile, whole: "_Counted", folder: str) -> None:
    total = 0
    for number, member in enumerate(members, start=1):
        name = member.name
        total += member.size
        if number > MAX_FILES:
            raise _RefusalError(f"it holds more than {MAX_FILES:,} files")
        if not (member.isreg() or member.isdir()) or member.issparse():
            raise _RefusalError(f"{name} is neither a file nor a folder")
        if name.startswith("/") or ".." in name.split("/"):
            raise _RefusalError(f"{name} leads out of its folder")
        if member.size < 0 or total > MAX_BYTES:
            raise _RefusalError(f"{name} and those before it have more than {MAX_BYTES >> 30} GiB")
        whole.left = member.size + _HEADER
        path = file_utils.merge_relative_path(folder, name)
        if member.isdir():
            tf.io.gfile.makedirs(path)
        else:
            tf.io.gfile.makedirs(path.rpartition("/")[0])
            file_utils.extract_file(members, member, path)


def _decompressed(packed: "_Counted") -> BinaryIO:
    buffered = io.BufferedReader(packed)
    if buffered.peek(2)[:2] == b"\x1f\x8b":
        return gzip.GzipFile(fileobj=buffered)  # type: ignore[return-value]
    return buffered


class _Counted(io.RawIOBase):
    """A stream that counts the bytes read from it, and refuses to go beyond a limit.

    Args:
        stream: an object with ``read``.
        packed: the compressed stream that this one is decompressed from; None for no limit.

    Attributes:
        taken: how many bytes have been read.
        left: how many bytes may still be read; set for each file, and only enforced with
            ``packed``.
    """

    def __init__(self, stream: Any, packed: "_Counted | None" = None) -> None:
        super().__init__()
        self._stream, self._packed = stream, packed
        self.taken, self.left = 0, _HEADER

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._stream.read(len(buffer))
        buffer[: len(chunk)] = chunk
        self.taken += len(chunk)
        self.left -= len(chunk)
        if self._packed is not None:
            if self.left < 0:
                raise _RefusalError(f"a header of it has more than {_HEADER >> 20} MiB")
            if self.taken > _ALWAYS + MAX_RATIO * self._packed.taken:
                raise _RefusalError(f"it grows to more than {MAX_RATIO} times its size")
        return len(chunk)
