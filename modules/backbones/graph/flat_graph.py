"""A function of images as one flat graph, without calls of nested functions.

A SavedModel consists of nested functions. What each variable does, and where the graph can be
changed or cut, is visible only when all of them are in one graph.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import tensorflow as tf

from modules.backbones.graph.inlining import Inliner

Output: TypeAlias = tuple[str, int]
"""One output of a node: the node's name and the output's number."""


@dataclass(frozen=True)
class Node:
    """An operation.

    Attributes:
        name: unique in the graph.
        op: its type, such as ``Conv2D``.
        inputs: its inputs in order, without control edges.
    """

    name: str
    op: str
    inputs: tuple[Output, ...]


@dataclass(frozen=True, eq=False)
class FlatGraph:
    """The graph that an output is computed from, and nothing else.

    Loops, branches, and functions that only a compiler can run stay single operations, with their
    functions in the definition's library. Side effects and their control edges are left out.

    Attributes:
        definition: the nodes in topological order, for ``modules.backbones.graph.graph_import``.
        nodes: the same nodes, for analysis.
        image: the placeholder of the function's argument.
        output: the function's result.
        variables: the variables that the function reads, and requested ones that it does not read.
        handles: the placeholders that stand for variables, with their number in ``variables``.
        constants: the placeholders that stand for other outer tensors.
    """

    definition: Any
    nodes: tuple[Node, ...]
    image: str
    output: Output
    variables: tuple[tf.Variable, ...]
    handles: Mapping[str, int]
    constants: Mapping[str, tf.Tensor]

    @property
    def images(self) -> str:
        """The name of the argument's tensor, ``node:0``."""
        return tensor_name((self.image, 0))

    @property
    def result(self) -> str:
        """The name of the output, ``node:0``."""
        return tensor_name(self.output)

    @property
    def reads(self) -> dict[str, int]:
        """The nodes that read a variable's whole value, with its number in ``variables``."""
        return {
            node.name: self.handles[node.inputs[0][0]]
            for node in self.nodes
            if node.op == "ReadVariableOp" and node.inputs[0][0] in self.handles
        }


def flatten(
    forward: Callable[[tf.Tensor], tf.Tensor],
    spec: tf.TensorSpec,
    variables: Iterable[tf.Variable] = (),
) -> FlatGraph:
    """Traces a function from one tensor to one tensor, and inlines everything that it calls.

    Args:
        forward: the function.
        spec: the shape and dtype of its argument.
        variables: the first of the graph's ``variables``, in this order; others that the function
            reads follow.

    Raises:
        TypeError, ValueError: as tracing raises them.
    """
    concrete = tf.function(forward, autograph=False).get_concrete_function(spec)
    all_variables = _distinct([*variables, *concrete.variables])
    numbers = {id(variable.handle): i for i, variable in enumerate(all_variables)}
    definition = concrete.graph.as_graph_def()
    inliner = Inliner(definition.library.function)
    resolve = inliner.add(definition.node)
    output = resolve(concrete.outputs[0].name)
    handles, constants = dict[str, int](), dict[str, tf.Tensor]()
    for outer, inner in concrete.graph.captures:
        if id(outer) in numbers:
            handles[inner.op.name] = numbers[id(outer)]
        else:
            constants[inner.op.name] = outer
    needed = extract(inliner.nodes, [output[0]])
    kept = {node.name for node in needed}
    flat = tf.compat.v1.GraphDef(node=needed, versions=definition.versions)
    flat.library.function.extend(called(needed, definition.library.function))
    return FlatGraph(
        definition=flat,
        nodes=tuple(Node(n.name, n.op, tuple(outputs_of(n.input))) for n in needed),
        image=concrete.inputs[0].op.name,
        output=output,
        variables=tuple(all_variables),
        handles={name: number for name, number in handles.items() if name in kept},
        constants={name: tensor for name, tensor in constants.items() if name in kept},
    )


def outputs_of(inputs: Iterable[str]) -> list[Output]:
    """Parses a node's inputs, as its definition writes them; leaves out control edges."""
    parts = (name.partition(":") for name in inputs if not name.startswith("^"))
    return [(name, int(number or 0)) for name, _, number in parts]


def extract(nodes: Iterable[Any], targets: Iterable[str], fed: Collection[str] = ()) -> list[Any]:
    """Returns the definitions, in order, of the nodes that the target nodes are computed from.

    Args:
        nodes: the definitions of all nodes.
        targets: the names of the target nodes.
        fed: tensors, as ``node:0``, whose values come from elsewhere.
    """
    by_name = {node.name: node for node in nodes}
    kept, pending = set[str](), list(targets)
    while pending:
        name = pending.pop()
        if name not in kept:
            kept.add(name)
            sources = [source for source in by_name[name].input if source not in fed]
            pending += [re.sub(r"^\^|:\d+$", "", source) for source in sources]
    return [node for name, node in by_name.items() if name in kept]


def called(nodes: Iterable[Any], library: Iterable[Any]) -> list[Any]:
    """Returns the functions of a library that the nodes call, directly or not."""
    functions = {function.signature.name: function for function in library}
    functions_called: dict[str, Any] = {}
    pending = list(nodes)
    while pending:
        node = pending.pop()
        for name in (node.op, *(reference.name for reference in references(node))):
            if name in functions and name not in functions_called:
                functions_called[name] = functions[name]
                pending += functions[name].node_def
    return list(functions_called.values())


def references(node: Any) -> list[Any]:
    """Returns the references to functions in a node's attributes."""
    values = list(node.attr.values())
    single = [value.func for value in values if value.HasField("func")]
    return single + [reference for value in values for reference in value.list.func]


def tensor_name(output: Output) -> str:
    """Returns ``node:0``, as the inputs of a definition's nodes write it."""
    return f"{output[0]}:{output[1]}"


def _distinct(variables: Sequence[tf.Variable]) -> list[tf.Variable]:
    return list({id(variable): variable for variable in variables}.values())
