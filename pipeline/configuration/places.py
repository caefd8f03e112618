"""The canonical path of a place, the default root, and the folders that can be used."""

import re
from pathlib import Path

from modules.errors import InputError
from modules.settings import paths

# TensorFlow and Beam find the files of models and records by pattern, and TFX escapes no path.
_PATTERN = re.compile(r"[*?\[\]\\]")


def resolved(path: str | Path, folder: Path) -> str:
    """The canonical path of a place: absolute, without ``..`` and ``~``, links followed.

    Args:
        path: relative ones start at ``folder``.
        folder: absolute.

    Raises:
        InputError: when the text is not a path.
    """
    try:
        return paths.resolved(path, folder)
    except ValueError as error:
        raise InputError(f"CONFIG: {error}") from None


def default_root(file: Path) -> Path:
    """``.thaw/<the file's name>`` beside the file, or beside its folder where that is ``configs``.

    Args:
        file: the config, resolved.
    """
    folder = file.parent.parent if file.parent.name == "configs" else file.parent
    return folder / ".thaw" / file.stem


def check_no_pattern(where: str, path: str | Path) -> None:
    """Refuses a local folder whose name TensorFlow would read as a pattern.

    Args:
        where: the config's key or the command's argument, for the message.
        path: of a folder of models or records.

    Raises:
        InputError: which names the character.
    """
    text = str(path)
    character = None if paths.is_address(text) else _PATTERN.search(text)
    if character:
        raise InputError(
            f"{where}: {text} contains {character[0]!r}, and TensorFlow reads the name of a folder "
            "of models or records as a pattern; rename the folder, or use another"
        )
