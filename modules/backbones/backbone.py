"""Loads a Hub backbone and says what it takes, what it gives, and how to call it."""

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
    caller,
    images_spec,
    one_line,
    probe,
    taken_size,
)
from modules.errors import InputError
from modules.text import without_secrets


@dataclass(frozen=True, eq=False)
class Backbone:
    """A loaded module.

    Attributes:
        handle: where it came from, without what may be a secret in it.
        module: what ``hub.load`` gave.
        height, width: pixels that it takes, None for any.
        channels: colour channels that it takes, always 3.
        output_dim: the length of the vector it gives for an image.
        entry: which of several values that its call gives this is, as ``outputs.entries`` names
            them; empty for a call that gives one.
        has_training: whether its call tells training from inference.
        variables: all variables, each once, in the module's own order, BatchNorm's statistics
            included.
        trainable: those that may be trained.
        regularization_losses: the module's own; each gives a scalar.
        sha256: of its files, as ``folder_fingerprint`` has it.
        origin: what it remembers, if it is a model that Thaw exported, whose head is left out.
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
        """``forward`` in inference mode, flat; its variables start with all of this object's."""
        return flatten(self.forward, images_spec(self.height, self.width), self.variables)

    def graph_at(self, size: tuple[int, int]) -> FlatGraph:
        """``graph``, for a module that takes images of any size at this one."""
        if size == (self.height or DEFAULT_SIZE, self.width or DEFAULT_SIZE):
            return self.graph
        return flatten(self.forward, images_spec(*size), self.variables)

    def image_size(self, wanted: tuple[int, int] | None) -> tuple[int, int]:
        """The (height, width) to make of each image.

        A module that takes images of any size is tried with one of this size.

        Raises:
            InputError: when ``wanted`` is not what the module takes, or it fails at that size.
        """
        own = (self.height, self.width)
        for got, takes in zip(wanted or (), own, strict=False):
            if takes is not None and got != takes:
                raise InputError(
                    f"backbone.image_size: got {list(wanted or ())}, but {self.handle} takes "
                    f"{takes_words(own)}; leave the key out"
                )
        size = wanted or (self.height or DEFAULT_SIZE, self.width or DEFAULT_SIZE)
        if None in own and size not in self._sizes_that_work:
            self._try(size)
            self._sizes_that_work.add(size)
        return size

    def forward(self, images: tf.Tensor, *, training: bool = False) -> tf.Tensor:
        """float32 [batch, height, width, 3] to float32 [batch, output_dim].

        A map of features is pooled by its mean over height and width. Without ``training``
        BatchNorm uses its stored statistics, whatever else is trained.
        """
        features = caller(self.module, self.has_training, self.entry)(images, training)
        if features.shape.rank == 4:
            features = tf.reduce_mean(features, [1, 2])
        return tf.reshape(features, [-1, self.output_dim])

    def _try(self, size: tuple[int, int]) -> None:
        # Run, since the functions of a SavedModel do not infer their shapes anew. One image and
        # no zeros: a module that flattens might give two vectors for one, and zeros divide badly.
        image = tf.reshape(tf.linspace(0.0, 1.0, size[0] * size[1] * 3), (1, *size, 3))
        try:
            made = self.forward(image)
        except (tf.errors.OpError, TypeError, ValueError) as error:
            reason = one_line(error, 200)
        else:
            if made.shape == (1, self.output_dim) and bool(tf.reduce_all(tf.math.is_finite(made))):
                return
            reason = "it gives no finite vector for an image"
        raise InputError(
            f"backbone.image_size: {self.handle} cannot take images of {takes_words(size)} pixels "
            f"({reason}); set a size that the module was made for"
        )


def takes_words(size: tuple[int | None, int | None]) -> str:
    """``224 x 224``, or ``any`` for a free side."""
    return " x ".join("any" if side is None else str(side) for side in size)


def load(handle: str, allowed: Sequence[str] = (), sha256: str = "") -> Backbone:
    """Loads a TF2 SavedModel of images to vectors, or to maps of features.

    Args:
        handle: as for ``fetching.fetch``.
        allowed: prefixes of what may be loaded; anything where there are none.
        sha256: of the module's files, if it has to be one; both are checked before its graph is
            read (``fetching.fetch``).

    Raises:
        InputError: when there is nothing to load there, it may not be loaded, or what is there is
            no image backbone that can be fine-tuned.
    """
    fetched = fetch(handle, allowed, sha256)
    module = _load(handle, fetched.folder)
    shown = without_secrets(handle)
    if not callable(module):
        module = _called_by_signature(shown, module, fetched.folder)
    height, width = taken_size(module)
    probed = probe(shown, module, images_spec(height, width))
    read_by_call = list(probed.variables)
    variables = _distinct([*getattr(module, "variables", read_by_call)])
    trainable = getattr(module, "trainable_variables", None)
    if trainable is None:
        trainable = [variable for variable in variables if variable.trainable]
    backbone = Backbone(
        shown,
        module,
        height,
        width,
        3,
        probed.output_dim,
        probed.entry,
        probed.has_training,
        _distinct([*variables, *trainable]),
        [variable for variable in _distinct(trainable) if variable.dtype.is_floating],
        list(getattr(module, "regularization_losses", ())),
        fetched.sha256,
        origin.read(shown, fetched.folder),
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
    found = class_scores(backbone.graph, read(backbone.graph), backbone.output_dim)
    if found:
        raise InputError(
            f"backbone.handle: {backbone.handle} gives scores of classes, not features: {found}; "
            "take the module's feature vector form"
        )


def _distinct(variables: Any) -> list[tf.Variable]:
    """Without repeats: a module may track a variable twice."""
    return list({id(variable): variable for variable in variables}.values())
