"""Decides what a stage keeps of its images: nothing is computed here.

A frozen part gives the same for an image in every epoch, so each image need pass through it once:
the stage then trains on what crosses the cut behind it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import tensorflow as tf

from modules.backbones.backbone import Backbone
from modules.backbones.blocks.blocks import Block
from modules.backbones.cut import Cut, find_cut
from modules.finetune.context import TrainingContext
from modules.finetune.schedule import PlannedStage
from modules.finetune.unfrozen import unfreeze
from modules.images.feature_cache import MB, row_bytes
from modules.settings import ImageSpec, Stage


@dataclass(frozen=True)
class CachePlan:
    """Whether a stage trains on what its frozen part has made, and why.

    Attributes:
        kind: ``embeddings``, the backbone's output; ``activations`` within it; or ``none``.
        reason: in words.
        changing: the backbone's variables that the stage may change.
        cut: where the frozen part ends; None for ``none``.
        variants: how many variations of each training image are kept; 0 where images are not
            varied.
        mb: what is kept, in MB of 2^20 bytes.
    """

    kind: str
    reason: str
    changing: tuple[tf.Variable, ...]
    cut: Cut | None = None
    variants: int = 0
    mb: float = 0.0


def plan_caches(task: TrainingContext, planned: Sequence[PlannedStage]) -> list[CachePlan]:
    """What each stage keeps, as far as there is room for it."""
    options = task.options
    limit = options.cache_mb + options.cache_disk_mb
    plans = []
    for stage in planned:
        plan = plan_cache(task.model.backbone, task.image, stage, task.blocks)
        if plan.cut is not None:
            images = task.train.count * max(plan.variants, 1) + task.validation.count
            mb = round(row_bytes(plan.cut.rows) * images / MB, 3)
            reason = f"it would weigh {mb:,.0f} MB, and {limit:,} MB are set aside"
            too_much = CachePlan("none", reason, plan.changing)
            plan = replace(plan, mb=mb) if mb <= limit else too_much
        plans.append(plan)
    return plans


def plan_cache(
    backbone: Backbone, image: ImageSpec, planned: PlannedStage, blocks: Sequence[Block]
) -> CachePlan:
    """What a stage could keep, whatever it weighs."""
    stage = planned.stage
    parts = unfreeze(planned, (), blocks)
    changing = (*parts.backbone, *parts.statistics)
    refused = _refused_by(stage)
    if refused:
        return CachePlan("none", refused, changing)
    cut = find_cut(backbone, (image.height, image.width), changing)
    if isinstance(cut, str):
        return CachePlan("none", cut, changing)
    varied = stage.augmentation.augments_images
    variants = min(stage.cached_variants, stage.epochs) if varied else 0
    if cut.at_end:
        return CachePlan("embeddings", "the whole backbone is frozen", changing, cut, variants)
    reason = f"{len(cut.variables)} of the backbone's {len(backbone.variables)} variables lie "
    reason += "before all that changes"
    return CachePlan("activations", reason, changing, cut, variants)


def sharing(plans: Sequence[CachePlan], limit_mb: float) -> list[list[int]]:
    """Stages whose caches one pass over the images fills, by their numbers.

    A stage joins an earlier one when no stage from that one on changes a variable before its cut,
    and all that they keep fits within the limit together. That follows from the schedule alone, so
    a run that goes on after a kill makes the same passes.

    Args:
        plans: of all stages, in order.
        limit_mb: of memory.
    """
    groups: list[list[int]] = []
    for number, plan in enumerate(plans):
        if plan.cut is None:
            continue
        if groups and _joins(plans, groups[-1], number, limit_mb):
            groups[-1].append(number)
        else:
            groups.append([number])
    return groups


def _joins(plans: Sequence[CachePlan], group: Sequence[int], number: int, limit_mb: float) -> bool:
    plan, first = plans[number], plans[group[0]]
    if plan.cut is None or plan.variants or first.variants:
        return False
    changed = {id(v) for one in plans[group[0] : number] for v in one.changing}
    before = {id(plan.cut.graph.variables[n]) for n in plan.cut.variables}
    weight = plan.mb + sum(plans[one].mb for one in group)
    return not changed & before and weight <= limit_mb


def _refused_by(stage: Stage) -> str:
    """Why the stage's options leave nothing to keep; empty where they do not."""
    if stage.cache == "none":
        return "the stage says so"
    if stage.augmentation.mixes:
        return "mixup and CutMix make other images in every epoch"
    if stage.augmentation.augments_images and not stage.cached_variants:
        return "augmentation makes other images in every epoch, and cached_variants is 0"
    return ""
