"""Puts a flat graph, or a changed one, into a function that is being traced."""

import itertools
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import tensorflow as tf
from tensorflow.python.eager import context  # The only way to make functions known by definition.

from modules.backbones.graph.compiled_calls import remember
from modules.backbones.graph.flat_graph import FlatGraph, called, extract, references

_imports = itertools.count()


def imported(
    graph: FlatGraph,
    feeds: Mapping[str, tf.Tensor],
    wanted: Sequence[str],
    definition: Any = None,
) -> list[tf.Tensor]:
    """Runs a part of a flat graph, on its variables.

    A tape sees what a function does only where it is called: call this inside of a
    ``tf.function``, and that under the tape.

    Args:
        graph: where the part comes from.
        feeds: tensors of the graph, as ``node:0``, and what stands in their place.
        wanted: tensors of the graph, as ``node:0``.
        definition: a changed form of ``graph.definition``.

    Returns:
        The wanted tensors.
    """
    source = graph.definition if definition is None else definition
    names = [name.rpartition(":")[0] for name in wanted if name not in feeds]
    needed = extract(source.node, names, feeds)
    present = {node.name for node in needed}
    inputs = _outer_inputs(graph, present)
    # Without the placeholders, which nothing would feed.
    body = tf.compat.v1.GraphDef(
        node=[node for node in needed if node.name not in inputs], versions=source.versions
    )
    body.library.function.extend(called(needed, source.library.function))
    used = {one for node in body.node for one in node.input}
    inputs |= {name: tensor for name, tensor in feeds.items() if name in used}
    _rename_functions(body)
    remember(body.library.function)
    outputs = [name for name in wanted if name not in feeds]
    made = tf.graph_util.import_graph_def(
        body, input_map=inputs, return_elements=outputs, name="flat"
    )
    found = dict(zip(outputs, made or (), strict=True))
    return [feeds[name] if name in feeds else found[name] for name in wanted]


def _outer_inputs(graph: FlatGraph, present: Collection[str]) -> dict[str, tf.Tensor]:
    """What the placeholders among the nodes stand for: variables and outer tensors."""
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
    """Gives this import functions of its own, known to the runtime.

    The gradient of a branch or a loop rewrites its functions and names the result after them; two
    imports, or an import and the module itself, would give two functions one name.
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
