"""Where a graph can be cut so that its frozen part runs once for each image.

What lies before the first changing variable gives the same for an image in every step. The values
that flow from there into the rest, the *cut*, can be kept, and the rest alone be run and trained.
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
# TF1's control flow: what lies between these is no plain flow of data.
_BRANCHING = {"Switch", "Merge", "Enter", "Exit", "NextIteration", "RefSwitch", "RefMerge"}
# Larger than what they are made from, and made in no time.
_GROWING = {"Pad", "PadV2", "MirrorPad", "Tile", "BroadcastTo"}


@dataclass(frozen=True, eq=False)
class Cut:
    """A cut through a flat graph.

    Attributes:
        graph: that is cut.
        tensors: names of the tensors that cross it, as ``node:0``; their first dimension is the
            batch.
        rows: of one image, the form of each.
        variables: those that the frozen part reads, by number.
        shapes: tensors that hold the shape of a frozen one, and that shape, None for the batch.
    """

    graph: FlatGraph
    tensors: tuple[str, ...]
    rows: tuple[tf.TensorSpec, ...]
    variables: frozenset[int]
    shapes: Mapping[str, tuple[int | None, ...]]

    @property
    def at_end(self) -> bool:
        """Whether everything is frozen: the output itself is what crosses."""
        return self.tensors == (self.graph.result,)

    def rest(
        self, definition: object = None, more: Sequence[str] = ()
    ) -> Callable[[Tensors], list[tf.Tensor]]:
        """What comes after the cut, with BatchNorm folded into convolutions where it can be.

        Args:
            definition: a changed form of the graph's, as for ``imported``.
            more: names of other tensors to give.

        Returns:
            A ``tf.function``, so that a tape sees it, of a batch of what crosses, in the order of
            ``tensors``, to the output, float32 [batch, output_dim], and the tensors named in
            ``more``.
        """
        source = self.graph.definition if definition is None else definition
        fast = folded(source, {*self.tensors, *more, self.graph.result})

        @tf.function(autograph=False, reduce_retracing=True)
        def run(tensors: Tensors) -> list[tf.Tensor]:
            feeds = dict(zip(self.tensors, tensors, strict=True))
            count = tf.shape(tensors[0])[0]
            for name, shape in self.shapes.items():
                feeds[name] = tf.stack([count if side is None else side for side in shape])
            return imported(self.graph, feeds, [self.graph.result, *more], fast)

        return run  # type: ignore[no-any-return]


def at_images(graph: FlatGraph, size: tuple[int, int]) -> Cut:
    """The cut before everything: what crosses are the images, float32 [height, width, 3]."""
    row = tf.TensorSpec((*size, 3), tf.float32)
    return Cut(graph, (graph.images,), (row,), frozenset(), {})


def frozen_part(cuts: Sequence[Cut]) -> Callable[[tf.Tensor], list[list[tf.Tensor]]]:
    """What comes before some cuts through one graph, as one function, run once for all of them.

    Returns:
        A ``tf.function`` of images, float32 [batch, height, width, 3], to the tensors of each cut.
    """
    graph = cuts[0].graph
    names = list(dict.fromkeys(name for cut in cuts for name in cut.tensors))
    fast = folded(graph.definition, names)

    @tf.function(autograph=False, reduce_retracing=True)
    def run(images: tf.Tensor) -> list[list[tf.Tensor]]:
        made = imported(graph, {graph.images: images}, names, fast)
        found = dict(zip(names, made, strict=True))
        return [[found[name] for name in cut.tensors] for cut in cuts]

    return run  # type: ignore[no-any-return]


def find_cut(
    backbone: Backbone, size: tuple[int, int], changing: Collection[tf.Variable]
) -> Cut | str:
    """The latest cut before all that changes, or in words why there is none.

    Starts from every frozen value that the changing part takes. One that is no row for each image,
    such as a batch folded into another dimension, gives its place to what it is made from; so does
    one that is only padding around something smaller.

    Args:
        backbone: to be cut.
        size: height and width of the images that it will get.
        changing: the variables that are trained or otherwise written to.
    """
    graph = backbone.graph_at(size)
    if any(node.op in _BRANCHING for node in graph.nodes):
        return "the module has TF1's control flow, whose parts cannot be told apart"
    changed = _changed(graph, changing)
    reading = read(graph)
    frozen = {name for name in reading.depths if name not in changed}
    if graph.output[0] in frozen:
        row = tf.TensorSpec((backbone.output_dim,), tf.float32)
        return Cut(graph, (graph.result,), (row,), _read_by(graph, [graph.result]), {})
    walk = _Walk(graph, frozen, image_rows(graph, size, frozen))
    walk.back_from(graph.output)
    if graph.images in walk.tensors:
        return "the first layer is among what changes"
    variables = _read_by(graph, walk.tensors)
    if not variables:
        return "nothing of the backbone lies before the first variable that changes"
    order = {node.name: place for place, node in enumerate(graph.nodes)}
    tensors = tuple(sorted(walk.tensors, key=lambda name: (order[_node(name)], name)))
    rows = tuple(walk.tensors[name] for name in tensors)
    return Cut(graph, tensors, rows, variables, walk.shapes)


class _Walk:
    """Goes back from the output and stops where the frozen part begins.

    Attributes:
        tensors: what crosses, with the form of a row.
        shapes: as in ``Cut``.
    """

    def __init__(
        self, graph: FlatGraph, frozen: Collection[str], rows: Mapping[str, tf.TensorSpec]
    ) -> None:
        self.tensors: dict[str, tf.TensorSpec] = {}
        self.shapes: dict[str, tuple[int | None, ...]] = {}
        self._nodes = {node.name: node for node in graph.nodes}
        self._frozen, self._rows = frozen, rows

    def back_from(self, output: Output) -> None:
        """Finds all that the output is made from, up to the frozen part."""
        seen, waiting = set[Output](), [output]
        while waiting:
            one = waiting.pop()
            if one in seen:
                continue
            seen.add(one)
            if not self._stops(one):
                waiting += self._nodes[one[0]].inputs

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
        made_from = (tensor_name(one) for one in node.inputs if one[0] in self._frozen)
        return node.op in _GROWING and all(name in self._rows for name in made_from)


def _changed(graph: FlatGraph, changing: Collection[tf.Variable]) -> set[str]:
    """The nodes whose values change when the variables do."""
    wanted = {id(variable) for variable in changing}
    found = {name for name, n in graph.handles.items() if id(graph.variables[n]) in wanted}
    for node in graph.nodes:
        if any(source in found for source, _ in node.inputs):
            found.add(node.name)
    return found


def _read_by(graph: FlatGraph, tensors: Iterable[str]) -> frozenset[int]:
    """The numbers of the variables that some tensors are made from."""
    nodes = {node.name: node for node in graph.nodes}
    seen, waiting = set[str](), [_node(name) for name in tensors]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += [source for source, _ in nodes[name].inputs]
    return frozenset(number for name, number in graph.handles.items() if name in seen)


def _node(tensor: str) -> str:
    return tensor.rpartition(":")[0]
