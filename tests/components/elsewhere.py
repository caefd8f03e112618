"""A filesystem of Beam's as object stores are: addresses, and no folders."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from apache_beam.io.filesystem import FileMetadata
from apache_beam.io.localfilesystem import LocalFileSystem

SCHEME = "elsewhere"


class Elsewhere(LocalFileSystem):
    """``elsewhere://tmp/x`` is the local ``/tmp/x``."""

    @classmethod
    def scheme(cls) -> str:
        """Beam finds the class by it."""
        return SCHEME

    def has_dirs(self) -> bool:
        """As in an object store, a listing has whatever begins so."""
        return False

    def _list(self, dir_or_prefix: str) -> Iterator[FileMetadata]:
        local = Path(_local(dir_or_prefix))
        for file in sorted((local if local.is_dir() else local.parent).rglob("*")):
            if file.is_file() and str(file).startswith(str(local)):
                status = file.stat()
                yield FileMetadata(address(file), status.st_size, status.st_mtime)

    def exists(self, path: str) -> bool:
        """Whether there is such a file."""
        return Path(_local(path)).is_file()

    def metadata(self, path: str) -> FileMetadata:
        """Size and date."""
        status = Path(_local(path)).stat()
        return FileMetadata(path, status.st_size, status.st_mtime)

    def open(self, path: str, *args: Any, **options: Any) -> Any:
        """To be read."""
        return super().open(_local(path), *args, **options)


def address(path: Path) -> str:
    """The address of a local path."""
    return f"{SCHEME}:/{path}"


def _local(path: str) -> str:
    return path.removeprefix(f"{SCHEME}:/")
