"""BatchNorm that learns, in some layers of a module whose call knows only all or none.

A SavedModel's ``training=True`` switches every BatchNorm layer, and dropout besides. Here single
operations of the inference graph are switched instead.
"""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from modules.backbones.cut import Cut, Tensors
from modules.backbones.graph.flat_graph import FlatGraph
from modules.backbones.graph.normalisation import BatchNorm, batch_norms
from modules.backbones.graph.variable_names import layer_of
from modules.errors import InputError

_EMPTY = "thaw_no_statistics"


def updating(
    cut: Cut, statistics: Sequence[tf.Variable], momentum: float = 0.99
) -> Callable[[Tensors], tf.Tensor]:
    """What comes after a cut, with some BatchNorm layers in training mode.

    These normalise with the mean and variance of the batch and move the stored ones each time the
    function runs: ``moving = moving * momentum + batch * (1 - momentum)``. The stored variance
    takes the batch's with Bessel's correction, n / (n - 1), as Keras's fused layer has it. All
    else stays in inference mode. Gradients flow to all of the backbone's variables that a tape
    watches.

    Args:
        cut: before all layers that are switched.
        statistics: moving means and variances; a layer is switched when both of its own are here.
        momentum: in [0, 1].

    Returns:
        A ``tf.function`` of a batch of what crosses the cut to float32 [batch, output_dim].

    Raises:
        InputError: when one of ``statistics`` is not that of a fused BatchNorm operation.
    """
    graph = cut.graph
    wanted = {id(variable) for variable in statistics}
    layers = [
        layer
        for layer in batch_norms(graph)
        if layer.node and all(id(graph.variables[n]) in wanted for n in layer.statistics)
    ]
    _check(statistics, graph, layers)
    names = [str(layer.node) for layer in layers]
    made = [f"{name}:{output}" for name in names for output in (1, 2)]
    moving = [graph.variables[number] for layer in layers for number in layer.statistics]
    rest = cut.rest(_in_training_mode(graph, names), made)

    @tf.function(autograph=False, reduce_retracing=True)
    def forward(tensors: Tensors) -> tf.Tensor:
        output, *batch = rest(tensors)
        for variable, value in zip(moving, batch, strict=True):
            variable.assign_sub((variable - tf.cast(value, variable.dtype)) * (1.0 - momentum))
        return output

    return forward  # type: ignore[no-any-return]


def _check(
    statistics: Sequence[tf.Variable], graph: FlatGraph, layers: Sequence[BatchNorm]
) -> None:
    found = {id(graph.variables[number]) for layer in layers for number in layer.statistics}
    for variable in statistics:
        if id(variable) not in found:
            name = str(variable.name).removesuffix(":0")
            raise InputError(
                f"finetune.stages: batch_norm.statistics: update cannot be done for "
                f"{layer_of(name) or name}, a BatchNorm that is not one fused operation; use "
                "statistics: frozen"
            )


def _in_training_mode(graph: FlatGraph, names: Sequence[str]) -> Any:
    """The graph's definition with these fused operations on the batch's own statistics."""
    definition = tf.compat.v1.GraphDef()
    definition.CopyFrom(graph.definition)
    for node in definition.node:
        if node.name in names:
            node.attr["is_training"].b = True
            # With a factor of 1 the operation gives the batch's statistics and takes no others.
            node.attr["exponential_avg_factor"].f = 1.0
            node.input[3] = node.input[4] = f"{_EMPTY}:0"
    empty = definition.node.add(name=_EMPTY, op="Const")
    empty.attr["dtype"].type = tf.float32.as_datatype_enum
    empty.attr["value"].tensor.CopyFrom(tf.make_tensor_proto([], tf.float32, (0,)))
    return definition
