"""Files that a manifest names and that are not there: where they may be, and how many they are."""

import os
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from components.image_example_gen.passed_over import is_of_system
from modules.errors import InputError
from modules.text import clipped, counted

# How many folders are looked into for a file.
_FOLDERS = 500
_DEEP = 2
# For how many files is it worth a look where they may be.
_LOOKED_FOR = 50


def likely_name(root: str, name: str) -> str:
    """A name under which the file is in the root; empty for none.

    Tried are slashes for backslashes, Unicode's composed and decomposed forms (NFC, NFD), spaces
    and capitals, and the path without its first folders.
    """
    plain = name.strip().replace("\\", "/")
    parts = [part for part in plain.split("/") if part not in ("", ".")]
    if plain.startswith("/") and plain.startswith(root + "/"):
        parts = plain.removeprefix(root).strip("/").split("/")
    for start in range(len(parts)):
        tail = "/".join(parts[start:])
        if ".." in parts[start:]:
            continue
        for form in (tail, *(unicodedata.normalize(kind, tail) for kind in ("NFC", "NFD"))):
            if form != name and os.path.isfile(os.path.join(root, form)):
                return form
        if start == 0:
            found = _in_other_form(root, parts)
            if found:
                return found
    return ""


def _in_other_form(root: str, parts: Sequence[str]) -> str:
    """The path whose every part is alike but for capitals and Unicode's form; empty for none."""
    here = Path(root)
    for part in parts:
        try:
            names = sorted(os.listdir(here))
        except OSError:
            return ""
        name = next((one for one in names if _folded(one) == _folded(part)), None)
        if name is None:
            return ""
        here /= name
    return here.relative_to(root).as_posix()


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def likely_root(root: str, name: str) -> str:
    """A folder below or beside the root that the name leads from to a file; empty for none."""
    if os.path.isabs(name) or ".." in name.split("/"):
        return ""
    above = Path(root).parent
    for folder in (*_folders(Path(root)), above, *_folders(above)):
        if (folder / name).is_file():
            return str(folder)
    return ""


def _folders(root: Path) -> Iterator[Path]:
    level, seen = [root], 0
    for _ in range(_DEEP):
        below = []
        for folder in level:
            try:
                with os.scandir(folder) as entries:
                    inner = [e.path for e in entries if e.is_dir() and not is_of_system(e.name)]
            except OSError:
                continue
            for path in sorted(inner):
                seen += 1
                if seen > _FOLDERS:
                    return
                below.append(Path(path))
                yield Path(path)
        level = below


def refuse_none_there(root: str, names: Sequence[str], where: str) -> None:
    """Called when no file of a manifest is in its root.

    Raises:
        InputError: with where the first may be.
    """
    first = names[0]
    near = next(filter(None, (likely_name(root, name) for name in names[:_LOOKED_FOR])), "")
    if near:
        why = " with slashes for backslashes" if "\\" in first and "\\" not in near else ""
        raise InputError(
            f"{where}: none of its {counted(len(names), 'file')} is in {root}, but where it says "
            f"{clipped(first)!r} there is {near!r}{why}; correct its paths, or set data.image_root"
        )
    folder = next(filter(None, (likely_root(root, name) for name in names[:3])), "")
    remedy = f" to {folder}, which holds {clipped(first)}" if folder else (
        f" to the folder that its paths start at, such as {clipped(first)!r}"
    )  # fmt: skip
    raise InputError(
        f"{where}: none of its {counted(len(names), 'file')} is in {root}: set data.image_root"
        f"{remedy}"
    )


def looker(root: str) -> Callable[[str], str]:
    """A function that says where a missing file may be, in words; it tires after some dozens."""
    left = _LOOKED_FOR

    def look(name: str) -> str:
        nonlocal left
        left -= 1
        near = likely_name(root, name) if left >= 0 else ""
        return f"; there is {near!r}" if near else ""

    return look
