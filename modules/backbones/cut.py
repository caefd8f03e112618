"""Finds where a graph can be cut, so that its frozen part runs only once for each image.

The part before the first changing variable gives the same output for an image in every step. The
tensors that flow from there into the rest, the *cut*, can be cached, so that only the rest is run
and trained.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import tensorflow as tf

from modules.backbones.backbone import Backbone
from modules.backbones.graph.flat_graph import FlatGraph, Node, Output, tensor_name
from modules.backbones.graph.folding import folded
from modules.backbones.graph.graph_import import imported
from modules.backbones.graph.image_rows import image_rows
from modules.backbones.graph.read_order import read

Tensors = Sequence[tf.Tensor]
# The operations of TF1's control flow: what lies between them is not plain data flow.
_BRANCHING = {"Switch", "Merge", "Enter", "Exit", "NextIteration", "RefSwitch", "RefMerge"}
# Operations whose output is larger than their input, and cheap to compute.
_GROWING = {"Pad", "PadV2", "MirrorPad", "Tile", "BroadcastTo"}


@dataclass(frozen=True, eq=False)
class Cut:
    """A cut through a flat graph.

    Attributes:
        graph: the graph that is cut.
        tensors: the names of the tensors that cross the cut, as ``node:0``; their first dimension
            is the batch.
        rows: the shape and dtype of each of these tensors for one image.
        variables: the numbers of the variables that the frozen part reads.
        shapes: the tensors that hold the shape of a frozen tensor, with that shape; None stands for
            the batch.
    """

    graph: FlatGraph
    tensors: tuple[str, ...]
    rows: tuple[tf.TensorSpec, ...]
    variables: frozenset[int]
    shapes: Mapping[str, tuple[int | None, ...]]

    @property
    def at_end(self) -> bool:
        """Whether everything is frozen, so that the output itself crosses the cut."""
        return self.tensors == (self.graph.result,)

    def rest(
        self, definition: object = None, extra_outputs: Sequence[str] = ()
    ) -> Callable[[Tensors], list[tf.Tensor]]:
        """Returns the part after the cut, with BatchNorm folded into convolutions where possible.

        Args:
            definition: a modified definition of the graph, as for ``imported``.
            extra_outputs: the names of further tensors to return.

        Returns:
            A ``tf.function``, so that a tape records it. It maps a batch of the tensors that cross
            the cut, in the order of ``tensors``, to the output, float32 [batch, output_dim], and
            the tensors named in ``extra_outputs``.
        """
        source = self.graph.definition if definition is None else definition
        fast = folded(source, {*self.tensors, *extra_outputs, self.graph.result})

        @tf.function(autograph=False, reduce_retracing=True)
        def run(tensors: Tensors) -> list[tf.Tensor]:
            feeds = dict(zip(self.tensors, tensors, strict=True))
            count = tf.shape(tensors[0])[0]
            for name, shape in self.shapes.items():
                feeds[name] = tf.stack([count if side is None else side for side in shape])
            return imported(self.graph, feeds, [self.graph.result, *extra_outputs], fast)

        return run  # type: ignore[no-any-return]


def at_images(graph: FlatGraph, size: tuple[int, int]) -> Cut:
    """Returns the cut before everything, which the images cross, float32 [height, width, 3]."""
    row = tf.TensorSpec((*size, 3), tf.float32)
    return Cut(graph, (graph.images,), (row,), frozenset(), {})


def frozen_part(cuts: Sequence[Cut]) -> Callable[[tf.Tensor], list[list[tf.Tensor]]]:
    """Returns the part before some cuts through one graph, as one function for all of them.

    Returns:
        A ``tf.function`` that maps images, float32 [batch, height, width, 3], to the tensors of
        each cut.
    """
    graph = cuts[0].graph
    names = list(dict.fromkeys(name for cut in cuts for name in cut.tensors))
    fast = folded(graph.definition, names)

    @tf.function(autograph=False, reduce_retracing=True)
    def run(images: tf.Tensor) -> list[list[tf.Tensor]]:
        outputs = imported(graph, {graph.images: images}, names, fast)
        by_name = dict(zip(names, outputs, strict=True))
        return [[by_name[name] for name in cut.tensors] for cut in cuts]

    return run  # type: ignore[no-any-return]


def find_cut(
    backbone: Backbone, size: tuple[int, int], changing: Collection[tf.Variable]
) -> Cut | str:
    """Finds the latest cut before all that changes, or says in words why there is none.

    It starts from the frozen tensors that the changing part takes. A tensor that does not have one
    row for each image, such as one with the batch folded into another dimension, is replaced by the
    tensors that it is computed from. So is one that only pads or repeats a smaller tensor.

    Args:
        backbone: the backbone to cut.
        size: height and width of its images.
        changing: the variables that are trained or otherwise updated.
    """
    graph = backbone.graph_at(size)
    if any(node.op in _BRANCHING for node in graph.nodes):
        return "the module has TF1's control flow, whose parts cannot be separated"
    changed_nodes = _changed_nodes(graph, changing)
    reading = read(graph)
    frozen = {name for name in reading.depths if name not in changed_nodes}
    if graph.output[0] in frozen:
        row = tf.TensorSpec((backbone.output_dim,), tf.float32)
        return Cut(graph, (graph.result,), (row,), _variables_of(graph, [graph.result]), {})
    search = _BackwardSearch(graph, frozen, image_rows(graph, size, frozen))
    search.search_from(graph.output)
    if graph.images in search.tensors:
        return "the first layer is among what changes"
    variables = _variables_of(graph, search.tensors)
    if not variables:
        return "nothing of the backbone lies before the first variable that changes"
    order = {node.name: place for place, node in enumerate(graph.nodes)}
    tensors = tuple(sorted(search.tensors, key=lambda name: (order[_node(name)], name)))
    rows = tuple(search.tensors[name] for name in tensors)
    return Cut(graph, tensors, rows, variables, search.shapes)


class _BackwardSearch:
    """Searches backwards from the output, up to the frozen part.

    Attributes:
        tensors: the tensors that cross the cut, with the shape and dtype of a row.
        shapes: as in ``Cut``.
    """

    def __init__(
        self, graph: FlatGraph, frozen: Collection[str], rows: Mapping[str, tf.TensorSpec]
    ) -> None:
        self.tensors: dict[str, tf.TensorSpec] = {}
        self.shapes: dict[str, tuple[int | None, ...]] = {}
        self._nodes = {node.name: node for node in graph.nodes}
        self._frozen, self._rows = frozen, rows

    def search_from(self, output: Output) -> None:
        """Visits everything that the output is computed from, up to the frozen part."""
        visited, pending = set[Output](), [output]
        while pending:
            output_to_visit = pending.pop()
            if output_to_visit in visited:
                continue
            visited.add(output_to_visit)
            if not self._stops(output_to_visit):
                pending += self._nodes[output_to_visit[0]].inputs

    def _stops(self, output: Output) -> bool:
        node, name = self._nodes[output[0]], tensor_name(output)
        if node.op == "Shape" and node.inputs[0][0] in self._frozen:
            row = self._rows.get(tensor_name(node.inputs[0]))
            if row is not None:
                self.shapes[name] = (None, *row.shape.as_list())
                return True
        if node.name not in self._frozen or name not in self._rows or self._grows(node):
            return False
        self.tensors[name] = self._rows[name]
        return True

    def _grows(self, node: Node) -> bool:
        source_names = (tensor_name(source) for source in node.inputs if source[0] in self._frozen)
        return node.op in _GROWING and all(name in self._rows for name in source_names)


def _changed_nodes(graph: FlatGraph, changing: Collection[tf.Variable]) -> set[str]:
    """Returns the nodes whose values depend on the variables."""
    changing_ids = {id(variable) for variable in changing}
    changed_nodes = {
        name for name, n in graph.handles.items() if id(graph.variables[n]) in changing_ids
    }
    for node in graph.nodes:
        if any(source in changed_nodes for source, _ in node.inputs):
            changed_nodes.add(node.name)
    return changed_nodes


def _variables_of(graph: FlatGraph, tensors: Iterable[str]) -> frozenset[int]:
    """Returns the numbers of the variables that some tensors are computed from."""
    nodes = {node.name: node for node in graph.nodes}
    visited, pending = set[str](), [_node(name) for name in tensors]
    while pending:
        name = pending.pop()
        if name not in visited:
            visited.add(name)
            pending += [source for source, _ in nodes[name].inputs]
    return frozenset(number for name, number in graph.handles.items() if name in visited)


def _node(tensor: str) -> str:
    return tensor.rpartition(":")[0]
