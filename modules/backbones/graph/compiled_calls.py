"""The gradient of the calls that a flat graph keeps: of functions that must be compiled.

TensorFlow keeps a function's gradient with the Python object that traced it, which an imported
graph no longer has. Here it is computed from the function's definition.
"""

from collections.abc import Iterable
from typing import Any

import tensorflow as tf

from modules.backbones.graph.inlining import COMPILED, Inliner

_definitions: dict[str, Any] = {}


def register(functions: Iterable[Any]) -> None:
    """Registers function definitions for the gradient; their names are unique in a process."""
    _definitions.update({function.signature.name: function for function in functions})


@tf.RegisterGradient(COMPILED)
def _gradient(call: tf.Operation, *upstream: tf.Tensor) -> list[tf.Tensor | None]:
    """Computes the gradient with respect to each float input of the call, compiled like it."""
    function = _definitions[call.get_attr("f").name]
    float_inputs = [i for i, tensor in enumerate(call.inputs) if tensor.dtype.is_floating]

    @tf.function(jit_compile=True, autograph=False)
    def backward(inputs: list[tf.Tensor], gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        outputs = _run(function, inputs)
        differentiable = [inputs[i] for i in float_inputs]
        input_gradients: list[tf.Tensor] = tf.gradients(
            outputs, differentiable, gradients, unconnected_gradients=tf.UnconnectedGradients.ZERO
        )
        return input_gradients

    gradients = iter(backward(list(call.inputs), list(upstream)))
    return [next(gradients) if i in float_inputs else None for i in range(len(call.inputs))]


def _run(function: Any, inputs: list[tf.Tensor]) -> list[tf.Tensor]:
    """Adds the body of a function to the graph that is being traced; returns its outputs."""
    names = [argument.name for argument in function.signature.input_arg]
    body = tf.compat.v1.GraphDef()
    inliner = Inliner(_definitions.values())
    resolve = inliner.add(function.node_def, {name: (name, 0) for name in names}, "body/")
    body.node.extend(inliner.nodes)
    returned = [resolve(function.ret[output.name]) for output in function.signature.output_arg]
    # Unused arguments must not be mapped, and a placeholder could not be compiled.
    used = {f"{name}:0" for name in names} & {source for node in body.node for source in node.input}
    outputs: list[tf.Tensor] = tf.graph_util.import_graph_def(
        body,
        {name: t for name, t in zip(names, inputs, strict=True) if f"{name}:0" in used},
        [f"{name}:{number}" for name, number in returned],
    )
    return outputs
