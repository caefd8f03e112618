"""Reads a configuration from YAML; every mistake is one line that names the key."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from modules.errors import InputError
from pipeline import mistakes, safe_yaml
from pipeline.config import Config

_LONGEST_NAME = 63  # of a TFX pipeline
_PATHS = (
    ("data", "path"),
    ("data", "schema"),
    ("data", "earlier"),
    ("data", "image_root"),
    ("push", "serving_dir"),
    ("root",),
)


def load(file: Path, overrides: Sequence[str] = (), root: Path | None = None) -> Config:
    """Reads and checks a configuration.

    Args:
        file: YAML. Relative paths in it start at its folder.
        overrides: ``key.path=value``, the value being YAML; relative paths in them, and in
            ``root``, start at the current folder.
        root: replaces the file's ``root``.

    Raises:
        InputError: for anything that is wrong, one line for each mistake.
    """
    file = file.absolute()
    raw = {key: value for key, value in _read(file).items() if value is not None}
    _make_absolute(raw, file.parent)
    for override in overrides:
        _set(raw, override)
    if root is not None:
        raw["root"] = str(root.absolute())
    raw.setdefault("root", str(file.parent.parent / ".thaw" / file.stem))
    try:
        config = Config.model_validate(raw)
    except ValidationError as error:
        raise InputError(f"{mistakes.in_words(error)} (in {file})") from None
    config._file = file
    if len(config.name) > _LONGEST_NAME:
        raise InputError(
            f"CONFIG: the name {config.name!r} has {len(config.name)} characters, and ML Metadata "
            f"takes {_LONGEST_NAME}; rename the file"
        )
    return config


def _read(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as stream:
            content = stream.read(safe_yaml.MAX_BYTES + 1)
        raw = safe_yaml.parse(content.decode())
    except OSError as error:
        raise InputError(
            f"CONFIG: could not read {file} ({error.strerror}); give the path of a YAML file"
        ) from None
    except ValueError as error:  # UnicodeDecodeError is one.
        raise InputError(f"CONFIG: {file} is no YAML for a config: {error}; correct it") from None
    if not isinstance(raw, dict):
        raise InputError(
            f"CONFIG: {file} holds {type(raw).__name__}, not keys and values; it needs at least "
            "data: {path: ...} and backbone: {handle: ...}"
        )
    return raw


def _set(raw: dict[str, Any], override: str) -> None:
    """Applies ``key.path=value``; a number in the path is a place in a list that is there."""
    path, equals, text = override.partition("=")
    keys = path.split(".")
    if not equals or not all(keys):
        raise InputError(
            f"--set: got {override!r}, must be key.path=value, such as finetune.seed=1"
        )
    try:
        value = safe_yaml.parse(text)
    except ValueError:
        raise InputError(f"--set {path}: {text!r} is no YAML value; quote it") from None
    change: Any = value
    for key in reversed(keys):
        change = {key: change}
    _make_absolute(change, Path.cwd())
    for key in keys:
        change = change[key]
    _assign(raw, keys, change, path)


def _assign(target: Any, keys: Sequence[str], value: Any, path: str) -> None:
    """Sets a value in nested keys and lists; keys are made where they lack, places are not."""
    first, *rest = keys
    key: Any = first
    if isinstance(target, list) or first.isdigit():
        places = range(len(target)) if isinstance(target, list) else ()
        if not first.isdecimal() or int(first) not in places:
            raise InputError(
                f"--set {path}: no list in the config's file has a place {first}; write the list "
                "out there, or set it whole"
            )
        key = int(first)
    if not rest:
        target[key] = value
        return
    if isinstance(target, dict) and not isinstance(target.get(key), dict | list):
        target[key] = {}
    _assign(target[key], rest, value, path)


def _make_absolute(raw: dict[str, Any], folder: Path) -> None:
    """Lets relative paths start at ``folder``; an address stays as it is."""
    for *parents, key in _PATHS:
        holder = raw.get(parents[0]) if parents else raw
        if isinstance(holder, dict) and isinstance(holder.get(key), str):
            if not holder[key]:
                where = ".".join([*parents, key])
                raise InputError(f"{where}: got '', must be a path; name one or leave it out")
            if "://" not in holder[key]:
                holder[key] = _resolve(holder[key], folder)
    backbone = raw.get("backbone")
    handle = backbone.get("handle") if isinstance(backbone, dict) else None
    if backbone and isinstance(handle, str) and handle and "://" not in handle:
        backbone["handle"] = _resolve(handle, folder)
    allowed = backbone.get("allowed") if isinstance(backbone, dict) else None
    if backbone and isinstance(allowed, list):
        backbone["allowed"] = [
            _resolve(one, folder) if isinstance(one, str) and "://" not in one else one
            for one in allowed
        ]


def _resolve(path: str, folder: Path) -> str:
    try:
        return str((folder / Path(path).expanduser()).resolve())
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(f"CONFIG: {path!r} is no path ({error}); correct it") from None
