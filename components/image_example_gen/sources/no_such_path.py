"""What a path that names no folder may have been meant for."""

import difflib
import os
from pathlib import Path

from components.image_example_gen.image_file import is_remote
from modules.errors import InputError

_ARCHIVES = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar")
_TABLES = (".xlsx", ".xls", ".ods", ".json", ".jsonl", ".parquet", ".txt", ".yaml", ".xml")


def refuse_what_is_no_folder(path: str, key: str) -> None:
    """Passes where a local path is a folder.

    Raises:
        InputError: when it is none, with what it is.
    """
    if os.path.isdir(path):
        return
    refuse_what_is_not_there(path, key)
    end = Path(path).suffix.lower()
    if end in _ARCHIVES:
        raise InputError(f"{key}: {path} is an archive; unpack it, and name the folder")
    if end in _TABLES:
        raise InputError(
            f"{key}: {path} cannot be read as a manifest; save it as CSV, with a header and a "
            "row for each image, under a name that ends in .csv"
        )
    raise InputError(
        f"{key}: {path} is a file, not a folder; name a folder that holds a folder of images for "
        "each class, a manifest (.csv, .tsv) or shards (.tfrecord)"
    )


def refuse_what_is_not_there(path: str, key: str) -> None:
    """Passes where a local path exists, or where it is an address.

    Raises:
        InputError: when there is nothing, with what it may have been meant for.
    """
    if is_remote(path) or os.path.exists(path):
        return
    folder, name = os.path.split(path.rstrip("/"))
    if os.path.islink(path):
        raise InputError(f"{key}: {path} is a link to something that does not exist; correct it")
    if not os.path.isdir(folder):
        raise InputError(
            f"{key}: {path} does not exist, and neither does {folder}; correct the path"
        )
    near = _names_near(folder, name)
    remedy = f"did you mean {near!r}?" if near else "correct the path"
    raise InputError(f"{key}: {path} does not exist; {remedy}")


def _names_near(folder: str, name: str) -> str:
    """What lies in the folder under nearly that name; empty for nothing."""
    try:
        names = {
            entry.casefold(): entry for entry in os.listdir(folder) if not entry.startswith(".")
        }
    except OSError:
        return ""
    near = difflib.get_close_matches(name.casefold(), names, n=1, cutoff=0.7)
    return names[near[0]] if near else ""
