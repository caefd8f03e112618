"""Finds out how a module is called, by tracing its call: nothing is computed."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from modules.errors import InputError

# For a module that takes images of any size, when the config does not say which.
DEFAULT_SIZE = 224

FORM = "take a TF2 image feature vector"


def taken_size(module: Any) -> tuple[int | None, int | None]:
    """Height and width of the first image-like argument among the call's traces."""
    for function in getattr(module.__call__, "concrete_functions", ()):
        for spec in tf.nest.flatten(function.structured_input_signature):
            if isinstance(spec, tf.TensorSpec) and spec.shape.rank == 4 and spec.shape[3] == 3:
                return spec.shape[1], spec.shape[2]
    return None, None


def images_spec(height: int | None, width: int | None) -> tf.TensorSpec:
    """Of float32 [any number, height, width, 3]; a side that is free is ``DEFAULT_SIZE``."""
    return tf.TensorSpec((None, height or DEFAULT_SIZE, width or DEFAULT_SIZE, 3), tf.float32)


@dataclass(frozen=True)
class Probed:
    """What a call gave: the vector's length, whether it takes ``training``, what it reads."""

    output_dim: int
    has_training: bool
    variables: tuple[tf.Variable, ...]


def probe(handle: str, module: Any, spec: tf.TensorSpec) -> Probed:
    """Traces the call, with ``training`` if it takes it.

    Raises:
        InputError: when it cannot be called with such images, or gives no vector for each.
    """
    reason: Exception | None = None
    for has_training in (True, False):
        call = functools.partial(caller(module, has_training), training=False)  # type: ignore[call-arg]
        try:
            traced = tf.function(call, autograph=False).get_concrete_function(spec)
        except (TypeError, ValueError) as error:
            reason = error
            continue
        made = traced.structured_outputs
        if _gives_features(made):
            if None not in taken_size(module):
                _check_batch(handle, call, spec)
            return Probed(int(made.shape[-1]), has_training, tuple(traced.variables))
        found = " and ".join(f"{one.dtype.name} {one.shape}" for one in tf.nest.flatten(made))
        raise InputError(
            f"backbone.handle: {handle} gives {found}, not a vector for each image; take the "
            "module's feature vector form"
        )
    raise InputError(
        f"backbone.handle: {handle} cannot be called with float32 images {spec.shape} "
        f"({one_line(reason, 200)}); {FORM}"
    )


def _check_batch(handle: str, call: Any, spec: tf.TensorSpec) -> None:
    """Refuses a call that was exported for batches of one size: two sizes are traced."""
    for count in (2, 3):
        try:
            tf.function(call, autograph=False).get_concrete_function(
                tf.TensorSpec((count, *spec.shape[1:]), spec.dtype)
            )
        except (TypeError, ValueError) as error:
            raise InputError(
                f"backbone.handle: {handle} cannot take {count} images at once "
                f"({one_line(error, 200)}); export it with a free batch dimension"
            ) from None


def _gives_features(made: Any) -> bool:
    """Whether it is one float32 tensor [batch, dim] or [batch, height, width, dim]."""
    if not isinstance(made, tf.TensorSpec | tf.Tensor) or made.dtype != tf.float32:
        return False
    return made.shape.rank in (2, 4) and made.shape[-1] is not None


def caller(module: Any, has_training: bool) -> Callable[[tf.Tensor, bool], tf.Tensor]:
    """The module's call as a function of the images and of whether this is training."""
    if has_training:
        return lambda images, training: module(images, training=training)
    return lambda images, training: module(images)


def one_line(error: object, length: int) -> str:
    """The start of what an error says, on one line."""
    return " ".join(str(error).split())[:length]
