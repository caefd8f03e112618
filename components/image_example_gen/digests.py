"""The sha256 of each image, read again only where a file may have changed.

A file counts as unchanged while its size, its times of modification and of change (``mtime`` and
``ctime``, in nanoseconds) and its inode are what they were when it was read. A file that was
written less than ``SETTLED`` before it was read may be written again within one tick of the file
system's clock, without a trace in its times: it is read again by the next run, as Git does with its
index (https://git-scm.com/docs/racy-git). So is what lies at an address, which shows no such times.
"""

import hashlib
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from components.image_example_gen.contents import Contents
from components.image_example_gen.image_file import ImageFile, is_remote
from components.image_example_gen.io import map_in_threads, read_file

# More than one tick of any file system (FAT has 2 s), in nanoseconds.
SETTLED = 3_000_000_000


class FileState(NamedTuple):
    """What changes with a file's content.

    Attributes:
        size: bytes.
        mtime: when it was written, in nanoseconds since 1970.
        ctime: when it or its inode was changed; no program can set it.
        inode: its number.
    """

    size: int
    mtime: int
    ctime: int
    inode: int


class Digested(NamedTuple):
    """An image whose content was read, now or by an earlier run.

    Attributes:
        file: with its digest, or with the problem that kept it from being read.
        state: of the file when it was read; None where its next digest must be taken anew.
    """

    file: ImageFile
    state: FileState | None


def with_digests(
    files: Sequence[ImageFile],
    known: Mapping[str, Digested] | None = None,
    contents: Contents | None = None,
) -> Iterator[Digested]:
    """Gives each image its digest.

    Args:
        files: as listed.
        known: by path, what an earlier run has read. Of a file that may have changed since, the
            content is read.
        contents: keeps what is read; None keeps nothing.
    """
    earlier = known or {}
    return map_in_threads(lambda file: _digested(file, earlier.get(file.path), contents), files)


def _digested(file: ImageFile, known: Digested | None, contents: Contents | None) -> Digested:
    if file.digest or file.problem:
        return Digested(file, None)
    began = time.time_ns()
    try:
        state = state_of(file.path)
        if known and known.state and known.state == state:
            return Digested(replace(file, digest=known.file.digest), state)
        content = read_file(file.path)
    except OSError as error:
        return Digested(replace(file, problem=f"unreadable: {error.strerror or error}"), None)
    digest = hashlib.sha256(content).hexdigest()
    if contents is not None:
        contents.keep(file.path, content, state)
    settled = state is not None and max(state.mtime, state.ctime) < began - SETTLED
    return Digested(replace(file, digest=digest), state if settled else None)


def state_of(path: str) -> FileState | None:
    """What changes with a file's content; None at an address, where nothing shows it.

    Raises:
        OSError: when there is no such file.
    """
    if is_remote(path):
        return None
    status = os.stat(path)
    return FileState(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def fingerprint(files: Sequence[ImageFile]) -> str:
    """sha256 over all that is known of each image, its content included; hexadecimal.

    Dates and places do not count, so that a fresh copy of the same images is the same data.

    Args:
        files: as ``with_digests`` gives them.
    """
    total = hashlib.sha256()
    for file in files:
        content = file.digest or f"not read: {file.problem}"
        known = (file.split or "", file.name, file.label, file.group, file.columns, content)
        total.update(repr(known).encode(errors="replace"))
    return total.hexdigest()
