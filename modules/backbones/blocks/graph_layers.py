"""Blocks for backbones whose variables' names say nothing: from the graph alone.

A *weight operation* applies a variable of rank 2 or more to the image: a convolution, a matrix
product. With it starts a layer; biases and what follows belong to it.

A *block* ends where the image-dependent graph narrows to a single tensor that all paths from the
image to the output go through: after each layer of a plain chain, and where the branches of a
residual, dense or Inception block have come together again. With the nodes in topological order
these are the nodes that no edge jumps over, which one pass finds: if an edge ``u -> w`` jumps over
``v``, a path takes it and misses ``v``; if none does, every path stops at ``v``. The order does not
matter, and all is linear in nodes and edges.

A depthwise convolution mixes no channels: the layer after it, which does, belongs to its block.
A stretch without a weight operation, such as a normalisation, belongs to the block before it, or,
where a sum, a concatenation or a pooling lies between, to the one after: there it is what ResNet V2
and DenseNet call pre-activation.
"""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from modules.backbones.graph.flat_graph import FlatGraph, Node
from modules.backbones.graph.read_order import Reading

# A call here is one of a function that must be compiled: a grouped convolution.
_WEIGHING = re.compile(r"Conv|MatMul|Einsum|Dot|Call|While|If|Case")
_JOINING = re.compile(r"^(Add|Concat)")
_POOLING = re.compile(r"Pool|^Mean$")


@dataclass(frozen=True)
class Place:
    """Where a variable lies.

    Attributes:
        block: the number of its block, in the order of the data.
        layer: the number of its layer, likewise, over all blocks.
        weight: whether a weight operation applies it.
    """

    block: int
    layer: int
    weight: bool


def places(graph: FlatGraph, reading: Reading) -> dict[int, Place]:
    """The place of each variable that is used, by its number.

    Where there are no weight operations at all, every operation with a variable counts as one.
    """
    live = _live(graph, reading)
    stretches, ends = _stretches(live)
    ranks = [variable.shape.rank or 0 for variable in graph.variables]
    weighing = {
        node.name
        for node in live
        if _WEIGHING.search(node.op)
        and any(ranks[number] > 1 for number in reading.applied.get(node.name, ()))
    }
    least = 2 if weighing else 0
    weighing = weighing or {node.name for node in live if node.name in reading.applied}
    ops = {node.name: node.op for node in live}
    weighted = {stretches[name] for name in weighing}
    mixing = {stretches[name] for name in weighing if "Depthwise" not in ops[name]}
    blocks = _blocks(weighted, mixing, ends)
    layers = _layers(live, weighing)
    first: dict[int, int] = {}
    for node in live:
        if node.name in weighing:
            first.setdefault(blocks[stretches[node.name]], layers[node.name])
    found = {}
    for number, use in reading.uses.items():
        if use.node in stretches:
            block = blocks[stretches[use.node]]
            # A pre-activation comes before the first layer of its block.
            layer = max(layers[use.node], first[block])
            found[number] = Place(block, layer, use.node in weighing and ranks[number] >= least)
    return found


def _live(graph: FlatGraph, reading: Reading) -> list[Node]:
    """The nodes, in order, on a path of image-dependent values to the output."""
    wanted = {graph.output[0]}
    for node in reversed(graph.nodes):
        if node.name in wanted and node.name in reading.depths:
            wanted.update(name for name, _ in node.inputs if name in reading.depths)
    return [node for node in graph.nodes if node.name in wanted]


def _stretches(live: Sequence[Node]) -> tuple[dict[str, int], list[bool]]:
    """Each node's stretch, a number; and whether each stretch ends in a node that joins."""
    position = {node.name: i for i, node in enumerate(live)}
    last, outputs = list(range(len(live))), [set[int]() for _ in live]
    for i, node in enumerate(live):
        for name, output in node.inputs:
            if name in position:
                last[position[name]] = i
                outputs[position[name]].add(output)
    found: dict[str, int] = {}
    ends: list[bool] = []
    reach = 0
    for i, node in enumerate(live):
        found[node.name] = len(ends)
        if reach <= i and len(outputs[i]) <= 1:
            ends.append(_joins(node, sum(name in position for name, _ in node.inputs)))
        reach = max(reach, last[i])
    return found, ends


def _joins(node: Node, images: int) -> bool:
    """Whether it brings branches together, or pools; ``images`` of its inputs depend on the image.

    An activation that multiplies, such as swish, is neither.
    """
    return bool(_POOLING.search(node.op)) or (images > 1 and bool(_JOINING.search(node.op)))


def _blocks(weighted: set[int], mixing: set[int], joins: Sequence[bool]) -> list[int]:
    """The block of each stretch.

    Args:
        weighted: the stretches with a weight operation.
        mixing: those among them with one that is not a depthwise convolution.
        joins: whether each stretch ends in a node that joins.
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


def _layers(live: Sequence[Node], weighing: set[str]) -> dict[str, int]:
    """The layer that each node lies in: that of the last weight operation before it."""
    found: dict[str, int] = {}
    count = itertools.count()
    for node in live:
        before = [found[name] for name, _ in node.inputs if name in found]
        found[node.name] = next(count) if node.name in weighing else max(before, default=-1)
    return found
