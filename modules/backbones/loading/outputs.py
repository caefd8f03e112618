"""Finds the features of an image among the outputs of a module's call."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from modules.text import printable

# By convention, the output that is meant if a module has several and none is named.
_DEFAULT = "default"
_SHOWN = 6  # entries in a message


def entries(outputs: Any, name: str = "") -> dict[str, Any]:
    """Flattens a call's outputs by name: ``""`` for a single value, ``a/0`` for nested ones."""
    if isinstance(outputs, Mapping):
        named = {str(key): value for key, value in outputs.items()}
    elif isinstance(outputs, list | tuple):
        named = {str(place): value for place, value in enumerate(outputs)}
    else:
        return {name: outputs}
    flat: dict[str, Any] = {}
    for key, value in named.items():
        flat |= entries(value, f"{name}/{key}" if name else key)
    return flat


def feature_entry(outputs: Any) -> str | None:
    """Returns the name of the entry that holds the features, as ``entries`` names it.

    It is the only entry that can hold them, a float tensor [batch, dim] or
    [batch, height, width, dim]. Of several such entries it is the one called ``default``.

    Args:
        outputs: the outputs of a trace of the call, tensors or their specs.

    Returns:
        The name; None if there is no such entry, or more than one.
    """
    possible = [name for name, value in entries(outputs).items() if _could_be_features(value)]
    if _DEFAULT in possible:
        return _DEFAULT
    return possible[0] if len(possible) == 1 else None


def features_of(outputs: Any, entry: str) -> tf.Tensor:
    """Returns one entry of a call's outputs, as float32."""
    return tf.cast(entries(outputs)[entry], tf.float32)


def in_words(outputs: Any) -> str:
    """Describes the outputs: ``float32 (None, 4, 3)``, or each entry with its name."""
    by_name = entries(outputs)
    shown = [_describe(name, value) for name, value in sorted(by_name.items())[:_SHOWN]]
    more = [f"{len(by_name) - _SHOWN} more"] if len(by_name) > _SHOWN else []
    return " and ".join([*shown, *more]) or "nothing"


def _describe(name: str, value: Any) -> str:
    dtype = value.dtype.name if hasattr(value, "dtype") else type(value).__name__
    kind = f"{dtype} {getattr(value, 'shape', '')}".strip()
    return f"{printable(name)}: {kind}" if name else kind


def _could_be_features(value: Any) -> bool:
    if not isinstance(value, tf.TensorSpec | tf.Tensor) or not value.dtype.is_floating:
        return False
    return value.shape.rank in (2, 4) and value.shape[-1] is not None
