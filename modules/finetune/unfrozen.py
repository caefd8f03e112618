"""Selects the variables that a stage changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from modules.backbones.blocks.blocks import Block
from modules.finetune.optimizers import ParameterGroup
from modules.finetune.schedule import PlannedStage


@dataclass(frozen=True)
class Unfrozen:
    """The variables that a stage changes.

    Attributes:
        groups: the variables that it trains, grouped by learning rate; the head's come first.
        backbone: those of the trained variables that belong to the backbone.
        statistics: BatchNorm's moving statistics, if the stage updates them.
    """

    groups: list[ParameterGroup]
    backbone: list[tf.Variable]
    statistics: list[tf.Variable]


def unfreeze(
    planned: PlannedStage, head: Sequence[tf.Variable], blocks: Sequence[Block]
) -> Unfrozen:
    """Selects the variables that a stage changes.

    Args:
        planned: the stage, with the blocks that it unfreezes.
        head: the head's variables.
        blocks: all blocks of the backbone.
    """
    policy = planned.stage.batch_norm
    groups, backbone, statistics = [ParameterGroup(tuple(head), 1.0)], list[Any](), list[Any]()
    for number, factor in zip(planned.unfrozen, planned.rate_factors, strict=True):
        block = blocks[number]
        frozen_ids = {id(v) for v in block.affine} if policy.affine == "frozen" else set[int]()
        trained = tuple(v for v in block.variables if id(v) not in frozen_ids)
        groups.append(ParameterGroup(trained, factor))
        backbone += trained
        if policy.statistics == "update":
            statistics += block.statistics
    return Unfrozen(groups, backbone, statistics)
