"""A folder of images for each class, with or without a folder for each split above."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

from components.image_example_gen import passed_over
from components.image_example_gen.image_file import ImageFile, is_remote, problem_of_label
from components.image_example_gen.listed import Listing
from components.image_example_gen.passed_over import PassedOver
from components.image_example_gen.sources.layout import Folders, Layout, layout_of
from components.image_example_gen.sources.tree import Tree, TreeFile, scan
from modules import features
from modules.errors import InputError
from modules.text import counted, quoted

_IMAGES = {".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".heic", ".avif"}


def list_folder(
    folder: str,
    key: str = "data.path",
    min_classes: int = 2,
    folders: Folders | None = None,
    leave_out: Sequence[str] = (),
) -> Listing:
    """All files below the class folders of ``folder``.

    Each folder in it is a class; files in its own folders belong to it too. Where the folders are
    called ``train`` and ``test``, ``validation`` or the like, they are splits, and the classes are
    in them. What other programs left there is passed over, as are files beside the class folders.
    Dangling links and unreadable files are listed: the check names them.

    Args:
        folder: local, or an address.
        key: of the config, that named it.
        min_classes: how many classes there must be.
        folders: what the folders are, where it is not to be guessed.
        leave_out: names of files and folders, or patterns of them, that are passed over.

    Raises:
        InputError: when there is no such folder, its folders may be classes or splits, a class has
            an unusable name or an empty folder, or there are too few classes.
    """
    passed = PassedOver(leave_out)
    tree = scan(folder, key, passed)
    where = f"{key}: {folder}"
    layout = layout_of(tree, where, folders)
    for beside in layout.beside:
        passed.add(passed_over.BESIDE_SPLITS, beside)
    depth = 1 if layout.splits else 0
    files = []
    for file in tree.files:
        if file.parts[0] in layout.beside and len(file.parts) > 1:
            continue
        if len(file.parts) <= depth + 1:
            passed.add(passed_over.BESIDE_CLASSES, _unicode("/".join(file.parts)))
            continue
        split = layout.splits[file.parts[0]] if layout.splits else None
        files.append(_file(file, file.parts[depth], split))
    classes = sorted(
        {parts[depth] for parts in tree.inner if len(parts) == depth + 1 and _is_in(parts, layout)}
    )
    _check_classes(tree, files, classes, where, min_classes)
    return Listing(files, _described(layout), passed, layout.notes)


def _is_in(parts: Sequence[str], layout: Layout) -> bool:
    return not layout.splits or parts[0] in layout.splits


def _file(file: TreeFile, label: str, split: str | None) -> ImageFile:
    return ImageFile(file.path, _unicode("/".join(file.parts)), label, file.size, split)


def _unicode(name: str) -> str:
    return os.fsencode(name).decode(errors="replace")


def _described(layout: Layout) -> str:
    if not layout.splits:
        return "a folder per class"
    names = sorted(layout.splits, key=lambda name: features.SPLITS.index(layout.splits[name]))
    return f"a folder per split ({', '.join(names)}) and class"


def _check_classes(
    tree: Tree, files: Sequence[ImageFile], classes: Sequence[str], where: str, min_classes: int
) -> None:
    for label in classes:
        if problem_of_label(label):
            raise InputError(
                f"{where}: the folder {label!r} cannot be a class; a name must be valid Unicode "
                "of one line: rename it"
            )
    if not classes:
        raise InputError(f"{where} {_without_classes(tree)}")
    empty = sorted(set(classes) - {file.label for file in files})
    if empty:
        raise InputError(
            f"{where} holds {counted(len(classes), 'class folder')}, of which {quoted(empty, 3)} "
            f"{'is' if len(empty) == 1 else 'are'} empty; fill or remove "
            f"{'it' if len(empty) == 1 else 'them'}"
        )
    if len(classes) < min_classes:
        inner = sorted(tree.inner.get((classes[0],), ()))
        deeper = (
            f"; set data.path to {tree.root.rstrip('/')}/{classes[0]} if the classes are "
            f"{quoted(inner, 3)}"
        )
        raise InputError(
            f"{where} holds {counted(len(classes), 'class folder')}, {quoted(classes)}, and at "
            f"least {min_classes} are needed{deeper if len(inner) > 1 else ': add another'}"
        )


def _without_classes(tree: Tree) -> str:
    """What a folder holds in place of class folders, and what to do."""
    ends = Counter(PurePosixPath(file.parts[-1]).suffix.lower() for file in tree.files)
    images = sum(count for end, count in ends.items() if end in _IMAGES)
    if not tree.files and is_remote(tree.root):
        return "holds no file; check the address"
    if not tree.files:
        return "is empty; it must hold a folder of images for each class"
    held = counted(images, "image") if images else counted(len(tree.files), "file")
    content = f"holds {held} and no class folders"
    if tree.inner[()]:
        content = f"holds {held} in {quoted(sorted(tree.inner[()]))}, and no class folders in them"
    top = {PurePosixPath(file.parts[-1]).suffix.lower(): file for file in tree.files[::-1]}
    for end in (".csv", ".tsv"):
        if end in top:
            return f"{content}; set data.path to {top[end].path} if that lists them"
    if ".zip" in top and not images:
        return f"{content}; unpack {top['.zip'].parts[-1]}"
    return (
        f"{content}; put the images into a folder for each class, or list them with their labels "
        "in a CSV manifest"
    )
