"""Finds out how a module is called by tracing its call; nothing is computed."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from modules.backbones.loading.outputs import entries, feature_entry, features_of, in_words
from modules.errors import InputError

# The image size for a module that accepts any, if the config does not set it.
DEFAULT_SIZE = 224

FORM = "use a TF2 image feature vector"


def accepted_size(module: Any) -> tuple[int | None, int | None]:
    """Returns height and width of the first image-like argument among the call's traces."""
    for function in _traces(module):
        for spec in tf.nest.flatten(function.structured_input_signature):
            if isinstance(spec, tf.TensorSpec) and spec.shape.rank == 4 and spec.shape[3] == 3:
                return spec.shape[1], spec.shape[2]
    return None, None


def _traces(module: Any) -> Any:
    """Returns the traced functions of a call; none if only a call will show what it accepts."""
    return getattr(module, "traces", None) or getattr(module.__call__, "concrete_functions", ())


def images_spec(height: int | None, width: int | None) -> tf.TensorSpec:
    """Returns the spec float32 [None, height, width, 3]; an open side is ``DEFAULT_SIZE``."""
    return tf.TensorSpec((None, height or DEFAULT_SIZE, width or DEFAULT_SIZE, 3), tf.float32)


@dataclass(frozen=True)
class Probed:
    """The properties of a module's call.

    Attributes:
        output_dim: the length of an image's feature vector.
        entry: the output that holds the features, as ``outputs.entries`` names it.
        has_training: whether the call has a ``training`` argument.
        variables: the variables that it reads.
    """

    output_dim: int
    entry: str
    has_training: bool
    variables: tuple[tf.Variable, ...]


def probe(handle: str, module: Any, spec: tf.TensorSpec) -> Probed:
    """Traces the call, with ``training`` if it has that argument.

    Raises:
        InputError: when it cannot be called with such images, or does not return a vector for each.
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
        outputs = traced.structured_outputs
        entry = feature_entry(outputs)
        if entry is not None:
            if None not in accepted_size(module):
                _check_batch(handle, call, spec)
            width = int(entries(outputs)[entry].shape[-1])
            return Probed(width, entry, has_training, tuple(traced.variables))
        remedy = "use the module's feature vector form"
        if entries(outputs).keys() != {""}:
            remedy += ", or export it with the one entry that holds the features"
        raise InputError(
            f"backbone.handle: {handle} gives {in_words(outputs)}, not a vector for each image; "
            f"{remedy}"
        )
    raise InputError(
        f"backbone.handle: {handle} cannot be called with float32 images {spec.shape} "
        f"({one_line(reason, 200)}); {FORM}"
    )


def _check_batch(handle: str, call: Any, spec: tf.TensorSpec) -> None:
    """Refuses a call that was exported for one batch size; traces it with two sizes."""
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
    """Refuses a call that was exported for other inputs, such as text.

    Without traces, only the call itself can show this.
    """
    traces = []
    for function in _traces(module):
        specs = tf.nest.flatten(function.structured_input_signature)
        traces.append([spec for spec in specs if isinstance(spec, tf.TensorSpec)])
    if not traces or any(spec.shape.rank in (4, None) for specs in traces for spec in specs):
        return
    longest = max(traces, key=len)
    if not longest:
        return
    words = " and ".join(f"{spec.dtype.name} {spec.shape}" for spec in longest)
    if any(spec.dtype == tf.string for spec in longest):
        words = f"text ({words})"
    raise InputError(f"backbone.handle: {handle} takes {words}, not images; {FORM}")


def caller(module: Any, has_training: bool, entry: str) -> Callable[[tf.Tensor, bool], tf.Tensor]:
    """Returns the module's call as a function of the images and of ``training``.

    The function returns the entry that holds the features, as float32.
    """
    call = _raw_caller(module, has_training)
    return lambda images, training: features_of(call(images, training), entry)


def _raw_caller(module: Any, has_training: bool) -> Callable[[tf.Tensor, bool], Any]:
    if has_training:
        return lambda images, training: module(images, training=training)
    return lambda images, training: module(images)


def one_line(error: object, length: int) -> str:
    """Returns the start of an error's message, on one line."""
    return " ".join(str(error).split())[:length]
