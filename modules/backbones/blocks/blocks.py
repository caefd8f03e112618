"""Groups a backbone's trainable variables into blocks, in the order of the data flow."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import tensorflow as tf

from modules.backbones.backbone import Backbone
from modules.backbones.blocks.graph_layers import Place, places
from modules.backbones.blocks.grouping import Item, group
from modules.backbones.graph.normalisation import batch_norms
from modules.backbones.graph.read_order import read
from modules.backbones.graph.variable_names import block_name, layer_of

__all__ = ["Block", "block_name", "blocks_of", "full_name", "names", "variables_of"]


@dataclass(frozen=True)
class Block:
    """Consecutive variables that are frozen or trained together.

    Attributes:
        name: comes from the configuration, the variables' names, or the place in the graph.
        layers: the names of its layers, in the order of the data flow: a variable's name without
            its last part or, where names have only one part, ``layer_7`` for the graph's seventh.
        variables: its trainable variables, in the order of their first use.
        affine: the trainable variables that are scales and offsets of BatchNorm.
        statistics: the moving means and variances of its BatchNorm layers, trainable or not.
        batch_norm: how many BatchNorm layers it has.
    """

    name: str
    layers: tuple[str, ...]
    variables: tuple[tf.Variable, ...]
    affine: tuple[tf.Variable, ...]
    statistics: tuple[tf.Variable, ...]
    batch_norm: int

    @property
    def parameters(self) -> int:
        """How many numbers the variables hold."""
        return sum(int(variable.shape.num_elements()) for variable in self.variables)

    @property
    def variable_names(self) -> list[str]:
        """The full names of the trainable variables, without TensorFlow's ``:0``."""
        return [full_name(variable) for variable in self.variables]


def full_name(variable: tf.Variable) -> str:
    """Returns a variable's name without the ``:0`` of its output."""
    return str(variable.name).removesuffix(":0")


def blocks_of(backbone: Backbone, patterns: Sequence[str] | None = None) -> list[Block]:
    """Returns the backbone's blocks in the order of the data flow; each variable is in one block.

    Variables that the forward graph does not read are left out, and so are blocks without a
    trainable variable. ``modules.backbones.blocks.grouping`` has the rules.

    Args:
        backbone: a loaded backbone.
        patterns: the regular expressions of ``backbone.blocks``, which are searched for in the
            variables' full names.

    Raises:
        InputError: when a pattern matches no name.
    """
    graph = backbone.graph
    reading = read(graph)
    places_by_number = places(graph, reading)
    numbers = sorted(places_by_number, key=lambda number: (reading.uses[number].depth, number))
    items = [
        Item(
            full_name(graph.variables[number]),
            places_by_number[number].block,
            places_by_number[number].weight,
            reading.uses[number].depth,
        )
        for number in numbers
    ]
    trainable = {id(variable) for variable in backbone.trainable}
    layers = batch_norms(graph)
    affine = {number for layer in layers for number in layer.affine}
    means = {layer.mean for layer in layers}
    statistics = means | {layer.variance for layer in layers}
    blocks = []
    for name, indices in group(items, patterns):
        members = [numbers[i] for i in indices]
        trained = [n for n in members if id(graph.variables[n]) in trainable]
        layer_names = (_layer(full_name(graph.variables[n]), places_by_number[n]) for n in members)
        block = Block(
            name=name,
            layers=tuple(dict.fromkeys(layer_names)),
            variables=tuple(graph.variables[n] for n in trained),
            affine=tuple(graph.variables[n] for n in trained if n in affine),
            statistics=tuple(graph.variables[n] for n in members if n in statistics),
            batch_norm=len(means.intersection(members)),
        )
        if block.variables:
            blocks.append(block)
    return blocks


def _layer(variable: str, place: Place) -> str:
    return layer_of(variable) or f"layer_{place.layer + 1}"


def names(blocks: Sequence[Block]) -> list[str]:
    """Returns the blocks' names."""
    return [block.name for block in blocks]


def variables_of(blocks: Sequence[Block]) -> list[tf.Variable]:
    """Returns all variables of the blocks, in order."""
    return list(itertools.chain.from_iterable(block.variables for block in blocks))
