"""How far a backbone's weights have drifted from their pretrained values."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from modules.backbones.blocks.blocks import Block

Weights = Mapping[int, Any]


def pretrained_weights(blocks: Sequence[Block]) -> dict[int, Any]:
    """Returns the values of all trainable variables of the backbone, by ``id`` of the variable."""
    return {id(v): v.numpy() for block in blocks for v in block.variables}


def weight_drift(blocks: Sequence[Block], pretrained: Weights) -> dict[str, float]:
    """Returns each block's distance from its pretrained weights, as a share of their norm.

    The distance is |w - w0| / |w0|, Euclidean, over all of the block's trainable variables
    together. Blocks at distance zero are left out. If a block's pretrained weights are all zero,
    its distance is |w|.
    """
    drift = {}
    for block in blocks:
        distance = sum(_squared_norm(v.numpy() - pretrained[id(v)]) for v in block.variables)
        norm = sum(_squared_norm(pretrained[id(v)]) for v in block.variables)
        if distance:
            drift[block.name] = float(np.sqrt(distance / (norm or 1.0)))
    return drift


def _squared_norm(values: Any) -> float:
    return float(np.sum(np.square(values, dtype=np.float64)))
