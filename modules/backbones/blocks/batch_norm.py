"""Switches some BatchNorm layers of a module to training mode.

A SavedModel's ``training=True`` switches every BatchNorm layer, and dropout too. Here single
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
    """Returns the part after a cut, with some BatchNorm layers in training mode.

    These layers normalise with the mean and variance of the batch, and update the stored ones each
    time the function runs: ``moving = moving * momentum + batch * (1 - momentum)``. The batch's
    variance has Bessel's correction there, n / (n - 1), as in Keras's fused layer. All else stays
    in inference mode. Gradients flow to all of the backbone's variables that a tape watches.

    Args:
        cut: a cut before all layers that are switched.
        statistics: moving means and variances; a layer is switched if both of its own are among
            them.
        momentum: in [0, 1].

    Returns:
        A ``tf.function`` that maps a batch of the tensors that cross the cut to float32
        [batch, output_dim].

    Raises:
        InputError: when one of ``statistics`` does not belong to a fused BatchNorm operation.
    """
    graph = cut.graph
    statistics_ids = {id(variable) for variable in statistics}
    layers = [
        layer
        for layer in batch_norms(graph)
        if layer.node and all(id(graph.variables[n]) in statistics_ids for n in layer.statistics)
    ]
    _check(statistics, graph, layers)
    names = [str(layer.node) for layer in layers]
    batch_statistics = [f"{name}:{output}" for name in names for output in (1, 2)]
    moving = [graph.variables[number] for layer in layers for number in layer.statistics]
    rest = cut.rest(_in_training_mode(graph, names), batch_statistics)

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
    updatable = {id(graph.variables[number]) for layer in layers for number in layer.statistics}
    for variable in statistics:
        if id(variable) not in updatable:
            name = str(variable.name).removesuffix(":0")
            raise InputError(
                f"finetune.stages: batch_norm.statistics: update cannot be done for "
                f"{layer_of(name) or name}, a BatchNorm that is not one fused operation; use "
                "statistics: frozen"
            )


def _in_training_mode(graph: FlatGraph, names: Sequence[str]) -> Any:
    """Returns the graph's definition with these fused operations in training mode."""
    definition = tf.compat.v1.GraphDef()
    definition.CopyFrom(graph.definition)
    for node in definition.node:
        if node.name in names:
            node.attr["is_training"].b = True
            # With a factor of 1 the operation returns the batch's statistics, and reads no others.
            node.attr["exponential_avg_factor"].f = 1.0
            node.input[3] = node.input[4] = f"{_EMPTY}:0"
    empty = definition.node.add(name=_EMPTY, op="Const")
    empty.attr["dtype"].type = tf.float32.as_datatype_enum
    empty.attr["value"].tensor.CopyFrom(tf.make_tensor_proto([], tf.float32, (0,)))
    return definition
