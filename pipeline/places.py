"""Where things lie: one name for each place, and which places can be used."""

import re
from pathlib import Path
from typing import Any

from modules.errors import InputError

# Also as a path has it, in which two slashes are one.
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
# TensorFlow and Beam find the files of models and records by pattern, and TFX escapes no path.
_PATTERN = re.compile(r"[*?\[\]\\]")
# By key: what cannot be at an address, and what to do instead.
_LOCAL = {
    "root": (
        "a root is a folder of this machine, for ML Metadata and the locks need one; name one, and "
        "copy what is pushed from its serving folder to the bucket (gsutil rsync, aws s3 sync), or "
        "mount the bucket"
    ),
    "push.serving_dir": (
        "versions appear whole by renaming a folder, which a bucket cannot do; name a folder of "
        "this machine, and copy it to the bucket after each run (gsutil rsync, aws s3 sync), or "
        "mount the bucket"
    ),
    "data.schema": "a schema is a file of this machine; name one",
}


def resolved(path: str | Path, folder: Path) -> str:
    """The one name of a place: absolute, without ``..`` and ``~``, and links followed.

    Args:
        path: relative ones start at ``folder``.
        folder: absolute.

    Raises:
        InputError: when it is no path.
    """
    try:
        return str((folder / Path(path).expanduser()).resolve())
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(f"CONFIG: {str(path)!r} is no path ({error}); correct it") from None


def default_root(file: Path) -> Path:
    """``.thaw/<the file's name>`` beside the file, or beside its folder where that is ``configs``.

    Args:
        file: the config, resolved.
    """
    folder = file.parent.parent if file.parent.name == "configs" else file.parent
    return folder / ".thaw" / file.stem


def check_local(raw: dict[str, Any]) -> None:
    """Refuses an address where a folder or file of this machine is needed.

    Raises:
        InputError: with what can be done.
    """
    for where, remedy in _LOCAL.items():
        *parents, key = where.split(".")
        holder = raw.get(parents[0]) if parents else raw
        value = holder.get(key) if isinstance(holder, dict) else None
        if isinstance(value, str) and _ADDRESS.match(value):
            raise InputError(f"{where}: got {value}; {remedy}")


def check_no_pattern(where: str, path: str | Path) -> None:
    """Refuses a folder whose name TensorFlow would read as a pattern; an address may be one.

    Args:
        where: the config's key or the command's argument, for the message.
        path: of a folder of models or records.

    Raises:
        InputError: with the character.
    """
    text = str(path)
    character = None if _ADDRESS.match(text) else _PATTERN.search(text)
    if character:
        raise InputError(
            f"{where}: {text} holds {character[0]!r}, and TensorFlow takes the name of a folder of "
            "models or records for a pattern; rename the folder, or name another"
        )
