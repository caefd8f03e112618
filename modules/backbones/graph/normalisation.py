"""Finds BatchNorm layers, and the role of each of their variables."""

from dataclasses import dataclass

from modules.backbones.graph.flat_graph import FlatGraph, Output

_FUSED = {"FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"}
# Operations that leave a variable's values unchanged on the way to their use.
_UNCHANGED = {"Identity", "Cast", "Reshape", "Squeeze", "ExpandDims"}
# The last part of a variable's name, for a BatchNorm of single operations: Keras, Slim, PyTorch.
_PARTS = {
    "moving_mean": "mean",
    "running_mean": "mean",
    "moving_variance": "variance",
    "moving_var": "variance",
    "running_variance": "variance",
    "running_var": "variance",
    "gamma": "scale",
    "scale": "scale",
    "beta": "offset",
    "offset": "offset",
}


@dataclass(frozen=True)
class BatchNorm:
    """A BatchNorm layer (Ioffe and Szegedy 2015, arXiv:1502.03167), at one of its uses.

    Attributes:
        mean, variance: the stored statistics' numbers in the graph's ``variables``.
        scale, offset: the numbers of gamma and beta; None if the layer has none.
        node: the fused operation; None for a layer that consists of several operations.
    """

    mean: int
    variance: int
    scale: int | None
    offset: int | None
    node: str | None

    @property
    def statistics(self) -> tuple[int, ...]:
        """Mean and variance."""
        return (self.mean, self.variance)

    @property
    def affine(self) -> tuple[int, ...]:
        """Scale and offset, if the layer has them."""
        return tuple(number for number in (self.scale, self.offset) if number is not None)


def batch_norms(graph: FlatGraph) -> list[BatchNorm]:
    """Returns the layers that normalise with stored statistics.

    A fused operation says which variable is which. A layer that consists of several operations is
    recognized by its variables' names: it has a ``moving_mean`` and a ``moving_variance``. Layer
    and group normalisation store no statistics, so they are neither.
    """
    fused = _fused(graph)
    known = {number for layer in fused for number in layer.statistics}
    return fused + [layer for layer in _named(graph) if layer.mean not in known]


def _fused(graph: FlatGraph) -> list[BatchNorm]:
    nodes = {node.name: node for node in graph.nodes}
    reads = graph.reads

    def variable(source: Output) -> int | None:
        name = source[0]
        while name not in reads and nodes[name].op in _UNCHANGED:
            name = nodes[name].inputs[0][0]
        return reads.get(name)

    layers = []
    for node in graph.nodes:
        if node.op in _FUSED:
            scale, offset, mean, variance = (variable(source) for source in node.inputs[1:5])
            if mean is not None and variance is not None:
                layers.append(BatchNorm(mean, variance, scale, offset, node.name))
    return layers


def _named(graph: FlatGraph) -> list[BatchNorm]:
    layers: dict[str, dict[str, int]] = {}
    for number in sorted(set(graph.handles.values())):
        layer, _, part = graph.variables[number].name.removesuffix(":0").rpartition("/")
        if part in _PARTS:
            layers.setdefault(layer, {})[_PARTS[part]] = number
    return [
        BatchNorm(parts["mean"], parts["variance"], parts.get("scale"), parts.get("offset"), None)
        for parts in layers.values()
        if "mean" in parts and "variance" in parts
    ]
