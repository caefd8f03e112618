"""Training steps and evaluation steps, as graphs."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from modules.finetune.classifier import Classifier
from modules.finetune.distribution import SingleDevice, Strategy, SumsAndMeans
from modules.finetune.forward import Forward, Rows
from modules.finetune.losses import Scalar, image_losses, loss_of
from modules.finetune.optimizers import StageOptimizer
from modules.finetune.saved_weights import ExponentialMovingAverage
from modules.images.feature_cache import Table, passes_at_once, rows_at_once
from modules.parallel import in_order
from modules.settings import Stage

Masks = tuple[Sequence[tf.Tensor], Sequence[tf.Tensor]]
"""The dropout masks of the embeddings and of the head's layers, float32 [n, width] each."""
TrainStep = Callable[[Rows, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]


@dataclass(frozen=True, kw_only=True)
class StepParts:
    """What a training step is built from.

    Attributes:
        stage: the stage's options.
        forward: maps a batch of rows to embeddings.
        rows: the shapes and dtypes of a row's tensors.
        optimizer: updates the variables that are trained.
        penalties: terms that are added to the loss.
        class_weights: a weight for each class; None if all weigh the same.
        average: averages the weights; None if the stage has no ``ema``.
        seed: of the dropout.
        strategy: distributes the work of a batch.
    """

    stage: Stage
    forward: Forward
    rows: Sequence[tf.TensorSpec]
    optimizer: StageOptimizer
    penalties: Sequence[Scalar]
    class_weights: Sequence[float] | None
    average: ExponentialMovingAverage | None
    seed: int
    strategy: Strategy = field(default_factory=SingleDevice)


def train_step(model: Classifier, parts: StepParts) -> TrainStep:
    """Builds a training step.

    Returns:
        A function of rows and targets, float32 [n, classes]. It updates the weights, and returns
        the summed loss of the batch, without penalties, and its number of correct predictions.
    """
    stage, optimizer = parts.stage, parts.optimizer
    targets_spec = tf.TensorSpec((None, model.classes), tf.float32)
    loss_function = loss_of(stage.loss, f"finetune.stages[{stage.name}].loss")

    def loss_and_gradients(rows: Rows, targets: tf.Tensor, masks: Masks) -> SumsAndMeans:
        """Sums the losses and correct predictions; takes the gradients of the penalized loss."""
        # Only what this stage trains is watched: the backward pass ends at the freeze boundary.
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            for variable in optimizer.variables:
                tape.watch(variable)
            embeddings = parts.forward(rows)
            of_embeddings, of_head = masks
            for mask in of_embeddings:
                embeddings *= mask
            logits = model.classify(embeddings, *of_head)
            losses = image_losses(
                logits,
                targets,
                loss=loss_function,
                label_smoothing=stage.label_smoothing,
                class_weights=parts.class_weights,
            )
            loss = tf.add_n([tf.reduce_mean(losses), *(penalty() for penalty in parts.penalties)])
        gradients = tape.gradient(loss, optimizer.variables, unconnected_gradients="zero")
        correct = tf.equal(tf.argmax(logits, axis=-1), tf.argmax(targets, axis=-1))
        return [tf.reduce_sum(losses), tf.reduce_sum(tf.cast(correct, tf.float32))], gradients

    # One trace for batches of all sizes: the last of an epoch may be smaller.
    @tf.function(autograph=False, input_signature=[_batch_spec(parts.rows), targets_spec])
    def step(rows: Rows, targets: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        # The masks cover the whole batch: they must not depend on how rows are distributed.
        layers = [(model.backbone.output_dim, stage.dropout)] if stage.dropout else []
        of_embeddings = _masks(layers, parts.seed, optimizer.step, targets)
        of_head = _masks(model.dropout_layers, parts.seed + 1, optimizer.step, targets)
        masks = (of_embeddings, of_head)
        (loss, correct), gradients = parts.strategy.reduce_rows(
            loss_and_gradients, rows, targets, masks
        )
        optimizer.apply(gradients)
        if parts.average:
            parts.average.update(optimizer.step)
        return loss, correct

    return cast(TrainStep, step)


def _masks(
    layers: Sequence[tuple[int, float]], seed: int, step: tf.Variable, targets: tf.Tensor
) -> list[tf.Tensor]:
    """Returns a dropout mask for each layer, given by its width and rate."""
    return [
        tf.nn.experimental.stateless_dropout(
            tf.ones((tf.shape(targets)[0], width)),
            rate,
            tf.stack([tf.constant(seed + number, tf.int64), step.value()]),
        )
        for number, (width, rate) in enumerate(layers)
    ]


@dataclass(frozen=True)
class StepTotals:
    """Totals over several training steps.

    Attributes:
        steps: how many steps were taken.
        loss: the sum of the images' losses.
        correct: how many predictions were correct.
        images: how many images the steps were over.
    """

    steps: int
    loss: float
    correct: float
    images: int


def train_steps(step: TrainStep) -> Callable[[Iterator[Any], int], StepTotals]:
    """Runs several steps in one call, which ends early when the loss is no longer finite.

    Where only a head is trained, a call for each step would take longer than the step itself.

    Returns:
        A function of an iterator over ``tf.data`` batches, and of the number of steps to take.
    """

    @tf.function(autograph=False, reduce_retracing=True)
    def loop(batches: Any, steps: tf.Tensor) -> list[tf.Tensor]:
        def goes_on(done: tf.Tensor, loss: tf.Tensor, correct: tf.Tensor, images: tf.Tensor) -> Any:
            return (done < steps) & tf.math.is_finite(loss)

        def body(done: tf.Tensor, loss: tf.Tensor, correct: tf.Tensor, images: tf.Tensor) -> Any:
            rows, targets = next(batches)
            batch_loss, batch_correct = (
                tf.cast(total, tf.float64) for total in step(rows, targets)
            )
            return (
                done + 1,
                loss + batch_loss,
                correct + batch_correct,
                images + tf.shape(targets)[0],
            )

        zero = tf.constant(0.0, tf.float64)
        return tf.while_loop(goes_on, body, (0, zero, zero, 0), parallel_iterations=1)  # type: ignore[no-any-return]

    def run(batches: Iterator[Any], steps: int) -> StepTotals:
        done, loss, correct, images = loop(batches, tf.constant(steps))
        return StepTotals(int(done), float(loss), float(correct), int(images))

    return run


@dataclass(frozen=True)
class EvaluationResult:
    """The outcome of a pass over held-out images.

    Attributes:
        loss: the mean cross-entropy, neither smoothed nor weighted.
        correct: for each image, in order, whether its prediction was correct.
    """

    loss: float
    correct: list[bool]

    @property
    def accuracy(self) -> float:
        """The share of correct predictions."""
        return sum(self.correct) / len(self.correct)


class ModelEvaluator:
    """Evaluates the model as it is, without augmentation, dropout or smoothing.

    Args:
        model: the model to evaluate.
        forward: maps a batch of rows to embeddings.
        rows: the shapes and dtypes of a row's tensors.
        strategy: distributes the work of a batch.
    """

    def __init__(
        self,
        model: Classifier,
        forward: Forward,
        rows: Sequence[tf.TensorSpec],
        strategy: Strategy,
    ) -> None:
        labels_spec = tf.TensorSpec((None,), tf.int64)

        @tf.function(autograph=False, input_signature=[_batch_spec(rows), labels_spec])
        def step(rows: Rows, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            logits = model.classify(forward(rows))
            # A label that training never saw has index -1; no prediction of it can be correct.
            known = tf.maximum(labels, 0)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(known, logits)
            return tf.reduce_sum(losses), tf.equal(tf.argmax(logits, axis=-1), labels)

        self._step, self._strategy = step, strategy

    def __call__(self, table: Table, labels: npt.NDArray[np.int64]) -> EvaluationResult:
        """Evaluates the model on a table whose rows have these labels.

        Every process must call it; all get the chief's result.
        """

        def evaluate_from(start: int) -> tuple[tf.Tensor, tf.Tensor]:
            stop = min(start + size, table.count)
            return self._step(table.part(start, stop), tf.constant(labels[start:stop]))  # type: ignore[no-any-return]

        size = rows_at_once(table.rows)
        starts = range(0, table.count, size)
        loss, correct = 0.0, list[bool]()
        for batch_loss, batch_correct in in_order(evaluate_from, starts, passes_at_once()):
            loss += float(batch_loss)
            correct += np.asarray(batch_correct).tolist()
        mean, *of_chief = self._strategy.broadcast([loss / len(correct), *correct])
        return EvaluationResult(mean, [bool(value) for value in of_chief])


def _batch_spec(rows: Sequence[tf.TensorSpec]) -> tuple[tf.TensorSpec, ...]:
    return tuple(tf.TensorSpec((None, *row.shape), row.dtype) for row in rows)
