"""Copies the bodies of called functions into one list of nodes.

TensorFlow's own inliner is a private part of its optimizer, and skips functions that are marked so.
This one implements three things: how a function's body names its tensors, how a call passes them,
and which calls stay.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import tensorflow as tf
from tensorflow.python.framework import op_def_registry  # There is no public way.

_CALLS = ("PartitionedCall", "StatefulPartitionedCall")
# The operations of TF1's control flow: there a control edge says on which branch a node lies.
_BRANCHING = {"Switch", "Merge", "Enter", "Exit", "NextIteration", "RefSwitch", "RefMerge"}
# Attributes that held for the saved body, but need not hold for its copy. A custom gradient uses
# tensors of the body that it was loaded with; without it, the operations' own gradients apply.
_GRADIENT = "_gradient_op_type"
_STALE = ("_class", "_output_shapes", _GRADIENT)
# The gradient of the calls that stay; modules.backbones.graph.compiled_calls registers it.
COMPILED = "ThawCompiledCall"

_Output = tuple[str, int]
_Resolve = Callable[[str], _Output]


class Inliner:
    """Collects ``nodes``: copies of node definitions, each after the nodes that it reads."""

    def __init__(self, library: Iterable[Any]) -> None:
        self.nodes: list[Any] = []
        self._functions = {function.signature.name: function for function in library}
        self._names: set[str] = set()

    def add(
        self, nodes: Iterable[Any], arguments: Mapping[str, _Output] | None = None, scope: str = ""
    ) -> _Resolve:
        """Copies a graph or a function's body, and inlines the functions that it calls.

        Args:
            nodes: the definitions; those of a body may be in any order.
            arguments: the outputs outside the body that its arguments stand for.
            scope: the prefix of the copies' names.

        Returns:
            A function that maps a tensor's name within the body (``node``, ``node:1`` or
            ``node:output:0``) to an output in ``nodes``: a node's name and the output's number.
        """
        outer_names = dict(arguments or {})
        by_name = {node.name: node for node in nodes if node.name not in outer_names}
        flat = {n: self._unique(scope + n) for n, node in by_name.items() if not self._calls(node)}
        results: dict[str, list[_Output]] = {}

        def resolve(tensor: str) -> _Output:
            name, _, place = tensor.partition(":")
            if name in outer_names:
                return outer_names[name]
            number = self._number(by_name[name], place)
            return results[name][number] if name in results else (flat[name], number)

        has_branching = any(node.op in _BRANCHING for node in by_name.values())
        for name, node in _topological(by_name):
            if name not in flat:
                results[name] = self._inline(node, resolve, scope)
                continue
            copy = tf.compat.v1.NodeDef()
            copy.CopyFrom(node)
            copy.name = flat[name]
            del copy.input[:]
            data = [resolve(source) for source in node.input if not source.startswith("^")]
            copy.input.extend(f"{source}:{number}" for source, number in data)
            if has_branching:
                control = [source[1:] for source in node.input if source.startswith("^")]
                copy.input.extend(f"^{flat[source]}" for source in control if source in flat)
            for attribute in _STALE:
                if attribute in copy.attr:
                    del copy.attr[attribute]
            if self._called(node) is not None:
                copy.attr[_GRADIENT].s = COMPILED.encode()
            self.nodes.append(copy)
        return resolve

    def _inline(self, call: Any, resolve: _Resolve, scope: str) -> list[_Output]:
        function = self._called(call)
        passed = [resolve(source) for source in call.input if not source.startswith("^")]
        names = [argument.name for argument in function.signature.input_arg]
        inner = self.add(
            function.node_def, dict(zip(names, passed, strict=True)), f"{scope}{call.name}/"
        )
        return [inner(function.ret[output.name]) for output in function.signature.output_arg]

    def _called(self, node: Any) -> Any:
        """Returns the function that a node calls; None for any other node."""
        name = node.attr["f"].func.name if node.op in _CALLS else node.op
        return self._functions.get(name)

    def _calls(self, node: Any) -> bool:
        """Whether the node is a call to inline.

        A function that must be compiled is not inlined: uncompiled, a grouped convolution, which is
        what Keras compiles, has no gradient on a CPU. One that reads variables is inlined, since it
        is no such operation but a part of the model.
        """
        function = self._called(node)
        if function is None:
            return False
        return not (_must_compile(function) or _must_compile(node)) or any(
            argument.type == tf.resource.as_datatype_enum
            for argument in function.signature.input_arg
        )

    def _number(self, node: Any, place: str) -> int:
        """Returns the number of a node's output, which is written ``1`` or ``output:1``."""
        output, _, number = place.rpartition(":")
        offset = 0
        if output:
            function = self._functions.get(node.op)
            signature = function.signature if function else op_def_registry.get(node.op)
            for argument in signature.output_arg:
                if argument.name == output:
                    break
                offset += _length(argument, node)
        return offset + int(number or 0)

    def _unique(self, name: str) -> str:
        unique_name, number = name, 0
        while unique_name in self._names:
            number += 1
            unique_name = f"{name}_{number}"
        self._names.add(unique_name)
        return unique_name


def _must_compile(definition: Any) -> bool:
    # Reading an attribute that is missing would add an empty one, so this is checked first.
    return "_XlaMustCompile" in definition.attr and bool(definition.attr["_XlaMustCompile"].b)


def _length(argument: Any, node: Any) -> int:
    """Returns how many tensors one of an operation's outputs consists of."""
    if argument.number_attr:
        return int(node.attr[argument.number_attr].i)
    if argument.type_list_attr:
        return len(node.attr[argument.type_list_attr].list.type)
    return 1


def _topological(nodes: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Sorts the nodes, each after those that it reads; a loop's back edge does not count."""
    visited, done = set[str](), dict[str, Any]()
    for start in nodes:
        stack = [(start, False)]
        while stack:
            name, expanded = stack.pop()
            if expanded:
                done[name] = nodes[name]
            elif name in nodes and name not in visited:
                visited.add(name)
                stack.append((name, True))
                sources = (source.lstrip("^").partition(":")[0] for source in nodes[name].input)
                stack += [
                    (source, False)
                    for source in sources
                    if source in nodes and nodes[source].op != "NextIteration"
                ]
    return list(done.items())
