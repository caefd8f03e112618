"""The rows that stages train on: pixels, or the cached outputs of their frozen parts."""

from collections.abc import Sequence

import tensorflow as tf

from modules import features
from modules.backbones.cut import frozen_part
from modules.finetune.cache_plan import plan_caches, shared_passes
from modules.finetune.context import TrainingContext
from modules.finetune.forward import Forward, inference_forward, training_forward
from modules.finetune.schedule import PlannedStage
from modules.finetune.steps import ModelEvaluator
from modules.images import image
from modules.images.batches import TrainingBatches
from modules.images.feature_cache import Table, passes_at_once, rows_at_once
from modules.images.inputs import Images
from modules.parallel import in_order
from modules.progress import report


class StageData:
    """The tables of rows for the stages of a schedule, filled on first use.

    Args:
        context: the model, data and options.
        planned: the stages of the schedule.

    Attributes:
        plans: what each stage caches.
    """

    def __init__(self, context: TrainingContext, planned: Sequence[PlannedStage]) -> None:
        self.plans = plan_caches(context, planned)
        self._context, self._planned = context, planned
        self._groups = shared_passes(self.plans, context.options.cache_mb)
        self._images = {features.TRAIN: context.train, features.VALIDATION: context.validation}
        # By stage, split and variant.
        self._tables: dict[tuple[int, str, int], Table] = {}

    def evaluator(self, number: int) -> ModelEvaluator:
        """Returns what evaluates the model on a stage's rows."""
        context, cut = self._context, self.plans[number].cut
        if cut is None:
            return context.evaluate
        forward = inference_forward(context.model.backbone, context.image, cut)
        return ModelEvaluator(context.model, forward, cut.rows, context.strategy)

    def training_forward(self, number: int) -> Forward:
        """Returns the function that maps a stage's rows to embeddings when it trains."""
        context, planned = self._context, self._planned[number]
        return training_forward(
            context.model.backbone, context.image, planned, context.blocks, self.plans[number].cut
        )

    def rows(self, number: int) -> list[tf.TensorSpec]:
        """Returns the shapes and dtypes of a stage's rows, without the batch dimension."""
        cut = self.plans[number].cut
        return list(cut.rows) if cut else [self._context.train.dataset.element_spec]

    def validation(self, number: int) -> Table:
        """Returns a stage's rows of the validation images, in order."""
        if self.plans[number].cut is None:
            return self._context.validation.pixels
        return self._table(number, features.VALIDATION)

    def epoch(self, number: int, batches: TrainingBatches, epoch: int) -> tf.data.Dataset:
        """Returns a stage's training batches of an epoch, counted from 1: rows and targets."""
        plan = self.plans[number]
        if plan.cut is None:
            return batches.epoch(epoch, self._context.train.pixels)
        variant = (epoch - 1) % plan.variants + 1 if plan.variants else 0
        table = self._table(number, features.TRAIN, variant, batches)
        return batches.epoch(epoch, table, pixels=False)

    def release_before(self, number: int) -> None:
        """Removes the tables that only stages before this one need."""
        for key in [key for key in self._tables if key[0] < number]:
            self._images[key[1]].storage.release(self._tables.pop(key))

    def _table(
        self,
        number: int,
        split: str,
        variant: int = 0,
        batches: TrainingBatches | None = None,
    ) -> Table:
        if (number, split, variant) not in self._tables:
            group = next(group for group in self._groups if number in group)
            images = self._images[split]
            source = images.in_order(keep=self._is_read_again(split))
            if variant and batches:
                source = batches.variant(variant, source)
            filled = self._fill(group, number, source, images)
            for stage, table in filled.items():
                self._tables[stage, split, variant] = table
        return self._tables[number, split, variant]

    def _fill(
        self, group: Sequence[int], first: int, source: tf.data.Dataset, images: Images
    ) -> dict[int, Table]:
        """Fills, in one pass over the images, the tables of a group's stages from ``first`` on.

        The function computes the cuts of the whole group, so that its values do not depend on where
        an interrupted run goes on.
        """
        cuts = [cut for stage in group if (cut := self.plans[stage].cut)]
        run, spec = frozen_part(cuts), self._context.image
        tables = {
            stage: images.storage.table(cut.rows, images.count)
            for stage, cut in zip(group, cuts, strict=True)
            if stage >= first
        }
        pixels_spec = tf.TensorSpec((None, spec.height, spec.width, 3), tf.uint8)

        @tf.function(autograph=False, input_signature=[pixels_spec])
        def pass_through(pixels: tf.Tensor) -> list[list[tf.Tensor]]:
            return run(image.to_range(pixels, spec))

        images_done, size = 0, rows_at_once([images.dataset.element_spec])
        batches = source.batch(size).prefetch(4)
        for outputs in in_order(pass_through, batches, passes_at_once()):
            for stage, tensors in zip(group, outputs, strict=True):
                if stage in tables:
                    tables[stage].append(tensors)
            images_done += len(outputs[0][0])
            if images_done % (64 * size) == 0 or images_done == images.count:
                names = ", ".join(self._planned[stage].stage.name for stage in tables)
                text = f"trainer frozen part for {names}: {images_done} of {images.count} images"
                report(text, done=images_done, total=images.count, note=f"{names}: frozen part")
        return tables

    def _is_read_again(self, split: str) -> bool:
        """Whether the whole schedule makes more than one pass over a split's pixels."""
        passes = sum(
            max(1, self.plans[group[0]].variants) if split == features.TRAIN else 1
            for group in self._groups
        )
        return passes > 1 or any(plan.cut is None for plan in self.plans)
