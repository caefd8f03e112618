"""Runs one stage: its epochs, early stopping, the best weights, and resumption after a kill."""

import math
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from modules.backbones.blocks.blocks import full_name
from modules.finetune import losses
from modules.finetune.checkpoints import Checkpoint
from modules.finetune.context import TrainingContext
from modules.finetune.divergence import divergence_error, finiteness
from modules.finetune.optimizers import RateOf, StageOptimizer
from modules.finetune.results import StageResult
from modules.finetune.saved_weights import ExponentialMovingAverage, SavedWeights
from modules.finetune.schedule import PlannedStage
from modules.finetune.stage_data import StageData
from modules.finetune.steps import EvaluationResult, StepParts, train_step, train_steps
from modules.finetune.unfrozen import unfreeze
from modules.finetune.weight_drift import Weights
from modules.images.batches import TrainingBatches
from modules.progress import report
from modules.rounding import share
from modules.settings import Stage

# How long a call of several steps may take, since the run cannot be interrupted within one.
_CALL_SECONDS = 1.0


class StageRun:
    """One stage of a schedule.

    Args:
        context: the model, data and options; the stage starts from the model's present weights.
        planned: the stage, with the blocks that it unfreezes.
        number: the stage's place in the schedule, from 0.
        data: the rows that each stage reads.
        pretrained: the backbone's weights before any training, by ``id`` of the variable.
        folder: where the stage keeps its checkpoint; None for none.
        rate: replaces the stage's learning rate if given.
    """

    def __init__(
        self,
        context: TrainingContext,
        planned: PlannedStage,
        number: int,
        *,
        data: StageData,
        pretrained: Weights,
        folder: Path | None,
        rate: RateOf | None = None,
    ) -> None:
        self._started = time.monotonic()
        stage = planned.stage
        self._context, self._planned, self._stage = context, planned, stage
        self._data, self._number = data, number
        parts = unfreeze(planned, context.model.head, context.blocks)
        seed = (context.options.seed, number)
        self._batches = TrainingBatches(context.train.labels, stage, len(context.labels), seed)
        optimizer = StageOptimizer(stage, parts.groups, self._batches.steps, rate)
        changing = [*optimizer.variables, *parts.statistics]
        self._average = ExponentialMovingAverage(changing, stage.ema) if stage.ema else None
        self._best, self._best_score = SavedWeights(changing), -math.inf
        # Early stopping counts epochs since the score last exceeded the reference by ``min_delta``.
        self._reference_score, self._improved_in = -math.inf, 0
        self._evaluate, self._steps_per_call = data.evaluator(number), 1
        self._weights_are_finite = finiteness(changing)
        self._step = train_step(
            context.model,
            StepParts(
                stage=stage,
                forward=data.training_forward(number),
                rows=data.rows(number),
                optimizer=optimizer,
                penalties=_penalties(context, stage, parts.backbone, pretrained),
                class_weights=losses.resolve_class_weights(
                    stage.class_weights, context.labels, context.train.by_class
                ),
                average=self._average,
                seed=int(np.random.SeedSequence(seed).generate_state(1)[0]),
                strategy=context.strategy,
            ),
        )
        self._steps = train_steps(self._step)
        self._checkpoint = Checkpoint(
            folder,
            writes=context.strategy.is_chief,
            live=changing,
            best=self._best.copies,
            average=self._average.copies if self._average else [],
            optimizers=optimizer.parts,
        )
        plan = data.plans[number]
        self.result = StageResult(
            name=stage.name,
            blocks=[context.blocks[i].name for i in planned.unfrozen],
            trained_variables=[full_name(variable) for variable in optimizer.variables],
            parameters=sum(int(variable.shape.num_elements()) for variable in optimizer.variables),
            batch_norm=stage.batch_norm.model_dump(),
            cache=plan.kind,
            cache_reason=plan.reason,
            cache_mb=plan.mb,
        )

    def run(self) -> StageResult:
        """Trains to the last epoch or until early stopping; restores the best epoch's weights."""
        earlier_seconds = self._resume()
        while not self._is_over():
            self._run_epoch(self.result.epochs + 1)
            self.result.seconds = round(earlier_seconds + time.monotonic() - self._started, 3)
            self._checkpoint.save(
                {
                    "result": self.result.as_dict(),
                    "best_score": self._best_score,
                    "reference_score": self._reference_score,
                    "improved_in": self._improved_in,
                }
            )
        self._best.restore()
        self.result.seconds = round(earlier_seconds + time.monotonic() - self._started, 3)
        self.result.finish()
        return self.result

    def batch_losses(self, number: int) -> Iterator[float]:
        """Trains through an epoch, counted from 1; yields each batch's mean loss before its step.

        The loss is NaN if the weights are not finite after the step.
        """
        for rows, targets in self._data.epoch(self._number, self._batches, number):
            loss, _ = self._step(rows, targets)
            mean = float(loss) / int(targets.shape[0])
            yield mean if self._weights_are_finite() else math.nan

    def forget(self) -> None:
        """Removes the stage's checkpoint, once its outcome is kept elsewhere."""
        self._checkpoint.remove()

    def _resume(self) -> float:
        """Goes on where an earlier attempt was interrupted; returns the seconds that it took."""
        note = self._checkpoint.restore()
        if note is not None:
            self.result.restore(note["result"])
        self._context.strategy.synchronize(self.result.epochs, self._context.checkpoints)
        if note is None:
            return 0.0
        self.result.resumed = True
        self._best_score = note["best_score"]
        self._reference_score, self._improved_in = note["reference_score"], note["improved_in"]
        report(
            f"trainer stage={self._stage.name} goes on after epoch {self.result.epochs}",
            done=self.result.epochs,
            total=self._stage.epochs,
            note=f"{self._stage.name}: goes on",
        )
        return self.result.seconds

    def _is_over(self) -> bool:
        rule, epochs = self._stage.early_stopping, self.result.epochs
        if rule and epochs - self._improved_in >= rule.patience:
            self.result.stopped_by = "early_stopping"
        elif epochs >= self._stage.epochs:
            self.result.stopped_by = "epochs"
        return bool(self.result.stopped_by)

    def _run_epoch(self, number: int) -> None:
        trained = self._train(number)
        if self._average:
            with self._average.applied():
                validated = self._validate(number)
        else:
            validated = self._validate(number)
        self.result.record(trained, (validated.loss, validated.accuracy))
        _report(self._stage, number, trained, validated)

    def _train(self, number: int) -> tuple[float, float]:
        """Trains on each training image once; returns the mean loss and the accuracy."""
        loss = correct = 0.0
        step = images = 0
        batches = iter(self._data.epoch(self._number, self._batches, number))
        while step < self._batches.steps:
            started = time.monotonic()
            totals = self._steps(batches, min(self._steps_per_call, self._batches.steps - step))
            is_quick = time.monotonic() - started < _CALL_SECONDS / 2
            is_full = totals.steps == self._steps_per_call
            # Processes that share steps must call the loop for the same ones: one step each.
            if is_quick and is_full and self._context.strategy.is_alone:
                self._steps_per_call *= 2
            step, images = step + totals.steps, images + totals.images
            loss, correct = loss + totals.loss, correct + totals.correct
            where = f"epoch {number}, step {step}"
            self._check_finite(loss, where)
            if not self._weights_are_finite():
                self._refuse(f"the weights are not finite after {where}")
        return loss / images, correct / images

    def _validate(self, number: int) -> EvaluationResult:
        """Evaluates the weights as they are, and keeps them if they are the best so far."""
        table, labels = self._data.validation(self._number), self._context.validation.labels
        validated = self._evaluate(table, labels)
        self._check_finite(validated.loss, f"epoch {number}, on the validation images")
        rule = self._stage.early_stopping
        by_accuracy = rule is not None and rule.monitor == "accuracy"
        score = validated.accuracy if by_accuracy else -validated.loss
        min_delta = rule.min_delta if rule else 0.0
        if not self._improved_in or score > self._reference_score + min_delta:
            self._reference_score, self._improved_in = score, number
        if score > self._best_score:
            self._best_score, self.result.best_epoch = score, number
            self.result.correct = validated.correct
            self._best.save()
        return validated

    def _check_finite(self, loss: float, where: str) -> None:
        if not math.isfinite(loss):
            self._refuse(f"the loss is {loss} in {where}")

    def _refuse(self, problem: str) -> None:
        raise divergence_error(self._planned, self._context.checkpoints, problem)


def _penalties(
    context: TrainingContext, stage: Stage, backbone: Sequence[Any], pretrained: Weights
) -> list[losses.Scalar]:
    """Returns the stage's penalties; ``backbone`` holds the backbone variables that it trains."""
    return losses.penalties(
        stage,
        context.model.head,
        backbone,
        [pretrained[id(v)] for v in backbone] if stage.l2_sp else [],
        context.model.backbone.regularization_losses,
    )


def _report(
    stage: Stage, epoch: int, trained: tuple[float, float], validated: EvaluationResult
) -> None:
    accuracy = share(validated.accuracy, len(validated.correct))
    report(
        f"trainer stage={stage.name} epoch={epoch}/{stage.epochs} "
        f"loss={trained[0]:.4f} accuracy={trained[1]:.4f} "
        f"val_loss={validated.loss:.4f} val_accuracy={accuracy}",
        done=epoch,
        total=stage.epochs,
        note=f"{stage.name}: val loss {validated.loss:.3f} acc {validated.accuracy:.3f}",
    )
