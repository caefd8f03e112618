"""Finds the tensors of a graph that have a row for each image."""

from collections.abc import Collection, Sequence
from typing import Any

import tensorflow as tf

from modules.backbones.graph.flat_graph import FlatGraph, tensor_name
from modules.backbones.graph.graph_import import imported

# Shapes are inferred for these two batch sizes.
_BATCHES = (7, 11)


def image_rows(
    graph: FlatGraph, size: tuple[int, int], frozen: Collection[str]
) -> dict[str, tf.TensorSpec]:
    """Returns the row shape and dtype of the frozen input tensors that have a row for each image.

    An unknown first dimension might be a multiple of the batch size, so all shapes are inferred for
    two known batch sizes. Shapes behind a loop or a branch are known only after a run.
    """
    used = (output for node in graph.nodes for output in node.inputs if output[0] in frozen)
    names = list(dict.fromkeys(map(tensor_name, used)))
    inferences = [_ShapeInference(graph, count, size, names) for count in _BATCHES]
    undefined = [name for name in names if not inferences[0].specs[name].shape.is_fully_defined()]
    if undefined:
        for inference in inferences:
            inference.run(undefined)
    row_specs = {graph.images: tf.TensorSpec((*size, 3), tf.float32)}
    for name in names:
        rows = [inference.row(name) for inference in inferences]
        if rows[0] is not None and rows[0] == rows[1]:
            row_specs[name] = rows[0]
    return row_specs


class _ShapeInference:
    """The shapes and dtypes of tensors for one batch size."""

    def __init__(
        self, graph: FlatGraph, count: int, size: tuple[int, int], names: Sequence[str]
    ) -> None:
        self._graph, self._count = graph, count
        self._images = tf.TensorSpec((count, *size, 3), tf.float32)
        traced = self._compute(names).get_concrete_function(self._images)
        self.specs = dict(zip(names, traced.structured_outputs, strict=True))

    def run(self, names: Sequence[str]) -> None:
        """Determines the shapes of some tensors by computing them."""
        outputs = self._compute(names)(tf.random.stateless_uniform(self._images.shape, (0, 0)))
        self.specs |= {
            name: tf.TensorSpec(tensor.shape, tensor.dtype)
            for name, tensor in zip(names, outputs, strict=True)
        }

    def row(self, name: str) -> tf.TensorSpec | None:
        """Returns one image's shape and dtype; None if there is no row for each image."""
        spec = self.specs[name]
        if not spec.dtype.is_numpy_compatible or not spec.shape.is_fully_defined():
            return None
        if not spec.shape.rank or spec.shape[0] != self._count:
            return None
        return tf.TensorSpec(spec.shape[1:], spec.dtype)

    def _compute(self, names: Sequence[str]) -> Any:
        feeds = self._graph.images
        return tf.function(
            lambda images: imported(self._graph, {feeds: images}, names), autograph=False
        )
