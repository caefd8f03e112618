"""Which tensors of a graph hold a row for each image."""

from collections.abc import Collection, Sequence
from typing import Any

import tensorflow as tf

from modules.backbones.graph.flat_graph import FlatGraph, tensor_name
from modules.backbones.graph.graph_import import imported

# Two sizes of a batch to infer shapes for.
_BATCHES = (7, 11)


def image_rows(
    graph: FlatGraph, size: tuple[int, int], frozen: Collection[str]
) -> dict[str, tf.TensorSpec]:
    """What is a row for each image, of the frozen tensors that something takes: a row's form.

    A first dimension that is not known might be the batch times something, so all forms are found
    for two batches of known sizes. Those behind a loop or a branch show only in a run.
    """
    used = (one for node in graph.nodes for one in node.inputs if one[0] in frozen)
    names = list(dict.fromkeys(map(tensor_name, used)))
    inferred = [_Forms(graph, count, size, names) for count in _BATCHES]
    unclear = [name for name in names if not inferred[0].found[name].shape.is_fully_defined()]
    if unclear:
        for forms in inferred:
            forms.run(unclear)
    found = {graph.images: tf.TensorSpec((*size, 3), tf.float32)}
    for name in names:
        rows = [forms.row(name) for forms in inferred]
        if rows[0] is not None and rows[0] == rows[1]:
            found[name] = rows[0]
    return found


class _Forms:
    """The forms of tensors for a batch of images."""

    def __init__(
        self, graph: FlatGraph, count: int, size: tuple[int, int], names: Sequence[str]
    ) -> None:
        self._graph, self._count = graph, count
        self._images = tf.TensorSpec((count, *size, 3), tf.float32)
        traced = self._made(names).get_concrete_function(self._images)
        self.found = dict(zip(names, traced.structured_outputs, strict=True))

    def run(self, names: Sequence[str]) -> None:
        """Finds the forms of some tensors by making them."""
        made = self._made(names)(tf.random.stateless_uniform(self._images.shape, (0, 0)))
        self.found |= {
            name: tf.TensorSpec(tensor.shape, tensor.dtype)
            for name, tensor in zip(names, made, strict=True)
        }

    def row(self, name: str) -> tf.TensorSpec | None:
        """The form of one image's row; None where there is no row for each image."""
        form = self.found[name]
        if not form.dtype.is_numpy_compatible or not form.shape.is_fully_defined():
            return None
        if not form.shape.rank or form.shape[0] != self._count:
            return None
        return tf.TensorSpec(form.shape[1:], form.dtype)

    def _made(self, names: Sequence[str]) -> Any:
        feeds = self._graph.images
        return tf.function(
            lambda images: imported(self._graph, {feeds: images}, names), autograph=False
        )
