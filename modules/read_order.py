"""Where in the forward graph each variable is first read.

The order of a Hub module's ``variables`` is the order in which they were tracked, and their names
need not say anything; the order in which the data meets them is in the graph alone.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import tensorflow as tf


@dataclass(frozen=True)
class _Value:
    """What is known of a node's outputs.

    ``depth`` is the length of the longest path from the image, None for a value that does not
    depend on it; ``variables`` are those that such a value was computed from.
    """

    depth: int | None
    variables: frozenset[int]


_NOTHING = _Value(None, frozenset())


def read_depths(
    forward: Callable[[tf.Tensor], tf.Tensor], spec: tf.TensorSpec, variables: Iterable[tf.Variable]
) -> list[int | None]:
    """Finds how deep in the graph of ``forward`` each variable is first used.

    A variable is used where an operation takes both something computed from the image and
    something computed from the variable. Calls of nested functions are followed; a loop or a
    branch counts as one operation.

    Args:
        forward: a function of one tensor, traced here.
        spec: what it is traced with.
        variables: those to look for.

    Returns:
        For each variable the length of the longest path from the image to its first use, None for
        one that the graph does not read.
    """
    concrete = tf.function(forward, autograph=False).get_concrete_function(spec)
    graph = concrete.graph
    numbers = {id(variable.handle): i for i, variable in enumerate(variables)}
    arguments = {concrete.inputs[0].op.name: _Value(0, frozenset())}
    for outer, inner in graph.captures:
        if id(outer) in numbers:
            arguments[inner.op.name] = _Value(None, frozenset({numbers[id(outer)]}))
    definition = graph.as_graph_def()
    functions = {function.signature.name: function for function in definition.library.function}
    first: dict[int, int] = {}
    _walk(definition.node, arguments, functions, first)
    return [first.get(i) for i in range(len(numbers))]


def _walk(
    nodes: Iterable[Any],
    arguments: Mapping[str, _Value],
    functions: Mapping[str, Any],
    first: dict[int, int],
) -> dict[str, _Value]:
    """Values of all nodes of one graph or function body; fills ``first`` on the way."""
    values = dict(arguments)
    for node in _topological(nodes):
        if node.name in values:
            continue
        sources = [name for name in map(_source, node.input) if name is not None]
        inputs = [values.get(name, _NOTHING) for name in sources]
        called = functions.get(node.attr["f"].func.name) if "f" in node.attr else None
        if called is not None and node.op in ("PartitionedCall", "StatefulPartitionedCall"):
            values[node.name] = _call(called, inputs, functions, first)
        else:
            values[node.name] = _apply(inputs, first)
    return values


def _apply(inputs: list[_Value], first: dict[int, int]) -> _Value:
    """One operation: variables that meet the image here are used here."""
    depths = [value.depth for value in inputs if value.depth is not None]
    variables = frozenset[int]().union(*(v.variables for v in inputs if v.depth is None))
    if not depths:
        return _Value(None, variables)
    depth = max(depths) + 1
    for number in variables:
        first[number] = min(depth, first.get(number, depth))
    return _Value(depth, frozenset())


def _call(
    function: Any, inputs: list[_Value], functions: Mapping[str, Any], first: dict[int, int]
) -> _Value:
    """A call of a nested function; its outputs are taken together."""
    names = [argument.name for argument in function.signature.input_arg]
    inner = _walk(function.node_def, dict(zip(names, inputs, strict=False)), functions, first)
    outputs = [inner.get(_source(name) or "", _NOTHING) for name in function.ret.values()]
    depths = [value.depth for value in outputs if value.depth is not None]
    if depths:
        return _Value(max(depths), frozenset())
    return _Value(None, frozenset[int]().union(*(value.variables for value in outputs)))


def _source(name: str) -> str | None:
    """The node that an input names; None for a control edge."""
    return None if name.startswith("^") else name.split(":")[0]


def _topological(nodes: Iterable[Any]) -> list[Any]:
    """The nodes so that each comes after those it takes from; function bodies may be unordered."""
    by_name = {node.name: node for node in nodes}
    done: set[str] = set()
    ordered = []
    for start in by_name:
        stack = [(start, False)]
        while stack:
            name, expanded = stack.pop()
            if name in done or name not in by_name:
                continue
            if expanded:
                done.add(name)
                ordered.append(by_name[name])
                continue
            stack.append((name, True))
            sources = (_source(source) for source in by_name[name].input)
            stack += [(source, False) for source in sources if source and source not in done]
    return ordered
