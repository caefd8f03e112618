"""Finds blocks from the graph alone, for backbones whose variables have meaningless names.

A *weight operation* applies a variable of rank 2 or more to the image: a convolution, a matrix
product. It begins a layer; biases and what follows belong to that layer.

A *block* ends where the image-dependent graph narrows to a single tensor on all paths from the
image to the output: after each layer of a plain chain, and where the branches of a residual, dense
or Inception block have joined. With the nodes in topological order, these are the nodes that no
edge passes over, and a single scan finds them: if an edge ``u -> w`` passes over ``v``, some path
avoids ``v``; if none does, every path goes through ``v``. Any topological order gives the same
result, in time linear in nodes and edges.

A depthwise convolution mixes no channels, so the next layer, which does, belongs to its block. A
*stretch* lies between two such ends. Without a weight operation, as for a normalisation, it belongs
to the block before it; but if a sum, a concatenation or a pooling lies between them, it belongs to
the block after it, as what ResNet V2 and DenseNet call pre-activation.
"""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from modules.backbones.graph.flat_graph import FlatGraph, Node
from modules.backbones.graph.read_order import Reading

# A call in a flat graph is a function that must be compiled: a grouped convolution.
_WEIGHING = re.compile(r"Conv|MatMul|Einsum|Dot|Call|While|If|Case")
_JOINING = re.compile(r"^(Add|Concat)")
_POOLING = re.compile(r"Pool|^Mean$")


@dataclass(frozen=True)
class Place:
    """The place of a variable in the backbone.

    Attributes:
        block: the number of its block, in the order of the data flow.
        layer: the number of its layer, likewise, counted over all blocks.
        weight: whether a weight operation applies it.
    """

    block: int
    layer: int
    weight: bool


def places(graph: FlatGraph, reading: Reading) -> dict[int, Place]:
    """Returns the place of each variable that is used, by its number.

    If there are no weight operations at all, every operation with a variable counts as one.
    """
    live_nodes = _live(graph, reading)
    stretches, ends = _stretches(live_nodes)
    ranks = [variable.shape.rank or 0 for variable in graph.variables]
    weighing = {
        node.name
        for node in live_nodes
        if _WEIGHING.search(node.op)
        and any(ranks[number] > 1 for number in reading.applied.get(node.name, ()))
    }
    least = 2 if weighing else 0
    weighing = weighing or {node.name for node in live_nodes if node.name in reading.applied}
    ops = {node.name: node.op for node in live_nodes}
    weighted = {stretches[name] for name in weighing}
    mixing = {stretches[name] for name in weighing if "Depthwise" not in ops[name]}
    blocks = _blocks(weighted, mixing, ends)
    layers = _layers(live_nodes, weighing)
    first: dict[int, int] = {}
    for node in live_nodes:
        if node.name in weighing:
            first.setdefault(blocks[stretches[node.name]], layers[node.name])
    result = {}
    for number, use in reading.uses.items():
        if use.node in stretches:
            block = blocks[stretches[use.node]]
            # A pre-activation comes before the first layer of its block.
            layer = max(layers[use.node], first[block])
            result[number] = Place(block, layer, use.node in weighing and ranks[number] >= least)
    return result


def _live(graph: FlatGraph, reading: Reading) -> list[Node]:
    """Returns the nodes, in order, on image-dependent paths to the output."""
    wanted = {graph.output[0]}
    for node in reversed(graph.nodes):
        if node.name in wanted and node.name in reading.depths:
            wanted.update(name for name, _ in node.inputs if name in reading.depths)
    return [node for node in graph.nodes if node.name in wanted]


def _stretches(live_nodes: Sequence[Node]) -> tuple[dict[str, int], list[bool]]:
    """Returns each node's stretch, by number, and whether each stretch ends in a joining node."""
    position = {node.name: i for i, node in enumerate(live_nodes)}
    last, outputs = list(range(len(live_nodes))), [set[int]() for _ in live_nodes]
    for i, node in enumerate(live_nodes):
        for name, output in node.inputs:
            if name in position:
                last[position[name]] = i
                outputs[position[name]].add(output)
    stretch_of: dict[str, int] = {}
    ends: list[bool] = []
    reach = 0
    for i, node in enumerate(live_nodes):
        stretch_of[node.name] = len(ends)
        if reach <= i and len(outputs[i]) <= 1:
            ends.append(_joins(node, sum(name in position for name, _ in node.inputs)))
        reach = max(reach, last[i])
    return stretch_of, ends


def _joins(node: Node, images: int) -> bool:
    """Whether a node joins branches or pools; ``images`` of its inputs depend on the image.

    An activation that multiplies, such as swish, does neither.
    """
    return bool(_POOLING.search(node.op)) or (images > 1 and bool(_JOINING.search(node.op)))


def _blocks(weighted: set[int], mixing: set[int], joins: Sequence[bool]) -> list[int]:
    """Returns the block of each stretch.

    Args:
        weighted: the stretches with a weight operation.
        mixing: the stretches with a weight operation that is not a depthwise convolution.
        joins: whether each stretch ends in a joining node.
    """
    blocks, block, joined, whole, last = [], -1, False, True, max(weighted, default=0)
    for stretch in range(len(joins) + 1):
        if stretch in weighted:
            block, joined = block + int(whole), False
            whole = stretch in mixing
        pre_activation = joined and whole and stretch < last
        blocks.append(max(block, 0) + int(pre_activation))
        joined = joined or (stretch < len(joins) and joins[stretch])
    return blocks


def _layers(live_nodes: Sequence[Node], weighing: set[str]) -> dict[str, int]:
    """Returns each node's layer: that of the last weight operation before it."""
    layer_of: dict[str, int] = {}
    count = itertools.count()
    for node in live_nodes:
        before = [layer_of[name] for name, _ in node.inputs if name in layer_of]
        layer_of[node.name] = next(count) if node.name in weighing else max(before, default=-1)
    return layer_of
