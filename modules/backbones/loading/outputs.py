"""Which of the values that a module's call gives are the features of an image."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from modules.text import printable

# By convention, what a module of several values means when none is named.
_DEFAULT = "default"
_SHOWN = 6  # entries in a message


def entries(made: Any, name: str = "") -> dict[str, Any]:
    """What a call gave, by name: ``""`` for a single value, ``a/0`` for nested ones."""
    if isinstance(made, Mapping):
        named = {str(key): value for key, value in made.items()}
    elif isinstance(made, list | tuple):
        named = {str(place): value for place, value in enumerate(made)}
    else:
        return {name: made}
    found: dict[str, Any] = {}
    for key, value in named.items():
        found |= entries(value, f"{name}/{key}" if name else key)
    return found


def feature_entry(made: Any) -> str | None:
    """The name of the entry that holds the features, as ``entries`` has it.

    It is the only one that could: a float tensor [batch, dim] or [batch, height, width, dim]; of
    several that could, the one called ``default``.

    Args:
        made: what a trace of the call gives, tensors or their specs.

    Returns:
        None where there is none, or more than one.
    """
    possible = [name for name, value in entries(made).items() if _could_be_features(value)]
    if _DEFAULT in possible:
        return _DEFAULT
    return possible[0] if len(possible) == 1 else None


def features_of(made: Any, entry: str) -> tf.Tensor:
    """An entry of what a call gave, float32."""
    return tf.cast(entries(made)[entry], tf.float32)


def in_words(made: Any) -> str:
    """``float32 (None, 4, 3)``, or each entry with its name."""
    found = entries(made)
    shown = [_one(name, value) for name, value in sorted(found.items())[:_SHOWN]]
    more = [f"{len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
    return " and ".join([*shown, *more]) or "nothing"


def _one(name: str, value: Any) -> str:
    dtype = value.dtype.name if hasattr(value, "dtype") else type(value).__name__
    kind = f"{dtype} {getattr(value, 'shape', '')}".strip()
    return f"{printable(name)}: {kind}" if name else kind


def _could_be_features(value: Any) -> bool:
    if not isinstance(value, tf.TensorSpec | tf.Tensor) or not value.dtype.is_floating:
        return False
    return value.shape.rank in (2, 4) and value.shape[-1] is not None
