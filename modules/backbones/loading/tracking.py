"""The objects that a loaded module tracks besides its variables."""

from typing import Any

import tensorflow as tf


def resources(module: Any) -> list[Any]:
    """Returns lookup tables and similar resources; variables are not among them."""
    return [item for item in tracked(module) if hasattr(item, "resource_handle")]


def assets(module: Any) -> list[Any]:
    """Returns the files that a module keeps beside its graph."""
    return [item for item in tracked(module) if isinstance(item, tf.saved_model.Asset)]


def tracked(module: Any) -> list[Any]:
    """Returns all objects that a module tracks, itself first."""
    return list(tf.train.TrackableView(module).descendants())
