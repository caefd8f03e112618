"""One step of training and one of evaluation, as graphs."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from modules.finetune.classifier import Classifier
from modules.finetune.distribution import Outcome, SingleDevice
from modules.finetune.forward import Forward, Rows
from modules.finetune.losses import Scalar, image_losses, loss_of
from modules.finetune.optimizers import StageOptimizer
from modules.finetune.saved_weights import ExponentialMovingAverage
from modules.images.feature_cache import Table, passes_at_once, rows_at_once
from modules.parallel import in_order
from modules.settings import Stage

Masks = tuple[Sequence[tf.Tensor], Sequence[tf.Tensor]]
"""What dropout multiplies the embeddings and the head's layers with, float32 [n, width] each."""
TrainStep = Callable[[Rows, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]


@dataclass(frozen=True)
class StepParts:
    """What a training step is made of.

    Attributes:
        stage: as configured.
        forward: a batch of rows to embeddings.
        rows: the form of a row.
        optimizer: of the variables that are trained.
        penalties: added to the loss.
        class_weights: None where all classes weigh the same.
        average: follows the weights, if the stage has one.
        seed: of the dropout.
        distribution: what shares the work of a batch.
    """

    stage: Stage
    forward: Forward
    rows: Sequence[tf.TensorSpec]
    optimizer: StageOptimizer
    penalties: Sequence[Scalar]
    class_weights: Sequence[float] | None
    average: ExponentialMovingAverage | None
    seed: int
    distribution: SingleDevice = field(default_factory=SingleDevice)


def train_step(model: Classifier, parts: StepParts) -> TrainStep:
    """A step of training.

    Returns:
        A function of rows and targets, float32 [n, classes], that gives the summed loss of the
        batch, without penalties, and its number of hits.
    """
    stage, optimizer = parts.stage, parts.optimizer
    targets_spec = tf.TensorSpec((None, model.classes), tf.float32)

    loss_function = loss_of(stage.loss, f"finetune.stages[{stage.name}].loss")

    def share(rows: Rows, targets: tf.Tensor, masks: Masks) -> Outcome:
        """Loss and hits, summed, and the gradients of the mean loss with all penalties."""
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
            loss = tf.add_n([tf.reduce_mean(losses), *(one() for one in parts.penalties)])
        gradients = tape.gradient(loss, optimizer.variables, unconnected_gradients="zero")
        hits = tf.equal(tf.argmax(logits, axis=-1), tf.argmax(targets, axis=-1))
        return [tf.reduce_sum(losses), tf.reduce_sum(tf.cast(hits, tf.float32))], gradients

    # One trace for batches of all sizes: the last of an epoch may be smaller.
    @tf.function(autograph=False, input_signature=[_batches_of(parts.rows), targets_spec])
    def step(rows: Rows, targets: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        # For the whole batch, so that what is dropped does not depend on how it is shared.
        layers = [(model.backbone.output_dim, stage.dropout)] if stage.dropout else []
        of_embeddings = _masks(layers, parts.seed, optimizer.step, targets)
        of_head = _masks(model.dropout_layers, parts.seed + 1, optimizer.step, targets)
        masks = (of_embeddings, of_head)
        (loss, hits), gradients = parts.distribution.over_rows(share, rows, targets, masks)
        optimizer.apply(gradients)
        if parts.average:
            parts.average.update(optimizer.step)
        return loss, hits

    return cast(TrainStep, step)


def _masks(
    layers: Sequence[tuple[int, float]], seed: int, step: tf.Variable, targets: tf.Tensor
) -> list[tf.Tensor]:
    """For each layer, given by its width and rate, what its values are multiplied with."""
    return [
        tf.nn.experimental.stateless_dropout(
            tf.ones((tf.shape(targets)[0], width)),
            rate,
            tf.stack([tf.constant(seed + number, tf.int64), step.value()]),
        )
        for number, (width, rate) in enumerate(layers)
    ]


@dataclass(frozen=True)
class Taken:
    """What some steps found.

    Attributes:
        steps: how many were taken.
        loss, hits: summed over the images.
        images: how many.
    """

    steps: int
    loss: float
    hits: float
    images: int


def train_steps(step: TrainStep) -> Callable[[Iterator[Any], int], Taken]:
    """Several steps in one call, which ends early when the loss is no longer finite.

    A call for each step takes longer than the step where only a head is trained.

    Returns:
        A function of an iterator over ``tf.data`` batches and of how many to take of it.
    """

    @tf.function(autograph=False, reduce_retracing=True)
    def run(batches: Any, steps: tf.Tensor) -> list[tf.Tensor]:
        def more(taken: tf.Tensor, loss: tf.Tensor, hits: tf.Tensor, images: tf.Tensor) -> Any:
            return (taken < steps) & tf.math.is_finite(loss)

        def one(taken: tf.Tensor, loss: tf.Tensor, hits: tf.Tensor, images: tf.Tensor) -> Any:
            rows, targets = next(batches)
            found = [tf.cast(value, tf.float64) for value in step(rows, targets)]
            return taken + 1, loss + found[0], hits + found[1], images + tf.shape(targets)[0]

        zero = tf.constant(0.0, tf.float64)
        return tf.while_loop(more, one, (0, zero, zero, 0), parallel_iterations=1)  # type: ignore[no-any-return]

    def take(batches: Iterator[Any], steps: int) -> Taken:
        taken, loss, hits, images = run(batches, tf.constant(steps))
        return Taken(int(taken), float(loss), float(hits), int(images))

    return take


def finiteness(variables: Sequence[tf.Variable]) -> Callable[[], bool]:
    """A check that every value of some variables is finite.

    The loss does not tell it: some kernels' ReLU makes zeros of NaNs, so that a network whose
    weights are NaN has the loss of one that knows nothing.
    """

    @tf.function(autograph=False)
    def are_finite() -> tf.Tensor:
        return tf.reduce_all([tf.reduce_all(tf.math.is_finite(value)) for value in variables])

    return lambda: bool(are_finite())


@dataclass(frozen=True)
class Measured:
    """What a pass over held-out images found.

    Attributes:
        loss: the mean cross-entropy, neither smoothed nor weighted.
        hits: for each image, in order, whether it was right.
    """

    loss: float
    hits: list[bool]

    @property
    def accuracy(self) -> float:
        """The share of hits."""
        return sum(self.hits) / len(self.hits)


class Measure:
    """Evaluates the model as it is, without augmentation, dropout or smoothing.

    Args:
        model: to be evaluated.
        forward: a batch of rows to embeddings.
        rows: the form of a row.
        distribution: what shares the work of a batch.
    """

    def __init__(
        self,
        model: Classifier,
        forward: Forward,
        rows: Sequence[tf.TensorSpec],
        distribution: SingleDevice,
    ) -> None:
        labels_spec = tf.TensorSpec((None,), tf.int64)

        @tf.function(autograph=False, input_signature=[_batches_of(rows), labels_spec])
        def step(rows: Rows, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            logits = model.classify(forward(rows))
            # A label that training never saw has index -1, is no class, and counts as a miss.
            known = tf.maximum(labels, 0)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(known, logits)
            return tf.reduce_sum(losses), tf.equal(tf.argmax(logits, axis=-1), labels)

        self._step, self._distribution = step, distribution

    def __call__(self, table: Table, labels: npt.NDArray[np.int64]) -> Measured:
        """A pass over a table whose rows have these labels.

        Every process makes it; all get what the chief found.
        """

        def part(start: int) -> tuple[tf.Tensor, tf.Tensor]:
            stop = min(start + size, table.count)
            return self._step(table.part(start, stop), tf.constant(labels[start:stop]))  # type: ignore[no-any-return]

        loss, hits, size = 0.0, list[bool](), rows_at_once(table.rows)
        for batch_loss, batch_hits in in_order(part, range(0, table.count, size), passes_at_once()):
            loss += float(batch_loss)
            hits += np.asarray(batch_hits).tolist()
        mean, *hits_of_chief = self._distribution.of_chief([loss / len(hits), *hits])
        return Measured(mean, [bool(hit) for hit in hits_of_chief])


def _batches_of(rows: Sequence[tf.TensorSpec]) -> tuple[tf.TensorSpec, ...]:
    return tuple(tf.TensorSpec((None, *row.shape), row.dtype) for row in rows)
