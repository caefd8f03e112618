"""Loads a Hub backbone and says what it takes, what it gives, and how to call it."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tensorflow as tf
import tensorflow_hub as hub

from modules.errors import InputError

# For a module that takes images of any size, when the config does not say which.
DEFAULT_SIZE = 224


@dataclass(frozen=True)
class Backbone:
    """A loaded module.

    Attributes:
        handle: where it came from.
        module: what ``hub.load`` gave.
        height, width: pixels that it takes, None for any.
        channels: colour channels that it takes, always 3.
        output_dim: the length of the vector it gives for an image.
        has_training: whether its call tells training from inference.
    """

    handle: str
    module: Any
    height: int | None
    width: int | None
    channels: int
    output_dim: int
    has_training: bool

    @property
    def trainable(self) -> list[tf.Variable]:
        """The variables that may be trained, each once, in the module's own order."""
        return _distinct(self.module.trainable_variables)

    @property
    def variables(self) -> list[tf.Variable]:
        """All variables, BatchNorm's statistics included."""
        return _distinct(self.module.variables)

    def image_size(self, wanted: tuple[int, int] | None) -> tuple[int, int]:
        """The (height, width) to make of each image.

        Raises:
            InputError: when ``wanted`` is not what the module takes.
        """
        own = (self.height, self.width)
        for got, takes in zip(wanted or (), own, strict=False):
            if takes is not None and got != takes:
                raise InputError(
                    f"backbone.image_size: got {list(wanted or ())}, but {self.handle} takes "
                    f"{takes_words(own)}; leave the key out"
                )
        if wanted is not None:
            return wanted
        return (self.height or DEFAULT_SIZE, self.width or DEFAULT_SIZE)

    def forward(self, images: tf.Tensor, *, training: bool = False) -> tf.Tensor:
        """float32 [batch, height, width, 3] to float32 [batch, output_dim].

        Without ``training`` BatchNorm uses its stored statistics, whatever else is trained.
        """
        call = _caller(self.module, self.has_training)
        return tf.reshape(call(images, training), [-1, self.output_dim])


def takes_words(size: tuple[int | None, int | None]) -> str:
    """``224 x 224``, or ``any`` for a free side."""
    return " x ".join("any" if side is None else str(side) for side in size)


def load(handle: str) -> Backbone:
    """Loads a TF2 SavedModel of images to vectors.

    Args:
        handle: a folder, or the address of one in Hub's compressed form, which is kept under
            ``TFHUB_CACHE_DIR``.

    Raises:
        InputError: when there is nothing to load there, or what is there is no image backbone
            that can be fine-tuned.
    """
    module = _load(handle)
    interface = ("__call__", "variables", "trainable_variables")
    lacking = [name for name in interface if not hasattr(module, name)]
    if lacking:
        raise InputError(
            f"backbone.handle: {handle} is no reusable TF2 SavedModel: it has no {lacking[0]}, as "
            "modules of the old TF1 Hub format have not; take a TF2 image feature vector"
        )
    height, width = _image_size(module)
    spec = tf.TensorSpec((None, height or DEFAULT_SIZE, width or DEFAULT_SIZE, 3), tf.float32)
    output_dim, has_training = _probe(handle, module, spec)
    return Backbone(handle, module, height, width, 3, output_dim, has_training)


def _load(handle: str) -> Any:
    try:
        return hub.load(handle)
    except Exception as error:  # Hub raises whatever the file system, tar, http or TF raised.
        reason = " ".join(str(error).split())[:300]
        raise InputError(
            f"backbone.handle: could not load {handle} ({type(error).__name__}: {reason}); it must "
            "be a SavedModel's folder or an address that serves one as a .tar.gz"
        ) from error


def _image_size(module: Any) -> tuple[int | None, int | None]:
    """Height and width of the first image-like argument among the call's traces."""
    for function in getattr(module.__call__, "concrete_functions", ()):
        for spec in tf.nest.flatten(function.structured_input_signature):
            if isinstance(spec, tf.TensorSpec) and spec.shape.rank == 4 and spec.shape[3] == 3:
                return spec.shape[1], spec.shape[2]
    return None, None


def _probe(handle: str, module: Any, spec: tf.TensorSpec) -> tuple[int, bool]:
    """The length of the output vector, and whether the call takes ``training``."""
    reason: Exception | None = None
    for has_training in (True, False):
        call = functools.partial(_caller(module, has_training), training=False)  # type: ignore[call-arg]
        try:
            made = tf.function(call, autograph=False).get_concrete_function(spec).structured_outputs
        except (TypeError, ValueError) as error:
            reason = error
            continue
        if _is_vector(made):
            return int(made.shape[-1]), has_training
        found = " and ".join(f"{one.dtype.name} {one.shape}" for one in tf.nest.flatten(made))
        raise InputError(
            f"backbone.handle: {handle} gives {found}, not a vector for each image; take the "
            "module's feature vector form"
        )
    raise InputError(
        f"backbone.handle: {handle} cannot be called with float32 images {spec.shape} "
        f"({' '.join(str(reason).split())[:200]}); take a TF2 image feature vector"
    )


def _is_vector(made: Any) -> bool:
    """Whether it is one float32 tensor [batch, dim], or [batch, 1, 1, dim]."""
    if not isinstance(made, tf.TensorSpec | tf.Tensor) or made.dtype != tf.float32:
        return False
    rank = made.shape.rank
    if rank is None or rank < 2 or not made.shape[1:].is_fully_defined():
        return False
    return all(side == 1 for side in made.shape[1:-1])


def _caller(module: Any, has_training: bool) -> Callable[[tf.Tensor, bool], tf.Tensor]:
    if has_training:
        return lambda images, training: module(images, training=training)
    return lambda images, training: module(images)


def _distinct(variables: Any) -> list[tf.Variable]:
    """Without repeats: a module may track a variable twice."""
    return list({id(variable): variable for variable in variables}.values())
