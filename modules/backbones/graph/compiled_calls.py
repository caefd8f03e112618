"""The gradient of calls that stay calls in a flat graph: functions that must be compiled.

TensorFlow keeps a function's gradient with the Python object that traced it, which an imported
graph no longer has. This one is made from the function's definition.
"""

from collections.abc import Iterable
from typing import Any

import tensorflow as tf

from modules.backbones.graph.inlining import COMPILED, Inliner

_definitions: dict[str, Any] = {}


def remember(functions: Iterable[Any]) -> None:
    """Keeps definitions for the gradient; their names are unique in a process."""
    _definitions.update({function.signature.name: function for function in functions})


@tf.RegisterGradient(COMPILED)
def _gradient(call: tf.Operation, *upstream: tf.Tensor) -> list[tf.Tensor | None]:
    """The gradient with respect to each float input of the call, compiled like the call."""
    function = _definitions[call.get_attr("f").name]
    numbers = [i for i, tensor in enumerate(call.inputs) if tensor.dtype.is_floating]

    @tf.function(jit_compile=True, autograph=False)
    def backward(inputs: list[tf.Tensor], gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        outputs = _run(function, inputs)
        wanted = [inputs[i] for i in numbers]
        found: list[tf.Tensor] = tf.gradients(
            outputs, wanted, gradients, unconnected_gradients=tf.UnconnectedGradients.ZERO
        )
        return found

    found = iter(backward(list(call.inputs), list(upstream)))
    return [next(found) if i in numbers else None for i in range(len(call.inputs))]


def _run(function: Any, inputs: list[tf.Tensor]) -> list[tf.Tensor]:
    """The body of a function, in the graph that is being traced."""
    names = [argument.name for argument in function.signature.input_arg]
    body = tf.compat.v1.GraphDef()
    inliner = Inliner(_definitions.values())
    resolve = inliner.add(function.node_def, {name: (name, 0) for name in names}, "body/")
    body.node.extend(inliner.nodes)
    returned = [resolve(function.ret[output.name]) for output in function.signature.output_arg]
    # An unused argument must not be mapped; a placeholder could not be compiled.
    used = {f"{name}:0" for name in names} & {source for node in body.node for source in node.input}
    found: list[tf.Tensor] = tf.graph_util.import_graph_def(
        body,
        {name: t for name, t in zip(names, inputs, strict=True) if f"{name}:0" in used},
        [f"{name}:{number}" for name, number in returned],
    )
    return found
