"""Puts a flat graph, or a changed one, into a function that is being traced."""

import itertools
from collections.abc import Sequence
from typing import Any

import tensorflow as tf
from tensorflow.python.eager import context  # The only way to make functions known by definition.

from modules.backbones.compiled_calls import remember
from modules.backbones.flat_graph import FlatGraph, references

_imports = itertools.count()


def imported(
    graph: FlatGraph, definition: Any, images: tf.Tensor, more: Sequence[str] = ()
) -> list[tf.Tensor]:
    """Runs a definition on the flat graph's variables.

    A tape sees what a function does only where it is called: call this inside of a
    ``tf.function``, and that under the tape.

    Args:
        graph: where the definition comes from, for what its placeholders stand for.
        definition: the graph's own, or a changed one that gives the same output.
        images: in the place of the image.
        more: names of other tensors to give.

    Returns:
        The output, and the tensors named in ``more``.
    """
    outer = tf.compat.v1.get_default_graph()
    present = {node.name for node in definition.node}
    inputs = {graph.image: images}
    for name, number in graph.handles.items():
        if name in present:
            variable = graph.variables[number]
            outer.watch_variable(variable)
            inputs[name] = outer.capture(variable.handle)
    for name, tensor in graph.constants.items():
        if name in present:
            inputs[name] = outer.capture(tensor)
    # Without the placeholders, which nothing would feed.
    body = tf.compat.v1.GraphDef(
        node=[node for node in definition.node if node.name not in inputs],
        library=definition.library,
        versions=definition.versions,
    )
    _rename_functions(body)
    remember(body.library.function)
    output = f"{graph.output[0]}:{graph.output[1]}"
    found: list[tf.Tensor] = tf.graph_util.import_graph_def(
        body, input_map=inputs, return_elements=[output, *more], name="flat"
    )
    return found


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
