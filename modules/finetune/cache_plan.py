"""Decides what each stage caches of its images; nothing is computed here.

The output of a frozen part is the same for an image in every epoch, so each image needs to pass
through it only once. The stage then trains on the tensors that cross the cut behind it.
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
    """Whether a stage trains on cached outputs of its frozen part, and why.

    Attributes:
        kind: ``embeddings``, the backbone's output; ``activations`` within it; or ``none``.
        reason: why, in words.
        changing: the backbone's variables that the stage may change.
        cut: where the frozen part ends; None for ``none``.
        variants: how many augmented variants of each training image are cached; 0 without
            augmentation.
        mb: the size of the cache, in MB of 2^20 bytes.
    """

    kind: str
    reason: str
    changing: tuple[tf.Variable, ...]
    cut: Cut | None = None
    variants: int = 0
    mb: float = 0.0


def plan_caches(context: TrainingContext, planned: Sequence[PlannedStage]) -> list[CachePlan]:
    """Plans what each stage caches, within the configured limits of memory and disk."""
    options = context.options
    limit = options.cache_mb + options.cache_disk_mb
    plans = []
    for stage in planned:
        plan = plan_cache(context.model.backbone, context.image, stage, context.blocks)
        if plan.cut is not None:
            images = context.train.count * max(plan.variants, 1) + context.validation.count
            mb = round(row_bytes(plan.cut.rows) * images / MB, 3)
            reason = f"the cache would take {mb:,.0f} MB, and {limit:,} MB are set aside"
            too_large = CachePlan("none", reason, plan.changing)
            plan = replace(plan, mb=mb) if mb <= limit else too_large
        plans.append(plan)
    return plans


def plan_cache(
    backbone: Backbone, image: ImageSpec, planned: PlannedStage, blocks: Sequence[Block]
) -> CachePlan:
    """Plans what a stage could cache, whatever its size."""
    stage = planned.stage
    parts = unfreeze(planned, (), blocks)
    changing = (*parts.backbone, *parts.statistics)
    obstacle = _obstacle(stage)
    if obstacle:
        return CachePlan("none", obstacle, changing)
    cut = find_cut(backbone, (image.height, image.width), changing)
    if isinstance(cut, str):
        return CachePlan("none", cut, changing)
    is_augmented = stage.augmentation.augments_images
    variants = min(stage.cached_variants, stage.epochs) if is_augmented else 0
    if cut.at_end:
        return CachePlan("embeddings", "the whole backbone is frozen", changing, cut, variants)
    reason = f"{len(cut.variables)} of the backbone's {len(backbone.variables)} variables lie "
    reason += "before all that changes"
    return CachePlan("activations", reason, changing, cut, variants)


def shared_passes(plans: Sequence[CachePlan], limit_mb: float) -> list[list[int]]:
    """Groups the stages, by number, whose caches are filled in one pass over the images.

    A stage joins an earlier one if no stage from that one on changes a variable before its cut, and
    their caches fit within the limit together. The groups follow from the schedule alone, so a run
    that goes on after a kill makes the same passes.

    Args:
        plans: the plans of all stages, in order.
        limit_mb: how much memory the caches may take, in MB of 2^20 bytes.
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
    changed_ids = {id(v) for other in plans[group[0] : number] for v in other.changing}
    ids_before_cut = {id(plan.cut.graph.variables[n]) for n in plan.cut.variables}
    total_mb = plan.mb + sum(plans[other].mb for other in group)
    return not changed_ids & ids_before_cut and total_mb <= limit_mb


def _obstacle(stage: Stage) -> str:
    """Returns why the stage's options rule out a cache; empty if they do not."""
    if stage.cache == "none":
        return "the stage says so"
    if stage.augmentation.mixes:
        return "mixup and CutMix make other images in every epoch"
    if stage.augmentation.augments_images and not stage.cached_variants:
        return "augmentation makes other images in every epoch, and cached_variants is 0"
    return ""
