"""Runs one stage: epochs, early stopping, the best weights, and going on after a kill."""

import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from modules.backbones.blocks.blocks import full_name
from modules.errors import InputError
from modules.finetune import losses
from modules.finetune.checkpoints import Checkpoint
from modules.finetune.context import TrainingContext
from modules.finetune.optimizers import RateOf, StageOptimizer
from modules.finetune.results import StageResult
from modules.finetune.saved_weights import ExponentialMovingAverage, Snapshot
from modules.finetune.schedule import PlannedStage
from modules.finetune.stage_data import StageData
from modules.finetune.steps import Measured, StepParts, finiteness, train_step, train_steps
from modules.finetune.unfrozen import unfreeze
from modules.images.batches import TrainingBatches
from modules.progress import report
from modules.rounding import share
from modules.settings import Stage

# How long a call of several steps may take: until it ends, nobody can interrupt the run.
_CALL_SECONDS = 1.0


class StageRun:
    """One stage of a schedule on a task.

    Args:
        task: what it runs on; its model holds the weights that the stage starts from.
        planned: the stage.
        number: of the stage, from 0.
        data: what it reads.
        pretrained: the backbone's weights before any training, by ``id`` of the variable.
        folder: for its checkpoint; None for none.
        rate: takes the place of the stage's learning rate where it is given.
    """

    def __init__(
        self,
        task: TrainingContext,
        planned: PlannedStage,
        number: int,
        data: StageData,
        pretrained: dict[int, Any],
        folder: Path | None,
        rate: RateOf | None = None,
    ) -> None:
        self._started = time.monotonic()
        self._task, self._stage = task, planned.stage
        self._data, self._number = data, number
        parts = unfreeze(planned, task.model.head, task.blocks)
        seed = (task.options.seed, number)
        self._batches = TrainingBatches(task.train.labels, self._stage, len(task.labels), seed)
        optimizer = StageOptimizer(self._stage, parts.groups, self._batches.steps, rate)
        changing = [*optimizer.variables, *parts.statistics]
        self._average = (
            ExponentialMovingAverage(changing, self._stage.ema) if self._stage.ema else None
        )
        self._best, self._best_score = Snapshot(changing), -math.inf
        # What patience waits for: a score that is better than this by ``min_delta``.
        self._reference_score, self._moved_in = -math.inf, 0
        self._measure, self._at_once = data.measure(number), 1
        self._weights_are_finite = finiteness(changing)
        self._step = train_step(
            task.model,
            StepParts(
                self._stage,
                data.training_forward(number),
                data.rows(number),
                optimizer,
                losses.penalties(
                    self._stage,
                    task.model.head,
                    parts.backbone,
                    [pretrained[id(v)] for v in parts.backbone] if self._stage.l2_sp else [],
                    task.model.backbone.regularization_losses,
                ),
                losses.resolve_class_weights(
                    self._stage.class_weights, task.labels, task.train.by_class
                ),
                self._average,
                int(np.random.SeedSequence(seed).generate_state(1)[0]),
                task.distribution,
            ),
        )
        self._steps = train_steps(self._step)
        self._checkpoint = Checkpoint(
            folder,
            writes=task.distribution.is_chief,
            live=changing,
            best=self._best.copies,
            average=self._average.copies if self._average else [],
            optimizers=optimizer.parts,
        )
        plan = data.plans[number]
        self.result = StageResult(
            self._stage.name,
            [task.blocks[i].name for i in planned.unfrozen],
            [full_name(variable) for variable in optimizer.variables],
            sum(int(variable.shape.num_elements()) for variable in optimizer.variables),
            self._stage.batch_norm.model_dump(),
            cache=plan.kind,
            cache_reason=plan.reason,
            cache_mb=plan.mb,
        )

    def run(self) -> StageResult:
        """Trains until the epochs are over or patience is, and leaves the best epoch's weights."""
        before = self._resume()
        while not self._is_over():
            self._epoch(self.result.epochs + 1)
            self.result.seconds = round(before + time.monotonic() - self._started, 3)
            self._checkpoint.save(
                {
                    "result": self.result.as_note(),
                    "best_score": self._best_score,
                    "to_beat": self._reference_score,
                    "moved_in": self._moved_in,
                }
            )
        self._best.give_back()
        self.result.seconds = round(before + time.monotonic() - self._started, 3)
        self.result.finish()
        return self.result

    def batch_losses(self, number: int) -> Iterator[float]:
        """Trains through an epoch, counted from 1; gives each batch's mean loss before its step.

        It is NaN where the weights are not finite after it.
        """
        for rows, targets in self._data.epoch(self._number, self._batches, number):
            loss, _ = self._step(rows, targets)
            mean = float(loss) / int(targets.shape[0])
            yield mean if self._weights_are_finite() else math.nan

    def forget(self) -> None:
        """Removes the stage's checkpoint, when its outcome is kept elsewhere."""
        self._checkpoint.remove()

    def _resume(self) -> float:
        """Goes on where an attempt before was interrupted; gives the seconds that it had taken."""
        note = self._checkpoint.restore()
        if note is not None:
            self.result.take(note["result"])
        self._task.distribution.agree(self.result.epochs, self._task.checkpoints)
        if note is None:
            return 0.0
        self.result.resumed = True
        self._best_score = note["best_score"]
        self._reference_score, self._moved_in = note["to_beat"], note["moved_in"]
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
        step = images = 0
        batches = iter(self._data.epoch(self._number, self._batches, number))
        while step < self._batches.steps:
            started = time.monotonic()
            taken = self._steps(batches, min(self._at_once, self._batches.steps - step))
            quick = time.monotonic() - started < _CALL_SECONDS / 2
            # Processes that share a step must be in the same pass of the same loop: one each.
            if quick and taken.steps == self._at_once and self._task.distribution.is_alone:
                self._at_once *= 2
            step, images = step + taken.steps, images + taken.images
            loss, hits = loss + taken.loss, hits + taken.hits
            self._check_finite(loss, f"epoch {number}, step {step}")
            if not self._weights_are_finite():
                self._refuse("the weights are not finite after", f"epoch {number}, step {step}")
        return loss / images, hits / images

    def _validate(self, number: int) -> Measured:
        """Measures the weights as they are, and keeps them if they are the best so far."""
        table, labels = self._data.validation(self._number), self._task.validation.labels
        measured = self._measure(table, labels)
        self._check_finite(measured.loss, f"epoch {number}, on the validation images")
        rule = self._stage.early_stopping
        by_accuracy = rule is not None and rule.monitor == "accuracy"
        score = measured.accuracy if by_accuracy else -measured.loss
        if not self._moved_in or score > self._reference_score + (rule.min_delta if rule else 0.0):
            self._reference_score, self._moved_in = score, number
        if score > self._best_score:
            self._best_score, self.result.best_epoch = score, number
            self.result.hits = measured.hits
            self._best.take()
        return measured

    def _check_finite(self, loss: float, where: str) -> None:
        if not math.isfinite(loss):
            self._refuse(f"the loss is {loss} in", where)

    def _refuse(self, what: str, where: str) -> None:
        """Ends the run, in which a value has grown beyond all bounds."""
        stage, folder = self._stage, self._task.checkpoints
        causes = [f"learning_rate, now {stage.learning_rate.peak:g}"]
        penalties = {"l2": stage.l2, "l2_sp": stage.l2_sp}
        causes += [f"{key}, now {value:g}" for key, value in penalties.items() if value]
        if isinstance(stage.class_weights, dict):
            causes.append("the class_weights")
        is_kept = folder is not None and any(folder.glob("*-*/checkpoint"))
        kept = f"; what was good before is kept in {folder}" if is_kept else ""
        raise InputError(
            f"finetune.stages[{stage.name}]: {what} {where}; both loss and weights must stay "
            f"finite: lower {' or '.join(causes)}{kept}"
        )


def _tell(stage: Stage, epoch: int, trained: tuple[float, float], measured: Measured) -> None:
    report(
        f"trainer stage={stage.name} epoch={epoch}/{stage.epochs} "
        f"loss={trained[0]:.4f} accuracy={trained[1]:.4f} "
        f"val_loss={measured.loss:.4f} val_accuracy={share(measured.accuracy, len(measured.hits))}",
        done=epoch,
        total=stage.epochs,
        note=f"{stage.name}: val loss {measured.loss:.3f} acc {measured.accuracy:.3f}",
    )
