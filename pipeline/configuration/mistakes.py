"""The mistakes in a configuration, in words: each names the key, what was got and the remedy."""

import difflib
import re
from collections.abc import Callable, Iterator, Sequence
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from modules.settings import LinearHead, MlpHead
from pipeline.configuration.config import Config

_STAGES = ("finetune.stages[...]", "finetune.warm_start.stages[...]")
_SHOWN = 20  # mistakes
_HEADS: tuple[type[LinearHead | MlpHead], ...] = (LinearHead, MlpHead)
_LONGEST = 500  # characters of a mistake; of a longer one the middle is left out
_PATH = re.compile(r"Input is not a valid path for <class '[\w.]+'>")
_OBJECT = re.compile(r"a valid dictionary(?: or instance of \w+)?")


def in_words(error: ValidationError) -> str:
    """All mistakes on one line, each with the key, what was got, the rule and the remedy."""
    errors = error.errors(include_url=False)
    lines = list(dict.fromkeys(map(_line, filter(_is_own(errors), errors))))
    if len(lines) > _SHOWN:
        lines[_SHOWN:] = [f"and {len(lines) - _SHOWN} more"]
    return "; ".join(lines)


def _is_own(errors: Sequence[Any]) -> Callable[[Any], bool]:
    """Tells a mistake from its consequence: pydantic calls a list of wrong items too short too."""
    places = [error["loc"] for error in errors]

    def is_own(error: Any) -> bool:
        place = error["loc"]
        within = (loc for loc in places if len(loc) > len(place) and loc[: len(place)] == place)
        return error["type"] != "too_short" or not any(within)

    return is_own


def _line(error: Any) -> str:
    """A mistake's words, shortened where they are too many."""
    line = _whole_line(error)
    if len(line) <= _LONGEST:
        return line
    return f"{line[: _LONGEST // 2]} ... {line[-_LONGEST // 2 :]}"


def _whole_line(error: Any) -> str:
    keys = _keys(error["loc"])
    where = _path(keys)
    kind = error["type"]
    if kind == "extra_forbidden":
        return f"{where}: unknown key; {_remedy(str(keys[-1]), _known_keys(error['loc']))}"
    if kind == "missing":
        return f"{where}: missing, and it has no default; add it"
    message = str(error["msg"]).removeprefix("Value error, ").removeprefix("Input should be ")
    message = _PATH.sub("a path", message)
    message = _OBJECT.sub("keys and values", message).replace("a valid tuple", "a list")
    message = message.partition(", unable to parse")[0].replace("a valid integer", "a whole number")
    if kind == "invalid_key":
        return f"{where}: unknown key; keys are words"
    got = "" if isinstance(error["input"], dict | BaseModel) else f"got {error['input']!r}, "
    if kind == "too_short":
        message = "must hold at least one"
    if kind == "value_error":
        return f"{where}: {message}" if keys else message  # Of the whole config: it names the key.
    if message == "keys and values" and (known := _fields_at(keys)):
        return f"{where}: {got}must be keys and values; known here: {', '.join(known)}"
    must = message if message.startswith("must") else f"must be {message}"
    return f"{where}: {got}{must}; {'quote' if kind == 'string_type' else 'change'} it"


def _remedy(key: str, known: Sequence[str]) -> str:
    """The object that the key belongs to, or else the known key that is most like it."""
    elsewhere = list(dict.fromkeys(_places_of(key, Config)))
    if elsewhere:
        of_stages = tuple(elsewhere) == _STAGES
        whose = "a stage's own" if of_stages else f"known in {', '.join(elsewhere)}"
        return f"{key} is {whose}: put it into {elsewhere[0]}"
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"


def _places_of(key: str, model: type[BaseModel], above: str = "") -> Iterator[str]:
    """Paths of the objects that have a key of this name, in the order of the config."""
    for name, field in model.model_fields.items():
        shown = field.alias or name
        if shown == key:
            yield above or "the config itself"
        inner = _model_in(field.annotation)
        if inner is not None:
            many = "[...]" if "tuple" in str(field.annotation) else ""
            yield from _places_of(key, inner, f"{above}.{shown}{many}".lstrip("."))


def _keys(loc: Sequence[str | int]) -> list[str | int]:
    """Without the tags that a union of types adds to the path."""

    def is_tag(place: int) -> bool:
        key = loc[place]
        return isinstance(key, str) and (
            "[" in key  # tuple[...]
            or key in ("int", "constrained-int")
            or (place > 0 and loc[place - 1] in ("unfreeze", "class_weights", "head"))
        )

    return [key for place, key in enumerate(loc) if not is_tag(place)]


def _path(keys: Sequence[str | int]) -> str:
    text = ""
    for key in keys:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else str(key)
    return text or "config"


def _known_keys(loc: Sequence[str | int]) -> list[str]:
    """The known keys of the object in which a key is unknown."""
    if "head" in loc[-3:-2]:  # A union: its tag, which is behind it, says which object it is.
        (model,) = (form for form in _HEADS if form().name == loc[-2])
        return sorted(model.model_fields)
    return _fields_at(_keys(loc)[:-1])


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
        models = (_model_in(argument) for argument in get_args(annotation))
        return next((model for model in models if model is not None), None)
    return None
