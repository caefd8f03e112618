"""What lies below a folder, local or at an address, without what a listing passes over."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from components.image_example_gen.image_file import is_remote
from components.image_example_gen.io import as_pattern, matches, size_of
from components.image_example_gen.passed_over import PassedOver
from components.image_example_gen.sources.no_such_path import refuse_what_is_no_folder
from modules.errors import InputError

Parts = tuple[str, ...]


class TreeFile(NamedTuple):
    """A file.

    Attributes:
        parts: the names that lead to it from the root, its own being the last.
        path: local, or an address.
        size: bytes; 0 if unknown.
    """

    parts: Parts
    path: str
    size: int


@dataclass
class Tree:
    """Files and folders below a root.

    Attributes:
        root: local, or an address.
        files: in no order.
        inner: the names of the folders that are in each folder, by its parts; ``()`` is the root.
            Of addresses only folders that hold something are known.
    """

    root: str
    files: list[TreeFile] = field(default_factory=list)
    inner: dict[Parts, set[str]] = field(default_factory=lambda: {(): set()})


def scan(root: str, key: str, passed: PassedOver) -> Tree:
    """All files below a folder, to any depth; nothing is opened.

    Links are followed, those that lead back up excepted.

    Args:
        root: local, or an address.
        key: of the config, that named it.
        passed: says what is passed over for its name, and counts it.

    Raises:
        InputError: when there is no such folder, or it cannot be listed.
    """
    tree = Tree(root)
    if is_remote(root):
        _add_remote(tree, key, passed)
    else:
        refuse_what_is_no_folder(root, key)
        tree.files += _below(tree, Path(root), (), key=key, passed=passed, above=frozenset())
    return tree


def _below(
    tree: Tree,
    folder: Path,
    parts: Parts,
    *,
    key: str,
    passed: PassedOver,
    above: frozenset[tuple[int, int]],
) -> Iterator[TreeFile]:
    try:
        status = folder.stat()
        with os.scandir(folder) as scanned:
            entries = sorted(scanned, key=lambda entry: entry.name)
    except OSError as error:
        raise InputError(
            f"{key}: {folder} cannot be listed ({error.strerror}); make it readable"
        ) from None
    here = (status.st_dev, status.st_ino)
    if here in above:
        return
    entries = [entry for entry in entries if not passed.takes(entry.name)]
    folders = tree.inner[parts] = {entry.name for entry in entries if entry.is_dir()}
    for entry in entries:
        inner = (*parts, entry.name)
        if entry.name in folders:
            yield from _below(
                tree, Path(entry.path), inner, key=key, passed=passed, above=above | {here}
            )
        else:
            yield TreeFile(inner, entry.path, size_of(entry.path))


def _add_remote(tree: Tree, key: str, passed: PassedOver) -> None:
    """Of an address every file is matched at once, whatever the depth."""
    root = tree.root.rstrip("/") + "/"
    for file in matches([f"{as_pattern(root)}**"], f"{key}: {tree.root}"):
        parts = tuple(file.path.removeprefix(root).split("/"))
        # A name that is passed over stops before what lies below it is counted.
        if not parts[-1] or any(passed.takes(part) for part in parts):
            continue
        tree.files.append(TreeFile(parts, file.path, file.size_in_bytes))
        for depth in range(len(parts) - 1):
            tree.inner.setdefault(parts[:depth], set()).add(parts[depth])
            tree.inner.setdefault(parts[: depth + 1], set())
