"""Finds where the forward graph first uses each variable.

The order of a Hub module's ``variables`` is the order in which they were tracked, and their names
may be meaningless. Only the graph shows the order in which the data reaches them.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import tensorflow as tf

from modules.backbones.graph.flat_graph import FlatGraph, flatten

# Operations whose result depends on the image's shape, not on its pixels.
_SHAPES = {"Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike"}


@dataclass(frozen=True)
class Use:
    """The first use of a variable.

    Attributes:
        node: the operation's name.
        depth: the length of the longest path from the image to the operation.
    """

    node: str
    depth: int


@dataclass(frozen=True)
class Reading:
    """How the image and the variables flow through a flat graph.

    Attributes:
        depths: the depth of each node that depends on the image's pixels; other nodes have none.
        uses: the first use of each variable that is used, by its number.
        applied: the numbers of the variables that a node combines with the image.
    """

    depths: dict[str, int]
    uses: dict[int, Use]
    applied: dict[str, frozenset[int]]


def read(graph: FlatGraph) -> Reading:
    """Follows the data through the graph.

    A variable is used where one input of an operation is computed from the image and another from
    the variable. A loop or a branch counts as one operation.
    """
    carried = {name: frozenset({number}) for name, number in graph.handles.items()}
    reading = Reading({graph.image: 0}, {}, {})
    for node in graph.nodes:
        sources = [name for name, _ in node.inputs]
        depths = [reading.depths[name] for name in sources if name in reading.depths]
        numbers = frozenset[int]().union(*(carried.get(name, frozenset()) for name in sources))
        if not depths or node.op in _SHAPES:
            carried.setdefault(node.name, numbers)
            continue
        depth = reading.depths[node.name] = max(depths) + 1
        if numbers:
            reading.applied[node.name] = numbers
        for number in numbers:
            known = reading.uses.get(number)
            if known is None or depth < known.depth:
                reading.uses[number] = Use(node.name, depth)
    return reading


def read_depths(
    forward: Callable[[tf.Tensor], tf.Tensor], spec: tf.TensorSpec, variables: Iterable[tf.Variable]
) -> list[int | None]:
    """Finds how deep in the graph of ``forward`` each variable is first used.

    Args:
        forward: a function of one tensor, which is traced here.
        spec: the shape and dtype of its argument.
        variables: the variables to look for.

    Returns:
        For each variable, the length of the longest path from the image to its first use; None for
        a variable that the graph does not read.
    """
    variable_list = list(variables)
    uses = read(flatten(forward, spec, variable_list)).uses
    return [uses[i].depth if i in uses else None for i in range(len(variable_list))]
