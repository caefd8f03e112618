"""What a stage minimises: cross-entropy, smoothed and weighted, and its penalties."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import tensorflow as tf

from modules.settings import Stage

Scalar = Callable[[], tf.Tensor]


def cross_entropy(
    logits: tf.Tensor,
    targets: tf.Tensor,
    *,
    label_smoothing: float = 0.0,
    class_weights: Sequence[float] | None = None,
) -> tf.Tensor:
    """The loss of each image.

    Args:
        logits: float32 [batch, classes].
        targets: float32 [batch, classes], each row a distribution.
        label_smoothing: the share of each target that is spread evenly over all classes.
        class_weights: what each class's loss is multiplied with; a mixed target's weight is the
            mean of its classes' weights.

    Returns:
        float32 [batch].
    """
    smoothed = targets
    if label_smoothing:
        smoothed = targets * (1.0 - label_smoothing) + label_smoothing / targets.shape[-1]
    losses = tf.nn.softmax_cross_entropy_with_logits(smoothed, logits)
    if class_weights is not None:
        losses *= tf.linalg.matvec(targets, tf.constant(class_weights, tf.float32))
    return losses


def resolve_class_weights(
    wanted: Literal["none", "balanced"] | Mapping[str, float],
    labels: Sequence[str],
    counts: Sequence[int],
) -> list[float] | None:
    """A weight for each class.

    ``balanced`` is images / (classes * images of the class), so that all classes weigh the same
    and the mean weight of an image is 1 (King and Zeng 2001, as in scikit-learn).

    Args:
        wanted: as configured.
        labels: the classes, in the order of their indices.
        counts: training images of each.

    Returns:
        In the order of ``labels``, 1 for those that no weight is given to; None where all weigh
        the same.
    """
    if wanted == "none":
        return None
    if isinstance(wanted, str):
        return [sum(counts) / (len(counts) * count) for count in counts]
    return [wanted.get(label, 1.0) for label in labels]


def penalties(
    stage: Stage,
    head: Sequence[tf.Variable],
    backbone: Sequence[tf.Variable],
    pretrained: Sequence[Any],
    module_losses: Sequence[Scalar],
) -> list[Scalar]:
    """What is added to the mean cross-entropy of a step.

    Args:
        stage: how much of each.
        head: the head's variables.
        backbone: those of the backbone that the stage trains.
        pretrained: their values before any training.
        module_losses: the module's own regularisation.

    Returns:
        Functions, to be called under the tape, that give a float32 [] each.
    """
    found: list[Scalar] = []
    kernels = [v for v in (head if stage.l2_sp else (*head, *backbone)) if v.shape.rank > 1]
    if stage.l2:
        found.append(lambda: stage.l2 * tf.add_n([_half_square(kernel) for kernel in kernels]))
    if stage.l2_sp and backbone:
        start = [tf.constant(value) for value in pretrained]
        found.append(
            lambda: (
                stage.l2_sp
                * tf.add_n([_half_square(v - w) for v, w in zip(backbone, start, strict=True)])
            )
        )
    if stage.module_losses and backbone:
        found += [_as_scalar(loss) for loss in module_losses]
    return found


def _half_square(values: tf.Tensor) -> tf.Tensor:
    """Half of the squared norm, float32 [], whatever the precision of the values."""
    return tf.nn.l2_loss(tf.cast(values, tf.float32))


def _as_scalar(loss: Scalar) -> Scalar:
    return lambda: tf.reduce_sum(tf.cast(loss(), tf.float32))
