"""Reads local files and what lies at addresses."""

import contextlib
import errno
import hashlib
import itertools
import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from components.image_example_gen.image_file import ImageFile, is_remote
from modules.errors import InputError

# The property, of the execution, that carries ``sources.spans.Place`` from driver to executor.
PLACE = "place"
# The property, of the execution, that names the driver's ``listing_file``; empty for none.
LISTING = "listing"
# The property, of the execution, that names the root's ``split_book``; empty for none.
SPLIT_BOOK = "split_book"
# The property, of the execution, that has the driver read every image; "yes", or empty.
VERIFY = "verify"
# The property, of the execution, that has the number of the span; empty for the latest.
SPAN = "span"
# The property, of the execution, that has the share of images in the part that stays in when the
# span is older than the window; empty for no such part.
OLDER_FRACTION = "older_fraction"
# The property, of the execution, that has a ``golden_set.GoldenSource``; empty for none, and where
# no image is golden.
GOLDEN = "golden"
Result = TypeVar("Result")
_END = 4096  # bytes
# How many files a thread reads in a turn: handing one over takes as long as reading it.
_TOGETHER = 64


def read_file(path: str) -> bytes:
    """All of a file, local or at an address.

    Raises:
        OSError: when it cannot be read, or is a pipe or a device, which might never end.
    """
    if is_remote(path):
        return _read_remote(path)
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError(errno.EINVAL, "not a regular file")
    with open(path, "rb", buffering=0) as file:
        return file.readall()


def _read_remote(path: str) -> bytes:
    with open_remote(path) as file:
        return bytes(file.read())


@contextlib.contextmanager
def open_remote(path: str) -> Iterator[Any]:
    """What is at an address, to be read, as it is.

    Raises:
        OSError: when it cannot be read.
    """
    from apache_beam.io.filesystem import CompressionTypes

    try:
        with filesystems().open(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
            yield file
    except OSError:
        raise
    except Exception as error:  # Each client raises errors of its own.
        raise OSError(errno.EIO, " ".join(str(error).split())[:200]) from error


def filesystems() -> Any:
    """Beam's, which know ``gs://``, ``s3://`` and ``hdfs://`` where their client is installed."""
    from apache_beam.io.filesystems import FileSystems  # A second's import, for addresses alone.

    return FileSystems


def matches(patterns: Sequence[str], where: str) -> list[Any]:
    """Beam's metadata of what matches any of some patterns, sorted by path, each once.

    Args:
        patterns: local ones, or addresses.
        where: the config's key and what it names, for the message.

    Raises:
        InputError: when their filesystem cannot list them.
    """
    try:
        results = filesystems().match(list(patterns))
    except Exception as error:  # Each client raises errors of its own.
        reason = " ".join(str(error).split())[:300]
        raise InputError(
            f"{where} cannot be listed ({reason}); check the address, and that the client of its "
            "filesystem is installed"
        ) from None
    by_path = {file.path: file for result in results for file in result.metadata_list}
    return [by_path[path] for path in sorted(by_path)]


def as_pattern(path: str) -> str:
    """The pattern that matches a path alone, whatever is in its names: ``photos [1]``."""
    return re.sub(r"[*?\[]", r"[\g<0>]", path)


def size_of(path: str) -> int:
    """Bytes of a local file; 0 if that cannot be found out."""
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def digests(files: Sequence[ImageFile]) -> Iterator[str]:
    """sha256 of each one's content, hexadecimal; of one that cannot be read, why."""
    return map_in_threads(_digest, files)


def map_in_threads(
    read: Callable[[ImageFile], Result], files: Sequence[ImageFile]
) -> Iterator[Result]:
    """What a function that reads a file makes of each, in their order."""
    parts = (files[i : i + _TOGETHER] for i in range(0, len(files), _TOGETHER))
    with ThreadPoolExecutor() as pool:
        yield from itertools.chain.from_iterable(pool.map(lambda part: [*map(read, part)], parts))


def _digest(file: ImageFile) -> str:
    if file.digest:
        return file.digest
    if file.problem:
        return f"not read: {file.problem}"
    try:
        return hashlib.sha256(read_file(file.path)).hexdigest()
    except OSError as error:
        return f"unreadable: {type(error).__name__}"


def ends(files: Sequence[ImageFile]) -> Iterator[bytes]:
    """The last bytes of each local file without a digest; files that differ mostly differ there."""
    return map_in_threads(_end, files)


def _end(file: ImageFile) -> bytes:
    if file.digest or file.record is not None or is_remote(file.path):
        return b""
    try:
        if not stat.S_ISREG(os.stat(file.path).st_mode):
            return b""
        number = os.open(file.path, os.O_RDONLY)
        try:
            return os.pread(number, _END, max(0, file.size - _END))
        finally:
            os.close(number)
    except OSError:
        return b""
