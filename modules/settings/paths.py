"""Paths in a configuration: a key's type says that it is a path, and resolves it.

A relative path starts at the folder of the file that holds it; one that was typed at a command
line starts at the current folder. ``Folders``, pydantic's validation context, names the two.
Without it a path stays as it is: in a node's options it is absolute already.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

# Also after ``Path``, which makes one slash of two.
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")


@dataclass(frozen=True)
class Folders:
    """Where relative paths start.

    Attributes:
        file: the folder of the configuration's file, absolute.
        current: the folder that the command was typed in, absolute.
    """

    file: Path
    current: Path


class CommandLineText(str):
    """A text from the command line: as a relative path it starts at the current folder."""

    __slots__ = ()


def from_command_line(value: Any) -> Any:
    """A value as YAML gives it, all of whose texts are marked as ``CommandLineText``."""
    if isinstance(value, str):
        return CommandLineText(value)
    if isinstance(value, list):
        return [from_command_line(item) for item in value]
    if isinstance(value, dict):
        return {key: from_command_line(item) for key, item in value.items()}
    return value


def resolved(path: str | Path, folder: Path) -> str:
    """The canonical path of a place: absolute, without ``..`` and ``~``, and links followed.

    Args:
        path: a relative one starts at ``folder``.
        folder: absolute.

    Raises:
        ValueError: when the text is not a path; the message gives the reason.
    """
    try:
        return str((folder / Path(path).expanduser()).resolve())
    except (OSError, RuntimeError, ValueError) as error:
        raise ValueError(f"{str(path)!r} is not a path ({error}); correct it") from None


def has_scheme(text: str) -> bool:
    """Whether a text is an address such as ``gs://bucket/photos``."""
    return "://" in text


def is_address(text: str) -> bool:
    """Whether a text is an address, or was one before ``Path`` made one slash of its two."""
    return bool(_ADDRESS.match(text))


@dataclass(frozen=True)
class PathRule:
    """Marks a key whose value is a path, and resolves it.

    Attributes:
        form: what the value is, for the JSON Schema's ``format`` and the table of keys.
        is_no_path: whether a text is not a local path, and so stays as it is.
        no_address: what to say of an address where only this machine's paths can be used; empty
            where an address can be.
    """

    form: str
    is_no_path: Callable[[str], bool] = has_scheme
    no_address: str = ""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Resolves a text before its own type checks it."""
        return core_schema.with_info_before_validator_function(self._resolve, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """A text, with ``form`` as its format."""
        return {**handler(schema), "type": "string", "format": self.form}

    def _resolve(self, value: object, info: ValidationInfo) -> object:
        """Makes a path absolute; leaves other values for the key's own type to check."""
        if not isinstance(value, str | Path):
            return value
        text = str(value)
        if self.no_address and is_address(text):
            raise ValueError(f"got {text}; {self.no_address}")
        if self.is_no_path(text):
            return text
        if not text:
            raise ValueError("got '', must be a path; name one or leave it out")
        folders = info.context
        if not isinstance(folders, Folders):
            return text
        typed = isinstance(value, CommandLineText)
        return resolved(text, folders.current if typed else folders.file)


def local(no_address: str) -> PathRule:
    """The rule of a path on this machine.

    Args:
        no_address: why an address cannot be used, and what to do instead.
    """
    return PathRule("path", no_address=no_address)


def _text(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError(f"got {value!r}, must be a path; change it")
    return value


# A path on this machine, or an address of a filesystem that Beam knows.
PathOrAddress = Annotated[str, BeforeValidator(_text), PathRule("path or address")]
