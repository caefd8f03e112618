"""Groups a backbone's trainable variables into blocks, in the order of the data."""

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from modules.backbone import Backbone
from modules.read_order import read_depths

# How architectures number their blocks. The first that is found in a variable's name, and from
# its group the block's name, decides.
_NUMBERED = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"((?:stage|block|group)_?\d+/(?:unit|block|layer)_?\d+)",  # TF-Slim ResNet, BiT
        r"((?:conv|stage)_?\d+_?(?:x_)?block_?\d+)",  # Keras ResNet, DenseNet, ConvNeXt
        r"((?:expanded_conv|inverted_res_block|encoderblock|transformer_block|block|layer|unit|"
        r"stage|mixed)_?\d+[a-z]?)(?![0-9])",  # MobileNet V2 and V3, EfficientNet, ViT, Inception
        r"conv(?:2d)?_(?:dw|pw)?_?(?P<conv>\d+)(?:_(?:depthwise|pointwise))?",  # MobileNet V1
    )
)


@dataclass(frozen=True)
class Block:
    """A run of variables that are frozen or trained together.

    Attributes:
        name: from the variables' names.
        variables: the trainable ones.
        batch_norm: how many BatchNorm layers lie in it.
    """

    name: str
    variables: tuple[tf.Variable, ...]
    batch_norm: int

    @property
    def parameters(self) -> int:
        """How many numbers the variables hold."""
        return sum(int(variable.shape.num_elements()) for variable in self.variables)

    @property
    def variable_names(self) -> list[str]:
        """Full names, without TensorFlow's ``:0``."""
        return [full_name(variable) for variable in self.variables]


def full_name(variable: tf.Variable) -> str:
    """A variable's name without the ``:0`` of its output."""
    return str(variable.name).removesuffix(":0")


def blocks_of(backbone: Backbone) -> list[Block]:
    """The backbone's blocks, in the order of the data.

    Variables are sorted by where the forward graph first reads them, those that it never reads
    left out, and gathered by block. Layers whose names hold no number, such as a stem, make blocks
    of their own.
    """
    size = backbone.image_size(None)
    spec = tf.TensorSpec((None, *size, 3), tf.float32)
    variables = backbone.variables
    depths = read_depths(backbone.forward, spec, variables)
    trainable = {id(variable) for variable in backbone.trainable}
    read = [
        (d, i, v) for i, (d, v) in enumerate(zip(depths, variables, strict=True)) if d is not None
    ]
    ordered = [variable for _, _, variable in sorted(read, key=lambda row: row[:2])]
    return [
        Block(
            name,
            tuple(v for v in members if id(v) in trainable),
            sum(full_name(v).endswith("moving_mean") for v in members),
        )
        for name, members in gather(ordered, full_name)
        if any(id(v) in trainable for v in members)
    ]


def gather(items: Sequence[Any], name_of: Callable[[Any], str]) -> list[tuple[str, list[Any]]]:
    """Groups items, in order, by the block that their names belong to.

    A block, or a layer without a number, is one group wherever its members lie, at the place of its
    first.
    """
    groups: dict[str, list[Any]] = {}
    for item in items:
        groups.setdefault(block_name(name_of(item)), []).append(item)
    return list(groups.items())


def block_name(variable_name: str) -> str:
    """The block that a variable belongs to, by its name.

    ``block_4_expand/kernel`` gives ``block_4``, ``conv_pw_13_bn/gamma`` gives ``conv_13``,
    ``conv5_block3_2_conv/kernel`` gives ``conv5_block3``; a name without such a number gives its
    layer, ``Conv1`` for ``Conv1/kernel`` and for ``Conv1_bn/gamma``.
    """
    for pattern in _NUMBERED:
        found = pattern.search(variable_name)
        if found:
            number = found.groupdict().get("conv")
            return f"conv_{number}" if number else found.group(1)
    layer, _, _ = variable_name.rpartition("/")
    return re.sub(r"_(bn|batch_?norm(alization)?|conv|relu)$", "", layer, flags=re.I) or "backbone"


def names(blocks: Sequence[Block]) -> list[str]:
    """The blocks' names."""
    return [block.name for block in blocks]


def variables_of(blocks: Sequence[Block]) -> list[tf.Variable]:
    """All of the blocks' variables, in order."""
    return list(itertools.chain.from_iterable(block.variables for block in blocks))
