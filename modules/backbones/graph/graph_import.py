"""Imports a flat graph, or a modified one, into a function that is being traced."""

import itertools
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import tensorflow as tf
from tensorflow.python.eager import context  # The only way to register functions by definition.

from modules.backbones.graph.compiled_calls import register
from modules.backbones.graph.flat_graph import FlatGraph, called, extract, references

_imports = itertools.count()


def imported(
    graph: FlatGraph,
    feeds: Mapping[str, tf.Tensor],
    targets: Sequence[str],
    definition: Any = None,
) -> list[tf.Tensor]:
    """Imports a part of a flat graph, which reads the graph's own variables.

    A tape records a function only where it is called, so call this inside a ``tf.function``, and
    call that under the tape.

    Args:
        graph: the graph that the part comes from.
        feeds: tensors of the graph, as ``node:0``, and the values that replace them.
        targets: tensors of the graph, as ``node:0``.
        definition: a modified form of ``graph.definition``.

    Returns:
        The target tensors.
    """
    source = graph.definition if definition is None else definition
    names = [name.rpartition(":")[0] for name in targets if name not in feeds]
    needed = extract(source.node, names, feeds)
    present = {node.name for node in needed}
    inputs = _outer_inputs(graph, present)
    # Placeholders are left out, since nothing would feed them.
    body = tf.compat.v1.GraphDef(
        node=[node for node in needed if node.name not in inputs], versions=source.versions
    )
    body.library.function.extend(called(needed, source.library.function))
    used = {name for node in body.node for name in node.input}
    inputs |= {name: tensor for name, tensor in feeds.items() if name in used}
    _rename_functions(body)
    register(body.library.function)
    computed = [name for name in targets if name not in feeds]
    tensors = tf.graph_util.import_graph_def(
        body, input_map=inputs, return_elements=computed, name="flat"
    )
    values = {**feeds, **dict(zip(computed, tensors or (), strict=True))}
    return [values[name] for name in targets]


def _outer_inputs(graph: FlatGraph, present: Collection[str]) -> dict[str, tf.Tensor]:
    """Returns the variables' handles and the outer tensors that placeholders stand for."""
    outer = tf.compat.v1.get_default_graph()
    inputs = {}
    for name, number in graph.handles.items():
        if name in present:
            variable = graph.variables[number]
            outer.watch_variable(variable)
            inputs[name] = outer.capture(variable.handle)
    for name, tensor in graph.constants.items():
        if name in present:
            inputs[name] = outer.capture(tensor)
    return inputs


def _rename_functions(body: Any) -> None:
    """Renames the functions of this import, and registers them with the runtime.

    The gradient of a branch or a loop rewrites its functions and names the result after them. With
    two imports, or an import and the module itself, two functions would have the same name.
    """
    suffix = f"_thaw{next(_imports)}"
    names = {function.signature.name for function in body.library.function}
    inner = (node for function in body.library.function for node in function.node_def)
    for node in itertools.chain(body.node, inner):
        if node.op in names:
            node.op += suffix
        for reference in references(node):
            if reference.name in names:
                reference.name += suffix
    for function in body.library.function:
        function.signature.name += suffix
        context.context().add_function_def(function)
