"""Reads a configuration from YAML; every mistake is one line that names the key."""

import difflib
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from modules.errors import InputError
from pipeline import safe_yaml
from pipeline.config import Config

_LONGEST_NAME = 63  # of a TFX pipeline
_SHOWN = 20  # mistakes
_LONGEST = 500  # characters of one, its middle being left out
_PATH = re.compile(r"Input is not a valid path for <class '[\w.]+'>")
_OBJECT = re.compile(r"a valid dictionary or instance of \w+")
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
        errors = error.errors(include_url=False)
        lines = list(dict.fromkeys(map(_line, filter(_is_own(errors), errors))))
        if len(lines) > _SHOWN:
            lines[_SHOWN:] = [f"and {len(lines) - _SHOWN} more"]
        raise InputError(f"{'; '.join(lines)} (in {file})") from None
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


def _is_own(errors: Sequence[Any]) -> Callable[[Any], bool]:
    """Tells what is wrong itself: a list whose items are wrong is called too short as well."""
    places = [error["loc"] for error in errors]

    def is_own(error: Any) -> bool:
        place = error["loc"]
        inner = (one for one in places if len(one) > len(place) and one[: len(place)] == place)
        return error["type"] != "too_short" or not any(inner)

    return is_own


def _line(error: Any) -> str:
    """One mistake: the key, what was got, the rule, the remedy."""
    line = _whole_line(error)
    if len(line) <= _LONGEST:
        return line
    return f"{line[: _LONGEST // 2]} ... {line[-_LONGEST // 2 :]}"


def _whole_line(error: Any) -> str:
    keys = _keys(error["loc"])
    where = _path(keys)
    kind = error["type"]
    if kind == "extra_forbidden":
        known = _fields_at(keys[:-1])
        near = difflib.get_close_matches(str(keys[-1]), known, n=1, cutoff=0.5)
        remedy = f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"
        return f"{where}: unknown key; {remedy}"
    if kind == "missing":
        return f"{where}: missing, and it has no default; add it"
    message = str(error["msg"]).removeprefix("Value error, ").removeprefix("Input should be ")
    message = _PATH.sub("a path", message)
    message = _OBJECT.sub("keys and values", message).replace("a valid tuple", "a list")
    if kind == "invalid_key":
        return f"{where}: unknown key; keys are words"
    got = "" if isinstance(error["input"], dict | BaseModel) else f"got {error['input']!r}, "
    if kind == "too_short":
        message = "must hold at least one"
    if kind == "value_error":
        return f"{where}: {message}"
    must = message if message.startswith("must") else f"must be {message}"
    return f"{where}: {got}{must}; change it"


def _keys(loc: Sequence[str | int]) -> list[str | int]:
    """Without the tags that a union of types adds to the path."""

    def is_tag(place: int) -> bool:
        key = loc[place]
        return isinstance(key, str) and (
            "[" in key  # tuple[...]
            or key in ("int", "constrained-int")
            or (place > 0 and loc[place - 1] in ("unfreeze", "class_weights"))
        )

    return [key for place, key in enumerate(loc) if not is_tag(place)]


def _path(keys: Sequence[str | int]) -> str:
    text = ""
    for key in keys:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else str(key)
    return text or "config"


def _fields_at(keys: Sequence[str | int]) -> list[str]:
    """The known keys of the object that a path leads to."""
    model: type[BaseModel] | None = Config
    for key in keys:
        if isinstance(key, int) or model is None:
            continue
        fields = {(field.alias or name): field for name, field in model.model_fields.items()}
        model = _model_in(fields[key].annotation) if key in fields else None
    if model is None:
        return []
    return sorted((field.alias or name) for name, field in model.model_fields.items())


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The first model in a type such as ``tuple[Stage, ...]`` or ``EarlyStopping | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (tuple, list, Union, UnionType):
        found = (_model_in(argument) for argument in get_args(annotation))
        return next((model for model in found if model is not None), None)
    return None
