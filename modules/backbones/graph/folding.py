"""BatchNorm on stored statistics as part of the convolution before it.

With means and variances that stay, BatchNorm is an affine function of each channel, and a
convolution followed by one is a convolution (Jacob et al. 2018, arXiv:1712.05877, section 3.2):

    s = scale / sqrt(variance + epsilon),  kernel' = kernel * s,  bias' = offset - mean * s

Both are computed from the variables each time, so that gradients reach them; they are small. What
is saved is a pass over all activations, forwards and backwards.
"""

from collections.abc import Collection, Mapping
from typing import Any

import tensorflow as tf

_FUSED = {"FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"}
_CONVOLUTIONS = {"Conv2D", "DepthwiseConv2dNative"}


def folded(definition: Any, known: Collection[str] = ()) -> Any:
    """A graph's definition with BatchNorm folded into convolutions, giving the same to rounding.

    Args:
        definition: with the inputs of all nodes written ``node:0``, in topological order.
        known: tensors that keep their meaning, as ``node:0``, such as those where it is cut.

    Returns:
        A new definition with nodes of the same names. Left as it is: BatchNorm in training mode,
        of another precision than float32, or after anything but a convolution of its own.
    """
    made = tf.compat.v1.GraphDef(versions=definition.versions, library=definition.library)
    nodes = {node.name: node for node in definition.node}
    readers: dict[str, int] = dict.fromkeys(known, 2)
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
            _fold(made, node, nodes[pairs[node.name]])
        elif node.name not in convolutions:
            made.node.add().CopyFrom(node)
    return made


def _convolution_before(
    node: Any, nodes: Mapping[str, Any], readers: Mapping[str, int]
) -> str | None:
    """The name of the convolution whose result goes into this BatchNorm and nowhere else."""
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


def _fold(made: Any, batch_norm: Any, convolution: Any) -> None:
    """Adds the nodes that take the place of the two; the last has BatchNorm's name."""
    prefix = f"{batch_norm.name}/folded"
    scale, offset, mean, variance = batch_norm.input[1:5]

    def add(name: str, op: str, *inputs: str) -> str:
        node = made.node.add(name=f"{prefix}/{name}", op=op, input=inputs)
        node.attr["T"].type = tf.float32.as_datatype_enum
        return f"{node.name}:0"

    def constant(name: str, value: Any, dtype: tf.DType) -> str:
        node = made.node.add(name=f"{prefix}/{name}", op="Const")
        node.attr["dtype"].type = dtype.as_datatype_enum
        node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value, dtype))
        return f"{node.name}:0"

    epsilon = constant("epsilon", batch_norm.attr["epsilon"].f, tf.float32)
    deviation = add("rsqrt", "Rsqrt", add("variance", "AddV2", variance, epsilon))
    factor = add("factor", "Mul", scale, deviation)
    bias = add("bias", "Sub", offset, add("mean", "Mul", mean, factor))
    spread = factor
    if convolution.op == "DepthwiseConv2dNative":
        # The channels of its output are those of its input, each as often as the kernel says.
        shape = made.node.add(name=f"{prefix}/shape", op="Shape", input=[convolution.input[1]])
        shape.attr["T"].type = tf.float32.as_datatype_enum
        shape.attr["out_type"].type = tf.int32.as_datatype_enum
        last = made.node.add(
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
        made.node[-1].attr["Tshape"].type = tf.int32.as_datatype_enum
    kernel = add("kernel", "Mul", convolution.input[1], spread)
    changed = made.node.add()
    changed.CopyFrom(convolution)
    changed.input[1] = kernel
    total = made.node.add(name=batch_norm.name, op="BiasAdd", input=[f"{convolution.name}:0", bias])
    total.attr["T"].type = tf.float32.as_datatype_enum
    total.attr["data_format"].s = convolution.attr["data_format"].s or b"NHWC"
