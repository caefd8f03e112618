"""Reads a configuration from YAML; each mistake becomes one line that names its key."""

import codecs
import copy
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from modules.errors import InputError
from modules.settings import paths
from pipeline.configuration import handles, mistakes, places, safe_yaml
from pipeline.configuration.config import Config
from pipeline.configuration.record import PastRun

_LONGEST_NAME = 63  # of a TFX pipeline
_SNIFFED = 4096  # bytes, enough to tell a text file from others


def load(file: Path, overrides: Sequence[str] = (), root: Path | None = None) -> Config:
    """Reads and checks a configuration.

    Args:
        file: YAML. Relative paths in it start at its folder.
        overrides: ``key.path=value``, where the value is YAML. Relative paths in them, and in
            ``root``, start at the current folder.
        root: replaces the file's ``root``.

    Raises:
        InputError: with all mistakes, on one line.
    """
    file = Path(places.resolved(file, Path.cwd()))
    raw = {key: value for key, value in _read(file).items() if value is not None}
    return _checked(raw, file, overrides, root)


def load_recorded(
    recorded: PastRun, overrides: Sequence[str] = (), root: Path | None = None
) -> Config:
    """The configuration of a run, from its record.

    Args:
        recorded: as ``record.read_from``; the backbone's files must be what they were.
        overrides: as for ``load``; what the record withholds must be among them.
        root: likewise.

    Raises:
        InputError: as ``load``.
    """
    overridden = {override.partition("=")[0] for override in overrides}
    withheld = [
        key
        for key in recorded.withheld
        if not any(f"{key}.".startswith(f"{name}.") for name in overridden)
    ]
    if withheld:
        raise InputError(
            f"--from: the summary leaves out what may be a secret in {', '.join(withheld)}; add "
            f"--set {withheld[0]}=ADDRESS"
        )
    raw = copy.deepcopy(recorded.config)
    if recorded.backbone and isinstance(raw.get("backbone"), dict):
        raw["backbone"]["sha256"] = recorded.backbone
    earlier = [text for text in recorded.overrides if text.partition("=")[0] not in overridden]
    config = _checked(raw, Path(recorded.config_file), overrides, root)
    config._overrides = (*earlier, *overrides)
    return config


def _checked(
    raw: dict[str, Any], file: Path, overrides: Sequence[str], root: Path | None
) -> Config:
    """Applies the overrides to the raw values, and checks the whole."""
    for override in overrides:
        _set(raw, override)
    if root is not None:
        raw["root"] = paths.from_command_line(str(root))
    raw.setdefault("root", str(places.default_root(file)))
    if isinstance(raw.get("backbone"), dict):
        handles.fill(raw["backbone"])
    try:
        config = Config.model_validate(raw, context=paths.Folders(file.parent, Path.cwd()))
    except ValidationError as error:
        raise InputError(f"{mistakes.in_words(error)} (in {file})") from None
    config._file = file
    config._overrides = tuple(overrides)
    _check_names(config)
    return config


def root_option(config: Config) -> str:
    """The root that a command about a config must be given; empty if the config leads there."""
    try:
        return "" if load(config.file).root == config.root else str(config.root)
    except InputError:  # It is no longer there, or depends on what --set has given.
        return str(config.root)


def is_config(target: str) -> bool:
    """Whether a command's argument is a configuration, whatever its name, rather than a model."""
    if target.endswith((".yaml", ".yml")):
        return True
    try:
        with open(target, "rb") as file:
            start = file.read(_SNIFFED)
    except OSError:
        return False
    try:
        return "\0" not in codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return False


def _check_names(config: Config) -> None:
    """Refuses names that a library would misread."""
    named_after = config.root == places.default_root(config.file)
    named = "root, which is named after the config's file" if named_after else "root"
    places.check_no_pattern(named, config.root)
    places.check_no_pattern("push.serving_dir", config.serving_dir)
    places.check_no_pattern("backbone.handle", config.backbone.handle)
    if "://" in config.backbone.handle:  # It is unpacked there.
        places.check_no_pattern("TFHUB_CACHE_DIR", os.environ.get("TFHUB_CACHE_DIR", ""))
    if len(config.name) > _LONGEST_NAME:
        raise InputError(
            f"CONFIG: the name {config.name!r} has {len(config.name)} characters, and ML Metadata "
            f"takes {_LONGEST_NAME}; rename the file"
        )


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
        raise InputError(f"CONFIG: {file} is not YAML for a config: {error}; correct it") from None
    if not isinstance(raw, dict):
        what = {type(None): "is empty", list: "holds a list"}.get(type(raw), "holds one value")
        raise InputError(
            f"CONFIG: {file} {what}, must hold keys and values; give at least data: {{path: ...}} "
            "and backbone: {handle: ...}"
        )
    return raw


def _set(raw: dict[str, Any], override: str) -> None:
    """Applies ``key.path=value``; a number in the path is a position in an existing list."""
    path, equals, text = override.partition("=")
    keys = path.split(".")
    if not equals or not all(keys):
        raise InputError(
            f"--set: got {override!r}, must be key.path=value, such as finetune.seed=1"
        )
    try:
        value = safe_yaml.parse(text)
    except ValueError:
        raise InputError(f"--set {path}: {text!r} is not a YAML value; quote it") from None
    _assign(raw, keys, paths.from_command_line(value), path)


def _assign(target: Any, keys: Sequence[str], value: Any, path: str) -> None:
    """Sets a value in nested keys and lists. Creates missing keys, refuses missing positions."""
    first, *rest = keys
    key: Any = first
    if isinstance(target, list) or first.isdigit():
        positions = range(len(target)) if isinstance(target, list) else ()
        if not first.isdecimal() or int(first) not in positions:
            raise InputError(
                f"--set {path}: no list in the config's file has a position {first}; write "
                "the list out in the file, or set the whole list"
            )
        key = int(first)
    if not rest:
        target[key] = value
        return
    if isinstance(target, dict) and not isinstance(target.get(key), dict | list):
        target[key] = {}
    _assign(target[key], rest, value, path)
