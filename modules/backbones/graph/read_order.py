"""What the forward graph does with each variable: where it first reads it, and what for.

The order of a Hub module's ``variables`` is the order in which they were tracked, and their names
need not say anything; the order in which the data meets them is in the graph alone.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import tensorflow as tf

from modules.backbones.graph.flat_graph import FlatGraph, flatten

# What these give depends on the image's shape, not on its pixels.
_SHAPES = {"Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike"}


@dataclass(frozen=True)
class Use:
    """Where the data first meets a variable.

    Attributes:
        node: the operation's name.
        depth: the length of the longest path to it from the image.
    """

    node: str
    depth: int


@dataclass(frozen=True)
class Reading:
    """How the image and the variables flow through a flat graph.

    Attributes:
        depths: how deep each node lies that depends on the image's pixels; the others have none.
        uses: the first use of each variable, by its number; none of one that is not used.
        applied: the numbers of the variables that a node brings to the image.
    """

    depths: dict[str, int]
    uses: dict[int, Use]
    applied: dict[str, frozenset[int]]


def read(graph: FlatGraph) -> Reading:
    """Follows the data.

    A variable is used where an operation takes both something computed from the image and
    something computed from the variable. A loop or a branch counts as one operation.
    """
    carried = {name: frozenset({number}) for name, number in graph.handles.items()}
    found = Reading({graph.image: 0}, {}, {})
    for node in graph.nodes:
        sources = [name for name, _ in node.inputs]
        depths = [found.depths[name] for name in sources if name in found.depths]
        numbers = frozenset[int]().union(*(carried.get(name, frozenset()) for name in sources))
        if not depths or node.op in _SHAPES:
            carried.setdefault(node.name, numbers)
            continue
        depth = found.depths[node.name] = max(depths) + 1
        if numbers:
            found.applied[node.name] = numbers
        for number in numbers:
            known = found.uses.get(number)
            if known is None or depth < known.depth:
                found.uses[number] = Use(node.name, depth)
    return found


def read_depths(
    forward: Callable[[tf.Tensor], tf.Tensor], spec: tf.TensorSpec, variables: Iterable[tf.Variable]
) -> list[int | None]:
    """Finds how deep in the graph of ``forward`` each variable is first used.

    Args:
        forward: a function of one tensor, traced here.
        spec: what it is traced with.
        variables: those to look for.

    Returns:
        For each variable the length of the longest path from the image to its first use, None for
        one that the graph does not read.
    """
    wanted = list(variables)
    uses = read(flatten(forward, spec, wanted)).uses
    return [uses[i].depth if i in uses else None for i in range(len(wanted))]
