"""Lists the images of a folder per class, and fingerprints their content."""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from modules import features
from modules.errors import InputError

# The property, of the execution and of Examples, that carries the fingerprint.
FINGERPRINT = "input_fingerprint"


@dataclass(frozen=True)
class ImageFile:
    """A file that may be an image.

    Attributes:
        path: where it lies.
        name: its path below the data's folder, with ``/``, as valid Unicode.
        label: the class, by its folder's name.
        size: bytes; 0 where it cannot be told, as for a dangling link.
        split: that it belongs to; None where its content decides.
    """

    path: str
    name: str
    label: str
    size: int
    split: str | None = None


def list_all(folder: str, earlier: str = "") -> list[ImageFile]:
    """The images of ``list_images``, and after them the earlier ones, in their own split.

    Args:
        folder: what is trained on.
        earlier: a folder of the same form, with the same classes or some of them, or nothing.

    Raises:
        InputError: as ``list_images``; and when the two share images, or the second holds a class
            that the first does not.
    """
    found = list_images(folder)
    if not earlier:
        return found
    now, before = Path(folder).resolve(), Path(earlier).resolve()
    if now == before or now in before.parents or before in now.parents:
        raise InputError(
            f"data.earlier: {earlier} and data.path, {folder}, hold the same images; name a folder "
            "of images that are not trained on"
        )
    more = list_images(earlier, "data.earlier", least=1)
    unknown = sorted({file.label for file in more} - {file.label for file in found})
    if unknown:
        raise InputError(
            f"data.earlier: the class {unknown[0]!r} in {earlier} is none of those in data.path; "
            "rename or remove its folder"
        )
    return found + [replace(file, split=features.EARLIER) for file in more]


def list_images(folder: str, key: str = "data.path", least: int = 2) -> list[ImageFile]:
    """All files below the folders of ``folder``, sorted by name.

    Each folder in ``folder`` is a class; files in its own folders belong to it too. Names that
    begin with a dot are left out, as are files beside the class folders. Dangling links and
    unreadable files are listed: the check names them.

    Args:
        folder: of the class folders.
        key: of the config, that named it.
        least: how many classes there must be.

    Raises:
        InputError: when there is no such folder, or fewer classes in it than must be.
    """
    root = Path(folder)
    if not os.path.isdir(folder):
        raise InputError(
            f"{key}: got {folder}, which is no folder; it must hold a folder of images for "
            "each class"
        )
    classes = sorted(entry.name for entry in _entries(root) if entry.is_dir())
    _refuse_labels(classes)
    found = [file for label in classes for file in _walk(root, root / label, label)]
    empty = sorted(set(classes) - {file.label for file in found})
    if len(classes) < least or empty:
        which = f", of which {empty[0]!r} is empty" if empty else ""
        raise InputError(
            f"{key}: {folder} holds {len(classes)} class folders{which}; at least {least} are "
            "needed, each with images: fill or remove what is empty"
        )
    return sorted(found, key=lambda file: file.name)


def read_file(file: ImageFile) -> bytes:
    """The file's bytes.

    Raises:
        OSError: when it cannot be read, or is a pipe or a device, which might never end.
    """
    if not stat.S_ISREG(os.stat(file.path).st_mode):
        raise OSError(errno.EINVAL, "not a regular file")
    return Path(file.path).read_bytes()


def fingerprint(files: Sequence[ImageFile]) -> str:
    """sha256 over every file's own split, name and content, hexadecimal.

    Dates do not count, so that a fresh copy of the same images is the same data; content does,
    so that an image replaced by one of the same size and date is not.
    """
    with ThreadPoolExecutor() as pool:
        digests = pool.map(_digest, files)
        total = hashlib.sha256()
        for file, digest in zip(files, digests, strict=True):
            name = f"{len(file.name.encode())}:{file.name}"
            total.update(f"{file.split or ''}:{name}:{digest}\n".encode())
    return total.hexdigest()


def _digest(file: ImageFile) -> str:
    try:
        return hashlib.sha256(read_file(file)).hexdigest()
    except OSError as error:
        return f"unreadable: {type(error).__name__}"


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from (entry for entry in entries if not entry.name.startswith("."))
    except OSError as error:
        raise InputError(
            f"data.path: {folder} cannot be listed ({error.strerror}); make it readable"
        ) from None


def _walk(
    root: Path, folder: Path, label: str, above: frozenset[tuple[int, int]] = frozenset()
) -> Iterator[ImageFile]:
    status = folder.stat()
    here = (status.st_dev, status.st_ino)
    if here in above:  # A link that leads back up.
        return
    for entry in _entries(folder):
        if entry.is_dir():
            yield from _walk(root, Path(entry.path), label, above | {here})
            continue
        try:
            size = entry.stat().st_size
        except OSError:
            size = 0
        name = Path(entry.path).relative_to(root).as_posix()
        name = os.fsencode(name).decode(errors="replace")
        yield ImageFile(entry.path, name, label, size)


def _refuse_labels(labels: Sequence[str]) -> None:
    for label in labels:
        try:
            bad = any(ord(c) < 32 for c in label) or not label.encode()
        except UnicodeEncodeError:
            bad = True
        if bad:
            raise InputError(
                f"data.path: the folder {label!r} cannot be a class; a name must be valid Unicode "
                "of one line: rename it"
            )
