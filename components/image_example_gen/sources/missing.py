"""Files that a manifest names and that are not there: where they may be, and how many they are."""

import contextlib
import itertools
import os
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from components.image_example_gen.io import filesystems
from components.image_example_gen.passed_over import is_of_system
from modules.errors import InputError
from modules.text import clipped, counted

# How many folders are looked into for a file.
_FOLDERS = 500
_DEEP = 2
# For how many files is it worth a look where they may be.
_LOOKED_FOR = 50
# How many addresses are asked for.
_ASKED_FOR = 8


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
            if form != name and _is_file(Path(root, form)):
                return form
        if start == 0:
            other = _in_other_form(root, parts)
            if other:
                return other
    return ""


def _in_other_form(root: str, parts: Sequence[str]) -> str:
    """The path whose every part is alike but for capitals and Unicode's form; empty for none."""
    here = Path(root)
    for part in parts:
        try:
            names = sorted(os.listdir(here))
        except OSError:
            return ""
        name = next((name for name in names if _folded(name) == _folded(part)), None)
        if name is None:
            return ""
        here /= name
    return here.relative_to(root).as_posix()


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def likely_root(root: str, name: str) -> str:
    """A folder above, below or beside the root that the name leads from to a file; else empty."""
    if os.path.isabs(name) or ".." in name.split("/"):
        return ""
    above = Path(root).parents
    places = itertools.chain(
        above, _folders(Path(root)), *(_folders(folder) for folder in above[:1])
    )
    return next((str(folder) for folder in places if _is_file(folder / name)), "")


def _is_file(path: Path) -> bool:
    with contextlib.suppress(OSError, ValueError):  # Too long a name, or a null character.
        return path.is_file()
    return False


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
    folder = next(filter(None, (likely_root(root, name) for name in names[:3])), "")
    if folder:
        raise InputError(
            f"{where}: none of its {counted(len(names), 'file')} is in {root}: set data.image_root "
            f"to {folder}, which holds {clipped(first)}"
        )
    near = next(filter(None, (likely_name(root, name) for name in names[:_LOOKED_FOR])), "")
    if near:
        why = " with slashes instead of backslashes" if "\\" in first and "\\" not in near else ""
        raise InputError(
            f"{where}: none of its {counted(len(names), 'file')} is in {root}, which holds "
            f"{near!r}{why} where the manifest says {clipped(first)!r}; correct its paths, or set "
            "data.image_root"
        )
    raise InputError(
        f"{where}: none of its {counted(len(names), 'file')} is in {root}: set data.image_root to "
        f"the folder that its paths start at, such as {clipped(first)!r}"
    )


def refuse_none_at_addresses(paths: Sequence[str], where: str) -> None:
    """The same of addresses, of which a few are asked for, since each takes a request.

    Raises:
        InputError: when none of the few is there.
    """
    few = paths[:_ASKED_FOR]
    try:
        if not few or any(filesystems().exists(path) for path in few):
            return
    except Exception:  # Each client raises errors of its own; reading the file will tell.
        return
    which = "its file" if len(few) == 1 else f"the first {len(few)} of its files"
    raise InputError(
        f"{where}: none of {which} is there, such as {clipped(few[0])}; set data.image_root to the "
        "address that its paths start at, or correct them"
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
