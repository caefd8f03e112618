"""Trains a classifier stage by stage. Knows nothing of TFX."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, cast

import tensorflow as tf
import tf_keras

from modules import image
from modules.blocks import Block, variables_of
from modules.classifier import Classifier
from modules.errors import InputError
from modules.inputs import Images
from modules.progress import report
from modules.schedule import PlannedStage
from modules.settings import EarlyStopping, Finetune, ImageSpec, Stage


@dataclass
class StageResult:
    """What a stage trained and how it went; the lists hold a number for each epoch.

    ``parameters`` counts what the stage trained, the head included. ``best_epoch`` counts from 1;
    its weights are what the stage ends with. ``shipped`` marks the stage whose model is exported.
    """

    name: str
    blocks: list[str]
    parameters: int
    epochs: int = 0
    seconds: float = 0.0
    best_epoch: int = 0
    shipped: bool = False
    train_loss: list[float] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """All fields, for the history file."""
        return asdict(self)


class _Best:
    """The best epoch so far by one measure, and the weights it had."""

    def __init__(self, rule: EarlyStopping, variables: Sequence[tf.Variable]) -> None:
        self._rule = rule
        self._variables = variables
        self._score = -math.inf
        self._weights: list[Any] = []
        self.epoch = 0

    def see(self, epoch: int, loss: float, accuracy: float) -> None:
        """Keeps the weights if the epoch is better than the best one by ``min_delta``."""
        score = accuracy if self._rule.monitor == "accuracy" else -loss
        if score > self._score + (self._rule.min_delta if self.epoch else 0.0):
            self._score, self.epoch = score, epoch
            self._weights = [variable.numpy() for variable in self._variables]

    def exhausted(self, epoch: int) -> bool:
        """Whether patience has run out."""
        return epoch - self.epoch >= self._rule.patience

    def restore(self) -> None:
        """Gives the variables the best epoch's weights."""
        for variable, weights in zip(self._variables, self._weights, strict=True):
            variable.assign(weights)


@dataclass(frozen=True)
class Task:
    """What a schedule is run on.

    Attributes:
        model: trained in place.
        blocks: the backbone's, in the order of the data.
        train: images to learn from.
        validation: images that decide when to stop and which stage ships.
        options: what all stages share.
        image: what the images are.
    """

    model: Classifier
    blocks: Sequence[Block]
    train: Images
    validation: Images
    options: Finetune
    image: ImageSpec

    @property
    def everything(self) -> list[tf.Variable]:
        """All variables that a stage may change."""
        return [*self.model.head, *self.model.backbone.variables]


def fit(task: Task, planned: Sequence[PlannedStage]) -> list[StageResult]:
    """Runs the schedule and leaves in the model the weights of its best stage.

    Each stage starts from the weights of the best epoch of the one before. The best stage is the
    one of the highest validation accuracy, of the lower validation loss among equals.

    Raises:
        InputError: when the loss is no longer finite.
    """
    results: list[StageResult] = []
    best_score, best_weights = (-math.inf, -math.inf), list[Any]()
    for number, stage in enumerate(planned):
        result = _fit_stage(task, stage, seed=task.options.seed + number)
        results.append(result)
        at = result.best_epoch - 1
        score = (result.validation_accuracy[at], -result.validation_loss[at])
        if score > best_score:
            best_score = score
            best_weights = [variable.numpy() for variable in task.everything]
            for earlier in results:
                earlier.shipped = earlier is result
    for variable, weights in zip(task.everything, best_weights, strict=True):
        variable.assign(weights)
    return results


def _fit_stage(task: Task, planned: PlannedStage, seed: int) -> StageResult:
    started = time.monotonic()
    stage = planned.stage
    unfrozen = [task.blocks[i] for i in planned.unfrozen]
    variables = [*task.model.head, *variables_of(unfrozen)]
    result = StageResult(
        stage.name,
        [block.name for block in unfrozen],
        sum(int(variable.shape.num_elements()) for variable in variables),
    )
    best = _Best(
        stage.early_stopping or EarlyStopping(patience=stage.epochs),
        task.everything if stage.batch_norm == "train" else variables,
    )
    step = _train_step(task, variables, stage)
    measure = _evaluation_step(task)
    batches = task.train.batches(task.options.batch_size, shuffle_seed=seed)
    held_out = task.validation.batches(task.options.batch_size)
    for epoch in range(1, stage.epochs + 1):
        trained, validated = _mean(step, batches), _mean(measure, held_out)
        _check_finite(trained[0], stage, epoch)
        _check_finite(validated[0], stage, epoch)
        _record(result, trained, validated)
        _tell(stage, epoch, trained, validated)
        best.see(epoch, *validated)
        if stage.early_stopping and best.exhausted(epoch):
            break
    best.restore()
    result.best_epoch = best.epoch
    result.seconds = round(time.monotonic() - started, 3)
    return result


_LossAndAccuracy = tuple[float, float]


def _record(result: StageResult, trained: _LossAndAccuracy, validated: _LossAndAccuracy) -> None:
    result.epochs += 1
    result.train_loss.append(trained[0])
    result.train_accuracy.append(trained[1])
    result.validation_loss.append(validated[0])
    result.validation_accuracy.append(validated[1])


def _tell(stage: Stage, epoch: int, trained: _LossAndAccuracy, validated: _LossAndAccuracy) -> None:
    report(
        f"trainer stage={stage.name} epoch={epoch}/{stage.epochs} "
        f"loss={trained[0]:.4f} accuracy={trained[1]:.4f} "
        f"val_loss={validated[0]:.4f} val_accuracy={validated[1]:.4f}",
        done=epoch,
        total=stage.epochs,
        note=f"{stage.name}: val loss {validated[0]:.3f} acc {validated[1]:.3f}",
    )


_Step = Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]


def _train_step(task: Task, variables: Sequence[tf.Variable], stage: Stage) -> _Step:
    """A step that trains ``variables``; gives the batch's summed loss and its number of hits."""
    optimizer = tf_keras.optimizers.Adam(stage.learning_rate)
    optimizer.build(variables)
    kernels = [variable for variable in variables if variable.shape.rank > 1]

    @tf.function(autograph=False, reduce_retracing=True)
    def step(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        # Only what this stage trains is watched: the backward pass ends at the freeze boundary.
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            for variable in variables:
                tape.watch(variable)
            logits = task.model.logits(
                image.to_range(images, task.image),
                batch_norm_trains=stage.batch_norm == "train",
                dropout=task.options.dropout,
            )
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            penalty = stage.l2 * sum((tf.nn.l2_loss(kernel) for kernel in kernels), 0.0)
            loss = tf.reduce_mean(losses) + penalty
        gradients = tape.gradient(loss, variables, unconnected_gradients="zero")
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return tf.reduce_sum(losses), _hits(logits, labels)

    return cast(_Step, step)


def _evaluation_step(task: Task) -> _Step:
    @tf.function(autograph=False, reduce_retracing=True)
    def step(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        logits = task.model.logits(image.to_range(images, task.image))
        # A label that training never saw has index -1, is no class, and counts as a miss.
        known = tf.maximum(labels, 0)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(known, logits)
        return tf.reduce_sum(losses), _hits(logits, labels)

    return cast(_Step, step)


def _hits(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    hits = tf.equal(tf.argmax(logits, axis=-1), labels)
    return tf.reduce_sum(tf.cast(hits, tf.float32))


def _mean(step: _Step, batches: tf.data.Dataset) -> _LossAndAccuracy:
    """Mean loss and accuracy of a pass."""
    loss = hits = 0.0
    count = 0
    for images, labels in batches:
        batch_loss, batch_hits = step(images, labels)
        loss += float(batch_loss)
        hits += float(batch_hits)
        count += int(labels.shape[0])
    return loss / count, hits / count


def _check_finite(loss: float, stage: Stage, epoch: int) -> None:
    if not math.isfinite(loss):
        raise InputError(
            f"finetune.stages[{stage.name}]: the loss is {loss} in epoch {epoch}; it must stay "
            f"finite: lower learning_rate, now {stage.learning_rate}"
        )
