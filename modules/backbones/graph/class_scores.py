"""Distinguishes a classifier from a module that gives features."""

import re

from modules.backbones.graph.flat_graph import FlatGraph, Node
from modules.backbones.graph.read_order import Reading
from modules.backbones.graph.variable_names import layer_of, root

# ImageNet has 1,000 classes, 1,001 with "background", and 21,841 or 21,843 in full.
_CLASSES = {1000, 1001, 21841, 21843}
_NAMES = re.compile(r"logits|preds|predictions|classif|softmax|head_dense", re.IGNORECASE)
# Sigmoid is one of these, since it gives each class a score of its own.
_UNCHANGED = {"Sigmoid", "Identity", "Reshape", "Squeeze", "Mean", "Cast"}
_AFFINE = re.compile(r"^(Conv2D|MatMul|BatchMatMul.*|Einsum)$")


def class_scores(graph: FlatGraph, reading: Reading, width: int) -> str | None:
    """Says in words why the output looks like class scores; returns None for features.

    It does if the last operation is a softmax, or an affine layer that has as many outputs as
    ImageNet has classes, or whose variables have the name of a classifier. Parts of the names that
    all variables share are the module's own name, and do not count.

    Args:
        graph: the graph of the forward function.
        reading: how data flows through the graph.
        width: the length of the output vector.
    """
    nodes = {node.name: node for node in graph.nodes}

    def last(name: str) -> Node:
        node = nodes[name]
        while node.op in _UNCHANGED and node.name in reading.depths:
            node = nodes[node.inputs[0][0]]
        return node

    node = last(graph.output[0])
    if node.op in ("Softmax", "LogSoftmax"):
        return "it ends in a softmax"
    applied = reading.applied.get(node.name, frozenset())
    biased = node.op in ("BiasAdd", "Add", "AddV2") and bool(applied)
    if biased:
        sources = [name for name, _ in node.inputs if name in reading.depths]
        node = last(sources[0])
        applied |= reading.applied.get(node.name, frozenset())
    if not _AFFINE.search(node.op) or not reading.applied.get(node.name):
        return None
    if biased and width in _CLASSES:
        return f"its last layer gives {width} numbers, as many as ImageNet has classes"
    names = [graph.variables[number].name for number in applied]
    shared = root(graph.variables[number].name for number in reading.uses)
    named = [name for name in names if _NAMES.search(name.removeprefix(shared))]
    if not named:
        return None
    return f"its last layer is named {layer_of(named[0]) or named[0]}"
