"""Runs one stage: epochs, early stopping, the best weights, and going on after a kill."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from modules.backbones import batch_norm
from modules.backbones.backbone import Backbone
from modules.backbones.blocks import Block, full_name
from modules.errors import InputError
from modules.finetune.checkpoints import Checkpoint
from modules.finetune.losses import penalties, resolve_class_weights
from modules.finetune.optimizers import Group, StageOptimizer
from modules.finetune.results import StageResult
from modules.finetune.schedule import PlannedStage
from modules.finetune.snapshot import Average, Snapshot
from modules.finetune.steps import Forward, Measured, StepParts, train_step
from modules.finetune.task import Task
from modules.images.batches import TrainingBatches
from modules.progress import report
from modules.settings import ImageSpec, Stage


@dataclass(frozen=True)
class Unfrozen:
    """The variables that a stage changes.

    Attributes:
        groups: those that it trains, by their rate; the head's come first.
        backbone: those of them that are the backbone's.
        statistics: BatchNorm's, where the stage moves them.
    """

    groups: list[Group]
    backbone: list[tf.Variable]
    statistics: list[tf.Variable]


def unfreeze(planned: PlannedStage, head: list[tf.Variable], blocks: list[Block]) -> Unfrozen:
    """What a stage changes of a head and of the blocks that it unfreezes."""
    policy = planned.stage.batch_norm
    groups, backbone, statistics = [Group(tuple(head), 1.0)], list[Any](), list[Any]()
    for block, factor in zip(blocks, planned.rate_factors, strict=True):
        fixed = {id(v) for v in block.affine} if policy.affine == "frozen" else set[int]()
        trained = tuple(v for v in block.variables if id(v) not in fixed)
        groups.append(Group(trained, factor))
        backbone += trained
        if policy.statistics == "update":
            statistics += block.statistics
    return Unfrozen(groups, backbone, statistics)


class StageRun:
    """One stage of a schedule on a task.

    Args:
        task: what it runs on; its model holds the weights that the stage starts from.
        planned: the stage.
        number: of the stage, from 0.
        pretrained: the backbone's weights before any training, by ``id`` of the variable.
        folder: for its checkpoint; None for none.
    """

    def __init__(
        self,
        task: Task,
        planned: PlannedStage,
        number: int,
        pretrained: dict[int, Any],
        folder: Path | None,
    ) -> None:
        self._task, self._stage = task, planned.stage
        blocks = [task.blocks[i] for i in planned.unfrozen]
        parts = unfreeze(planned, task.model.head, blocks)
        seed = (task.options.seed, number)
        self._batches = TrainingBatches(task.train, self._stage, len(task.labels), seed)
        optimizer = StageOptimizer(self._stage, parts.groups, self._batches.steps)
        changing = [*optimizer.variables, *parts.statistics]
        self._average = Average(changing, self._stage.ema) if self._stage.ema else None
        self._best, self._best_score = Snapshot(changing), -math.inf
        # What patience waits for: a score that is better than this by ``min_delta``.
        self._to_beat, self._moved_in = -math.inf, 0
        self._step = train_step(
            task.model,
            task.image,
            StepParts(
                self._stage,
                stage_forward(task.model.backbone, task.image, planned, task.blocks),
                optimizer,
                penalties(
                    self._stage,
                    task.model.head,
                    parts.backbone,
                    [pretrained[id(v)] for v in parts.backbone] if self._stage.l2_sp else [],
                    task.model.backbone.regularization_losses,
                ),
                resolve_class_weights(self._stage.class_weights, task.labels, task.train.by_class),
                self._average,
                int(np.random.SeedSequence(seed).generate_state(1)[0]),
            ),
        )
        self._checkpoint = Checkpoint(
            folder,
            live=changing,
            best=self._best.copies,
            average=self._average.copies if self._average else [],
            optimizers=optimizer.parts,
        )
        self.result = StageResult(
            self._stage.name,
            [block.name for block in blocks],
            [full_name(variable) for variable in optimizer.variables],
            sum(int(variable.shape.num_elements()) for variable in optimizer.variables),
            self._stage.batch_norm.model_dump(),
        )

    def run(self) -> StageResult:
        """Trains until the epochs are over or patience is, and leaves the best epoch's weights."""
        started = time.monotonic()
        before = self._resume()
        while not self._is_over():
            self._epoch(self.result.epochs + 1)
            self.result.seconds = round(before + time.monotonic() - started, 3)
            self._checkpoint.save(
                {
                    "result": self.result.as_note(),
                    "best_score": self._best_score,
                    "to_beat": self._to_beat,
                    "moved_in": self._moved_in,
                }
            )
        self._best.give_back()
        self.result.seconds = round(before + time.monotonic() - started, 3)
        self.result.finish()
        return self.result

    def forget(self) -> None:
        """Removes the stage's checkpoint, when its outcome is kept elsewhere."""
        self._checkpoint.remove()

    def _resume(self) -> float:
        """Goes on where an attempt before was interrupted; gives the seconds that it had taken."""
        note = self._checkpoint.restore()
        if note is None:
            return 0.0
        self.result.take(note["result"])
        self.result.resumed = True
        self._best_score = note["best_score"]
        self._to_beat, self._moved_in = note["to_beat"], note["moved_in"]
        report(
            f"trainer stage={self._stage.name} goes on after epoch {self.result.epochs}",
            done=self.result.epochs,
            total=self._stage.epochs,
            note=f"{self._stage.name}: goes on",
        )
        return self.result.seconds

    def _is_over(self) -> bool:
        rule, epochs = self._stage.early_stopping, self.result.epochs
        if rule and epochs - self._moved_in >= rule.patience:
            self.result.stopped_by = "early_stopping"
        elif epochs >= self._stage.epochs:
            self.result.stopped_by = "epochs"
        return bool(self.result.stopped_by)

    def _epoch(self, number: int) -> None:
        trained = self._train(number)
        if self._average:
            with self._average.in_place():
                measured = self._validate(number)
        else:
            measured = self._validate(number)
        self.result.record(trained, (measured.loss, measured.accuracy))
        _tell(self._stage, number, trained, measured)

    def _train(self, number: int) -> tuple[float, float]:
        """One pass over the training images; gives its mean loss and accuracy."""
        loss = hits = 0.0
        count = 0
        for step, (images, targets) in enumerate(self._batches.epoch(number), 1):
            batch_loss, batch_hits = self._step(images, targets)
            loss += float(batch_loss)
            hits += float(batch_hits)
            count += int(targets.shape[0])
            self._check_finite(loss, f"epoch {number}, step {step}")
        return loss / count, hits / count

    def _validate(self, number: int) -> Measured:
        """Measures the weights as they are, and keeps them if they are the best so far."""
        measured = self._task.measure(self._task.validation, self._stage.batch_size)
        self._check_finite(measured.loss, f"epoch {number}, on the validation images")
        rule = self._stage.early_stopping
        by_accuracy = rule is not None and rule.monitor == "accuracy"
        score = measured.accuracy if by_accuracy else -measured.loss
        if not self._moved_in or score > self._to_beat + (rule.min_delta if rule else 0.0):
            self._to_beat, self._moved_in = score, number
        if score > self._best_score:
            self._best_score, self.result.best_epoch = score, number
            self.result.hits = measured.hits
            self._best.take()
        return measured

    def _check_finite(self, loss: float, where: str) -> None:
        if math.isfinite(loss):
            return
        folder = self._task.checkpoints
        kept = f"; what was good before is kept in {folder}" if folder else ""
        raise InputError(
            f"finetune.stages[{self._stage.name}]: the loss is {loss} in {where}; it must stay "
            f"finite: lower learning_rate, now {self._stage.learning_rate.peak:g}{kept}"
        )


def stage_forward(
    backbone: Backbone, image: ImageSpec, planned: PlannedStage, blocks: Sequence[Block]
) -> Forward:
    """What a stage makes embeddings with.

    That is the backbone in inference mode, but for the BatchNorm layers whose statistics it moves.

    Raises:
        InputError: when one of them cannot be switched.
    """
    policy = planned.stage.batch_norm
    statistics = [v for i in planned.unfrozen for v in blocks[i].statistics]
    if policy.statistics == "frozen" or not statistics:
        return backbone.forward
    spec = tf.TensorSpec((None, image.height, image.width, 3), tf.float32)
    return batch_norm.updating_forward(backbone, spec, statistics, policy.momentum)


def _tell(stage: Stage, epoch: int, trained: tuple[float, float], measured: Measured) -> None:
    report(
        f"trainer stage={stage.name} epoch={epoch}/{stage.epochs} "
        f"loss={trained[0]:.4f} accuracy={trained[1]:.4f} "
        f"val_loss={measured.loss:.4f} val_accuracy={measured.accuracy:.4f}",
        done=epoch,
        total=stage.epochs,
        note=f"{stage.name}: val loss {measured.loss:.3f} acc {measured.accuracy:.3f}",
    )
