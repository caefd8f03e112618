"""Maps what a stage trains on to embeddings."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import tensorflow as tf

from modules.backbones.backbone import Backbone
from modules.backbones.blocks import batch_norm
from modules.backbones.blocks.blocks import Block
from modules.backbones.cut import Cut, at_images
from modules.finetune.schedule import PlannedStage
from modules.images import image
from modules.settings import ImageSpec

Rows: TypeAlias = Sequence[tf.Tensor]
"""A batch of what a stage trains on: images, uint8, or the tensors that cross its cut."""
Forward: TypeAlias = Callable[[Rows], tf.Tensor]
"""Rows to embeddings, float32 [batch, output_dim]."""


def inference_forward(backbone: Backbone, spec: ImageSpec, cut: Cut | None) -> Forward:
    """Returns the inference function from rows to embeddings; ``cut`` is None for image rows."""
    if cut is None:
        size = (spec.height, spec.width)
        whole = at_images(backbone.graph_at(size), size).rest()
        return lambda rows: whole([image.to_range(rows[0], spec)])[0]
    if cut.at_end:
        return lambda rows: rows[0]
    rest = cut.rest()
    return lambda rows: rest(rows)[0]


def training_forward(
    backbone: Backbone,
    spec: ImageSpec,
    planned: PlannedStage,
    blocks: Sequence[Block],
    cut: Cut | None = None,
) -> Forward:
    """Returns ``inference_forward``, with BatchNorm in training mode where the stage updates it.

    Raises:
        InputError: when a BatchNorm layer cannot be switched to training mode.
    """
    policy = planned.stage.batch_norm
    statistics = [v for i in planned.unfrozen for v in blocks[i].statistics]
    if policy.statistics == "frozen" or not statistics:
        return inference_forward(backbone, spec, cut)
    if cut is not None:
        return batch_norm.updating(cut, statistics, policy.momentum)
    size = (spec.height, spec.width)
    whole = at_images(backbone.graph_at(size), size)
    updating = batch_norm.updating(whole, statistics, policy.momentum)
    return lambda rows: updating([image.to_range(rows[0], spec)])
