"""What a loaded module holds: its variables, and what its graph reads beside them."""

from typing import Any

import tensorflow as tf


def resources(module: Any) -> list[Any]:
    """Lookup tables and the like; variables are none of them."""
    return [one for one in tracked(module) if hasattr(one, "resource_handle")]


def assets(module: Any) -> list[Any]:
    """Files that a module keeps beside its graph."""
    return [one for one in tracked(module) if isinstance(one, tf.saved_model.Asset)]


def tracked(module: Any) -> list[Any]:
    """All objects that a module holds, itself first."""
    return list(tf.train.TrackableView(module).descendants())
