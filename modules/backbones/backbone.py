"""Loads a Hub backbone, and describes its inputs, its output and its call."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf
import tensorflow_hub as hub

from modules.backbones.graph.class_scores import class_scores
from modules.backbones.graph.flat_graph import FlatGraph, flatten
from modules.backbones.graph.read_order import read
from modules.backbones.loading import exported, origin
from modules.backbones.loading.fetching import could_not_load, fetch
from modules.backbones.loading.origin import Origin
from modules.backbones.loading.probing import (
    DEFAULT_SIZE,
    accepted_size,
    caller,
    images_spec,
    one_line,
    probe,
)
from modules.errors import InputError
from modules.text import without_secrets


@dataclass(frozen=True, eq=False, kw_only=True)
class Backbone:
    """A loaded module.

    Attributes:
        handle: where the module came from, without possible secrets.
        module: the object that ``hub.load`` returned.
        height, width: the image size that it accepts, in pixels; None for any.
        channels: the number of colour channels that it accepts, always 3.
        output_dim: the length of an image's feature vector.
        entry: the name of the output with the features, as ``outputs.entries`` names it; empty if
            the call returns a single value.
        has_training: whether its call has a ``training`` argument.
        variables: all variables, each once, in the module's own order, BatchNorm's statistics
            included.
        trainable: the variables that may be trained.
        regularization_losses: the module's own losses; each returns a scalar.
        sha256: the fingerprint of its files, as ``folder_fingerprint`` computes it.
        origin: how its backbone was used, if Thaw exported the module; the head is left out.
    """

    handle: str
    module: Any
    height: int | None
    width: int | None
    channels: int
    output_dim: int
    entry: str
    has_training: bool
    variables: list[tf.Variable]
    trainable: list[tf.Variable]
    regularization_losses: list[Callable[[], tf.Tensor]]
    sha256: str
    origin: Origin | None = None
    _sizes_that_work: set[tuple[int, int]] = field(default_factory=set, repr=False)

    @functools.cached_property
    def graph(self) -> FlatGraph:
        """``forward`` in inference mode, flat; its variables start with those of this object."""
        return flatten(self.forward, images_spec(self.height, self.width), self.variables)

    def graph_at(self, size: tuple[int, int]) -> FlatGraph:
        """Returns ``graph`` at an image size, for a module that accepts any size."""
        if size == (self.height or DEFAULT_SIZE, self.width or DEFAULT_SIZE):
            return self.graph
        return flatten(self.forward, images_spec(*size), self.variables)

    def image_size(self, wanted: tuple[int, int] | None) -> tuple[int, int]:
        """Returns the (height, width) to which each image is resized.

        A module that accepts images of any size is tried with an image of this one.

        Raises:
            InputError: when the module does not accept ``wanted``, or fails at that size.
        """
        own = (self.height, self.width)
        for got, takes in zip(wanted or (), own, strict=False):
            if takes is not None and got != takes:
                raise InputError(
                    f"backbone.image_size: got {list(wanted or ())}, but {self.handle} takes "
                    f"{size_text(own)}; leave the key out"
                )
        size = wanted or (self.height or DEFAULT_SIZE, self.width or DEFAULT_SIZE)
        if None in own and size not in self._sizes_that_work:
            self._check_size(size)
            self._sizes_that_work.add(size)
        return size

    def forward(self, images: tf.Tensor, *, training: bool = False) -> tf.Tensor:
        """Maps images, float32 [batch, height, width, 3], to float32 [batch, output_dim].

        A feature map is averaged over height and width. Without ``training``, BatchNorm uses its
        stored statistics, whatever is trained.
        """
        features = caller(self.module, self.has_training, self.entry)(images, training)
        if features.shape.rank == 4:
            features = tf.reduce_mean(features, [1, 2])
        return tf.reshape(features, [-1, self.output_dim])

    def _check_size(self, size: tuple[int, int]) -> None:
        # The module is run, since a SavedModel's functions do not infer their shapes again. It gets
        # one image, since a module that flattens may return two vectors for it, and not of zeros,
        # which might be divided by.
        image = tf.reshape(tf.linspace(0.0, 1.0, size[0] * size[1] * 3), (1, *size, 3))
        try:
            vector = self.forward(image)
        except (tf.errors.OpError, TypeError, ValueError) as error:
            reason = one_line(error, 200)
        else:
            if vector.shape == (1, self.output_dim) and bool(
                tf.reduce_all(tf.math.is_finite(vector))
            ):
                return
            reason = "its output for an image is not one finite vector"
        raise InputError(
            f"backbone.image_size: {self.handle} cannot take images of {size_text(size)} pixels "
            f"({reason}); set a size that the module was made for"
        )


def size_text(size: tuple[int | None, int | None]) -> str:
    """Returns ``224 x 224``, with ``any`` for a side that may have any length."""
    return " x ".join("any" if side is None else str(side) for side in size)


def load(handle: str, allowed: Sequence[str] = (), sha256: str = "") -> Backbone:
    """Loads a TF2 SavedModel that maps images to vectors or to feature maps.

    Args:
        handle: as for ``fetching.fetch``.
        allowed: the prefixes under which handles may lie; without any, every handle may be loaded.
        sha256: the fingerprint that the module's files must have; empty for any. This and
            ``allowed`` are checked before the module's graph is read.

    Raises:
        InputError: when nothing is there, it may not be loaded, or it is not an image backbone that
            can be fine-tuned.
    """
    fetched = fetch(handle, allowed, sha256)
    module = _load(handle, fetched.folder)
    shown = without_secrets(handle)
    if not callable(module):
        module = _called_by_signature(shown, module, fetched.folder)
    height, width = accepted_size(module)
    call = probe(shown, module, images_spec(height, width))
    read_variables = list(call.variables)
    variables = _distinct([*getattr(module, "variables", read_variables)])
    trainable = getattr(module, "trainable_variables", None)
    if trainable is None:
        trainable = [variable for variable in variables if variable.trainable]
    backbone = Backbone(
        handle=shown,
        module=module,
        height=height,
        width=width,
        channels=3,
        output_dim=call.output_dim,
        entry=call.entry,
        has_training=call.has_training,
        variables=_distinct([*variables, *trainable]),
        trainable=[variable for variable in _distinct(trainable) if variable.dtype.is_floating],
        regularization_losses=list(getattr(module, "regularization_losses", ())),
        sha256=fetched.sha256,
        origin=origin.read(shown, fetched.folder),
    )
    _check_features(backbone)
    return backbone


def _load(handle: str, folder: str) -> Any:
    try:
        return hub.load(folder)
    except Exception as error:  # Hub raises whatever the file system or TF raised.
        raise InputError(could_not_load(handle, error)) from error


def _called_by_signature(shown: str, loaded: Any, folder: str) -> exported.Exported:
    problem = exported.problem_of(loaded, folder)
    module = None if problem else exported.as_module(loaded)
    if module is None:
        raise InputError(f"backbone.handle: {shown} {problem or exported.in_words(loaded)}")
    return module


def _check_features(backbone: Backbone) -> None:
    evidence = class_scores(backbone.graph, read(backbone.graph), backbone.output_dim)
    if evidence:
        raise InputError(
            f"backbone.handle: {backbone.handle} gives class scores, not features: {evidence}; use "
            "the module's feature vector form"
        )


def _distinct(variables: Any) -> list[tf.Variable]:
    """Removes repeats, since a module may track a variable twice."""
    return list({id(variable): variable for variable in variables}.values())
