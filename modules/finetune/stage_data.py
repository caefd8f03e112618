"""What stages run on: pixels, or tables of what their frozen parts make of the images."""

from collections.abc import Sequence

import tensorflow as tf

from modules import features
from modules.backbones.cut import frozen_part
from modules.finetune.cache_plan import plan_caches, sharing
from modules.finetune.context import TrainingContext
from modules.finetune.forward import Forward, inference_forward, training_forward
from modules.finetune.schedule import PlannedStage
from modules.finetune.steps import Measure
from modules.images import image
from modules.images.batches import TrainingBatches
from modules.images.feature_cache import Table, passes_at_once, rows_at_once
from modules.images.inputs import Images
from modules.parallel import in_order
from modules.progress import report


class StageData:
    """Tables for the stages of a schedule, filled when they are first asked for.

    Args:
        task: what the schedule runs on.
        planned: its stages.
    """

    def __init__(self, task: TrainingContext, planned: Sequence[PlannedStage]) -> None:
        self.plans = plan_caches(task, planned)
        self._task, self._planned = task, planned
        self._groups = sharing(self.plans, task.options.cache_mb)
        self._images = {features.TRAIN: task.train, features.VALIDATION: task.validation}
        # By stage, split and variant.
        self._tables: dict[tuple[int, str, int], Table] = {}

    def measure(self, number: int) -> Measure:
        """Evaluates the model on a stage's rows."""
        task, cut = self._task, self.plans[number].cut
        if cut is None:
            return task.measure
        forward = inference_forward(task.model.backbone, task.image, cut)
        return Measure(task.model, forward, cut.rows, task.distribution)

    def training_forward(self, number: int) -> Forward:
        """What a stage makes embeddings with when it trains."""
        task, planned = self._task, self._planned[number]
        return training_forward(
            task.model.backbone, task.image, planned, task.blocks, self.plans[number].cut
        )

    def rows(self, number: int) -> list[tf.TensorSpec]:
        """The form of a stage's rows, without the batch."""
        cut = self.plans[number].cut
        return list(cut.rows) if cut else [self._task.train.dataset.element_spec]

    def validation(self, number: int) -> Table:
        """A stage's rows of the validation images, in order."""
        if self.plans[number].cut is None:
            return self._task.validation.pixels
        return self._table(number, features.VALIDATION)

    def epoch(self, number: int, batches: TrainingBatches, epoch: int) -> tf.data.Dataset:
        """A stage's training batches of an epoch, counted from 1: rows, and targets."""
        plan = self.plans[number]
        if plan.cut is None:
            return batches.epoch(epoch, self._task.train.pixels)
        variant = (epoch - 1) % plan.variants + 1 if plan.variants else 0
        table = self._table(number, features.TRAIN, variant, batches)
        return batches.epoch(epoch, table, pixels=False)

    def release_before(self, number: int) -> None:
        """Removes what only stages before this one need."""
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
            for one, table in filled.items():
                self._tables[one, split, variant] = table
        return self._tables[number, split, variant]

    def _fill(
        self, group: Sequence[int], first: int, source: tf.data.Dataset, images: Images
    ) -> dict[int, Table]:
        """One pass over images, for the stages of a group from one on.

        The function is that of the whole group, so that its values do not depend on where an
        interrupted run goes on.
        """
        cuts = [cut for one in group if (cut := self.plans[one].cut)]
        run, spec = frozen_part(cuts), self._task.image
        tables = {
            one: images.storage.table(cut.rows, images.count)
            for one, cut in zip(group, cuts, strict=True)
            if one >= first
        }
        form = tf.TensorSpec((None, spec.height, spec.width, 3), tf.uint8)

        @tf.function(autograph=False, input_signature=[form])
        def pass_through(pixels: tf.Tensor) -> list[list[tf.Tensor]]:
            return run(image.to_range(pixels, spec))

        done, size = 0, rows_at_once([images.dataset.element_spec])
        batches = source.batch(size).prefetch(4)
        for made in in_order(pass_through, batches, passes_at_once()):
            for one, tensors in zip(group, made, strict=True):
                if one in tables:
                    tables[one].append(tensors)
            done += len(made[0][0])
            if done % (64 * size) == 0 or done == images.count:
                names = ", ".join(self._planned[one].stage.name for one in tables)
                text = f"trainer frozen part for {names}: {done} of {images.count} images"
                report(text, done=done, total=images.count, note=f"{names}: frozen part")
        return tables

    def _is_read_again(self, split: str) -> bool:
        """Whether there is more than one pass over a split's pixels in the whole schedule."""
        passes = sum(
            max(1, self.plans[group[0]].variants) if split == features.TRAIN else 1
            for group in self._groups
        )
        return passes > 1 or any(plan.cut is None for plan in self.plans)
