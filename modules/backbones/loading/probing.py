"""Finds out how a module is called, by tracing its call: nothing is computed."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from modules.backbones.loading.outputs import entries, feature_entry, features_of, in_words
from modules.errors import InputError

# For a module that takes images of any size, when the config does not say which.
DEFAULT_SIZE = 224

FORM = "take a TF2 image feature vector"


def taken_size(module: Any) -> tuple[int | None, int | None]:
    """Height and width of the first image-like argument among the call's traces."""
    for function in _traces(module):
        for spec in tf.nest.flatten(function.structured_input_signature):
            if isinstance(spec, tf.TensorSpec) and spec.shape.rank == 4 and spec.shape[3] == 3:
                return spec.shape[1], spec.shape[2]
    return None, None


def _traces(module: Any) -> Any:
    """The functions that say what a call takes; none where it will show when it is called."""
    return getattr(module, "traces", None) or getattr(module.__call__, "concrete_functions", ())


def images_spec(height: int | None, width: int | None) -> tf.TensorSpec:
    """Of float32 [any number, height, width, 3]; a side that is free is ``DEFAULT_SIZE``."""
    return tf.TensorSpec((None, height or DEFAULT_SIZE, width or DEFAULT_SIZE, 3), tf.float32)


@dataclass(frozen=True)
class Probed:
    """How a call is to be understood.

    Attributes:
        output_dim: the length of the vector that it gives for an image.
        entry: which of several values that is, as ``outputs.entries`` names them.
        has_training: whether it takes ``training``.
        variables: those that it reads.
    """

    output_dim: int
    entry: str
    has_training: bool
    variables: tuple[tf.Variable, ...]


def probe(handle: str, module: Any, spec: tf.TensorSpec) -> Probed:
    """Traces the call, with ``training`` if it takes it.

    Raises:
        InputError: when it cannot be called with such images, or gives no vector for each.
    """
    _check_takes_images(handle, module)
    reason: Exception | None = None
    for has_training in (True, False):
        call = functools.partial(_raw_caller(module, has_training), training=False)  # type: ignore[call-arg]
        try:
            traced = tf.function(call, autograph=False).get_concrete_function(spec)
        except (TypeError, ValueError) as error:
            reason = error
            continue
        made = traced.structured_outputs
        entry = feature_entry(made)
        if entry is not None:
            if None not in taken_size(module):
                _check_batch(handle, call, spec)
            width = int(entries(made)[entry].shape[-1])
            return Probed(width, entry, has_training, tuple(traced.variables))
        remedy = "take the module's feature vector form"
        if entries(made).keys() != {""}:
            remedy += ", or export it with the one entry that holds the features"
        raise InputError(
            f"backbone.handle: {handle} gives {in_words(made)}, not a vector for each image; "
            f"{remedy}"
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


def _check_takes_images(handle: str, module: Any) -> None:
    """Refuses a call that was exported for something else, such as text.

    Where no trace says what it takes, the call itself will.
    """
    traces = []
    for function in _traces(module):
        specs = tf.nest.flatten(function.structured_input_signature)
        traces.append([one for one in specs if isinstance(one, tf.TensorSpec)])
    if not traces or any(one.shape.rank in (4, None) for specs in traces for one in specs):
        return
    taken = max(traces, key=len)
    if not taken:
        return
    words = " and ".join(f"{one.dtype.name} {one.shape}" for one in taken)
    if any(one.dtype == tf.string for one in taken):
        words = f"text ({words})"
    raise InputError(f"backbone.handle: {handle} takes {words}, not images; {FORM}")


def caller(module: Any, has_training: bool, entry: str) -> Callable[[tf.Tensor, bool], tf.Tensor]:
    """The module's call as a function of the images and of whether this is training.

    It gives the entry that holds the features, float32.
    """
    call = _raw_caller(module, has_training)
    return lambda images, training: features_of(call(images, training), entry)


def _raw_caller(module: Any, has_training: bool) -> Callable[[tf.Tensor, bool], Any]:
    if has_training:
        return lambda images, training: module(images, training=training)
    return lambda images, training: module(images)


def one_line(error: object, length: int) -> str:
    """The start of what an error says, on one line."""
    return " ".join(str(error).split())[:length]
