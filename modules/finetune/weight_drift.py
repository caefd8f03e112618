"""How far a backbone has moved from what it was pretrained to be."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from modules.backbones.blocks.blocks import Block

Weights = Mapping[int, Any]


def pretrained_weights(blocks: Sequence[Block]) -> dict[int, Any]:
    """The values of all trainable variables of the backbone, by ``id`` of the variable."""
    return {id(v): v.numpy() for block in blocks for v in block.variables}


def moved(blocks: Sequence[Block], pretrained: Weights) -> dict[str, float]:
    """By block, the distance of its weights from the pretrained ones as a share of their norm.

    |w - w0| / |w0|, Euclidean, over all of the block's trainable variables together; what is zero
    is left out. A block whose pretrained weights are all zero is given its distance as it is.
    """
    found = {}
    for block in blocks:
        distance = sum(_square(v.numpy() - pretrained[id(v)]) for v in block.variables)
        norm = sum(_square(pretrained[id(v)]) for v in block.variables)
        if distance:
            found[block.name] = float(np.sqrt(distance / (norm or 1.0)))
    return found


def _square(values: Any) -> float:
    return float(np.sum(np.square(values, dtype=np.float64)))
