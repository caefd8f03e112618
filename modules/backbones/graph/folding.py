"""Folds BatchNorm with stored statistics into the convolution before it.

With constant means and variances, BatchNorm is an affine function of each channel, and a
convolution followed by one is a convolution (Jacob et al. 2018, arXiv:1712.05877, section 3.2):

    s = scale / sqrt(variance + epsilon),  kernel' = kernel * s,  bias' = offset - mean * s

Both are small, and are computed from the variables each time, so that gradients reach these. This
saves a pass over all activations, forwards and backwards.
"""

from collections.abc import Collection, Mapping
from typing import Any

import tensorflow as tf

_FUSED = {"FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"}
_CONVOLUTIONS = {"Conv2D", "DepthwiseConv2dNative"}


def folded(definition: Any, preserved: Collection[str] = ()) -> Any:
    """Folds BatchNorm into convolutions; the results are the same, but for rounding.

    Args:
        definition: the graph's definition in topological order, with all inputs as ``node:0``.
        preserved: tensors, as ``node:0``, whose values must not change, such as those of a cut.

    Returns:
        A new definition with nodes of the same names. BatchNorm is left as it is in training mode,
        in another precision than float32, and after anything but a convolution of its own.
    """
    result = tf.compat.v1.GraphDef(versions=definition.versions, library=definition.library)
    nodes = {node.name: node for node in definition.node}
    readers: dict[str, int] = dict.fromkeys(preserved, 2)
    for node in definition.node:
        for source in node.input:
            readers[source] = readers.get(source, 0) + 1
    pairs = {
        node.name: convolution
        for node in definition.node
        if (convolution := _convolution_before(node, nodes, readers))
    }
    convolutions = set(pairs.values())
    for node in definition.node:
        if node.name in pairs:
            _fold(result, node, nodes[pairs[node.name]])
        elif node.name not in convolutions:
            result.node.add().CopyFrom(node)
    return result


def _convolution_before(
    node: Any, nodes: Mapping[str, Any], readers: Mapping[str, int]
) -> str | None:
    """Returns the name of the convolution whose output only this BatchNorm reads."""
    if node.op not in _FUSED or node.attr["is_training"].b:
        return None
    tensor = node.input[0]
    while readers[tensor] == 1:
        source = nodes[tensor.rpartition(":")[0]]
        if source.op in _CONVOLUTIONS:
            return str(source.name) if _fit(node, source) else None
        if source.op != "Identity":
            return None
        tensor = source.input[0]
    return None


def _fit(batch_norm: Any, convolution: Any) -> bool:
    forms = {node.attr["data_format"].s or b"NHWC" for node in (batch_norm, convolution)}
    types = {node.attr["T"].type for node in (batch_norm, convolution)}
    return len(forms) == 1 and types == {tf.float32.as_datatype_enum}


def _fold(result: Any, batch_norm: Any, convolution: Any) -> None:
    """Adds the nodes that replace the two; the last one has BatchNorm's name."""
    prefix = f"{batch_norm.name}/folded"
    scale, offset, mean, variance = batch_norm.input[1:5]

    def add(name: str, op: str, *inputs: str) -> str:
        node = result.node.add(name=f"{prefix}/{name}", op=op, input=inputs)
        node.attr["T"].type = tf.float32.as_datatype_enum
        return f"{node.name}:0"

    def constant(name: str, value: Any, dtype: tf.DType) -> str:
        node = result.node.add(name=f"{prefix}/{name}", op="Const")
        node.attr["dtype"].type = dtype.as_datatype_enum
        node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value, dtype))
        return f"{node.name}:0"

    epsilon = constant("epsilon", batch_norm.attr["epsilon"].f, tf.float32)
    deviation = add("rsqrt", "Rsqrt", add("variance", "AddV2", variance, epsilon))
    factor = add("factor", "Mul", scale, deviation)
    bias = add("bias", "Sub", offset, add("mean", "Mul", mean, factor))
    spread = factor
    if convolution.op == "DepthwiseConv2dNative":
        # Its output repeats each channel of the input as often as the kernel says.
        shape = result.node.add(name=f"{prefix}/shape", op="Shape", input=[convolution.input[1]])
        shape.attr["T"].type = tf.float32.as_datatype_enum
        shape.attr["out_type"].type = tf.int32.as_datatype_enum
        last = result.node.add(
            name=f"{prefix}/last",
            op="StridedSlice",
            input=[
                f"{shape.name}:0",
                constant("begin", [2], tf.int32),
                constant("end", [4], tf.int32),
                constant("stride", [1], tf.int32),
            ],
        )
        last.attr["T"].type = last.attr["Index"].type = tf.int32.as_datatype_enum
        spread = add("spread", "Reshape", factor, f"{last.name}:0")
        result.node[-1].attr["Tshape"].type = tf.int32.as_datatype_enum
    kernel = add("kernel", "Mul", convolution.input[1], spread)
    changed = result.node.add()
    changed.CopyFrom(convolution)
    changed.input[1] = kernel
    total = result.node.add(
        name=batch_norm.name, op="BiasAdd", input=[f"{convolution.name}:0", bias]
    )
    total.attr["T"].type = tf.float32.as_datatype_enum
    total.attr["data_format"].s = convolution.attr["data_format"].s or b"NHWC"
