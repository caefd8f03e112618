"""A folder of images for each class, with or without a folder for each split above."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from components.image_example_gen.contents import matches, size_of
from components.image_example_gen.entry import ImageFile, is_remote, problem_of_label
from components.image_example_gen.sources.split_names import split_named
from modules import features
from modules.errors import InputError


def list_folder(folder: str, key: str = "data.path", least: int = 2) -> list[ImageFile]:
    """All files below the class folders of ``folder``.

    Each folder in it is a class; files in its own folders belong to it too. Where the folders are
    called ``train`` and ``test``, ``validation`` or the like, they are splits, and the classes are
    in them. Names that begin with a dot are left out, as are files beside the class folders.
    Dangling links and unreadable files are listed: the check names them.

    Args:
        folder: local, or an address.
        key: of the config, that named it.
        least: how many classes there must be.

    Raises:
        InputError: when there is no such folder, a class's name cannot be one or its folder is
            empty, or there are fewer classes than must be.
    """
    found = _remote(folder, key) if is_remote(folder) else _local(folder, key)
    classes = sorted({label for _, label, _ in found})
    _refuse_labels(classes, key)
    files = [file for _, _, listed in found for file in listed]
    empty = sorted(set(classes) - {file.label for file in files})
    if len(classes) < least or empty:
        which = f", of which {empty[0]!r} is empty" if empty else ""
        raise InputError(
            f"{key}: {folder} holds {len(classes)} class folders{which}; at least {least} are "
            "needed, each with images: fill or remove what is empty"
        )
    return files


# What is found in each class folder of each split.
_Found = list[tuple[str | None, str, list[ImageFile]]]


def _local(folder: str, key: str) -> _Found:
    root = Path(folder)
    if not os.path.isdir(folder):
        raise InputError(
            f"{key}: got {folder}, which is no folder; it must hold a folder of images for "
            "each class"
        )
    tops = sorted(_folders(root))
    if _are_splits(tops):
        pairs = [(split_named(top), root / top) for top in tops]
    else:
        pairs = [(None, root)]
    return [
        (split, label, list(_walk(root, above / label, label, split)))
        for split, above in pairs
        for label in sorted(_folders(above))
    ]


def _are_splits(names: Sequence[str]) -> bool:
    meant = [split_named(name) for name in names]
    return features.TRAIN in meant and len(meant) > 1 and None not in meant


def _folders(folder: Path) -> list[str]:
    return [entry.name for entry in _entries(folder) if entry.is_dir()]


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from (entry for entry in entries if not entry.name.startswith("."))
    except OSError as error:
        raise InputError(
            f"data.path: {folder} cannot be listed ({error.strerror}); make it readable"
        ) from None


def _walk(
    root: Path,
    folder: Path,
    label: str,
    split: str | None,
    above: frozenset[tuple[int, int]] = frozenset(),
) -> Iterator[ImageFile]:
    status = folder.stat()
    here = (status.st_dev, status.st_ino)
    if here in above:  # A link that leads back up.
        return
    place = folder.relative_to(root).as_posix()
    for entry in _entries(folder):
        if entry.is_dir():
            yield from _walk(root, Path(entry.path), label, split, above | {here})
            continue
        name = os.fsencode(f"{place}/{entry.name}").decode(errors="replace")
        yield ImageFile(entry.path, name, label, size_of(entry.path), split)


def _remote(folder: str, key: str) -> _Found:
    """Of an address every file is matched at once, whatever the depth."""
    root = folder.rstrip("/") + "/"
    below = [
        (one.path.removeprefix(root), one) for one in matches([f"{root}**"], f"{key}: {folder}")
    ]
    parts = [(name.split("/"), one) for name, one in below if "/" in name]
    parts = [(names, one) for names, one in parts if not any(n.startswith(".") for n in names)]
    splits = _are_splits(sorted({names[0] for names, _ in parts}))
    found: dict[tuple[str | None, str], list[ImageFile]] = {}
    for names, one in parts:
        split = split_named(names[0]) if splits else None
        inner = names[1:] if splits else names
        if len(inner) > 1:
            file = ImageFile(one.path, "/".join(names), inner[0], one.size_in_bytes, split)
            found.setdefault((split, inner[0]), []).append(file)
    return [(split, label, files) for (split, label), files in sorted(found.items(), key=str)]


def _refuse_labels(labels: Sequence[str], key: str) -> None:
    for label in labels:
        if problem_of_label(label):
            raise InputError(
                f"{key}: the folder {label!r} cannot be a class; a name must be valid Unicode "
                "of one line: rename it"
            )
