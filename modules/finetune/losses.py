"""What a stage minimises: a loss of each image, smoothed and weighted, and penalties."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal

import numpy as np
import tensorflow as tf

from modules import plugins
from modules.errors import InputError
from modules.settings import LossOptions, Stage
from modules.text import cause

Scalar = Callable[[], tf.Tensor]


def softmax_cross_entropy(logits: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    """Cross-entropy of a softmax: float32 [batch, classes] twice to float32 [batch]."""
    return tf.nn.softmax_cross_entropy_with_logits(targets, logits)


Loss = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""Logits and targets, float32 [batch, classes] each, to the loss of each image, float32 [batch]."""

TABLE: dict[str, Loss] = {"cross_entropy": softmax_cross_entropy}


def loss_of(options: LossOptions, key: str) -> Loss:
    """The loss that a stage names.

    Args:
        options: of ``TABLE``, or a plug-in, which gets its arguments by name behind the two.
        key: of the config, for messages.

    Raises:
        InputError: when a plug-in cannot be loaded, or gives no loss for each image.
    """
    if options.name in TABLE:
        return TABLE[options.name]
    function = plugins.load_callable(options.name, key, options.arguments, 2)
    loss = partial(function, **options.arguments)
    logits = tf.constant([[0.0, 0.0, 0.0], [-1.0, 0.5, 2.0]])
    targets = tf.constant([[1.0, 0.0, 0.0], [0.1, 0.1, 0.8]])
    # As training calls it: as a graph, for batches of any size.
    as_graph = tf.function(
        lambda logits, targets: tf.convert_to_tensor(loss(logits, targets)),
        input_signature=[tf.TensorSpec((None, 3), tf.float32)] * 2,
        autograph=False,
    )
    try:
        losses = as_graph(logits, targets)
    except Exception as error:
        raise InputError(
            f"{key}: {options.name} failed for logits and targets of [n, 3]: "
            f"{type(error).__name__}: {cause(error)}; correct it"
        ) from error
    if losses.shape != (2,) or losses.dtype != tf.float32:
        raise InputError(
            f"{key}: {options.name} turns logits and targets of [2, 3] into {losses.dtype.name} "
            f"{list(losses.shape)}, must be float32 [2]: a loss for each image"
        )
    if not np.isfinite(losses.numpy()).all():
        raise InputError(
            f"{key}: {options.name} gives {losses.numpy().tolist()} for logits of "
            f"{logits.numpy().tolist()}, must be finite; correct it"
        )
    return loss


def image_losses(
    logits: tf.Tensor,
    targets: tf.Tensor,
    *,
    loss: Loss = softmax_cross_entropy,
    label_smoothing: float = 0.0,
    class_weights: Sequence[float] | None = None,
) -> tf.Tensor:
    """The loss of each image, smoothed and weighted.

    Args:
        logits: float32 [batch, classes].
        targets: float32 [batch, classes], each row a distribution.
        loss: gets the logits and the smoothed targets.
        label_smoothing: the share of each target that is spread evenly over all classes.
        class_weights: what each class's loss is multiplied with; a mixed target's weight is the
            mean of its classes' weights.

    Returns:
        float32 [batch].
    """
    smoothed = targets
    if label_smoothing:
        smoothed = targets * (1.0 - label_smoothing) + label_smoothing / targets.shape[-1]
    losses = loss(logits, smoothed)
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
    """What is added to the mean loss of a step.

    Args:
        stage: how much of each.
        head: the head's variables.
        backbone: those of the backbone that the stage trains.
        pretrained: their values before any training.
        module_losses: the module's own regularisation.

    Returns:
        Functions, to be called under the tape, that give a float32 [] each.
    """
    terms: list[Scalar] = []
    kernels = [v for v in (head if stage.l2_sp else (*head, *backbone)) if v.shape.rank > 1]
    if stage.l2:
        terms.append(lambda: stage.l2 * tf.add_n([_half_square(kernel) for kernel in kernels]))
    if stage.l2_sp and backbone:
        start = [tf.constant(value) for value in pretrained]
        terms.append(
            lambda: (
                stage.l2_sp
                * tf.add_n([_half_square(v - w) for v, w in zip(backbone, start, strict=True)])
            )
        )
    if stage.module_losses and backbone:
        terms += [_as_scalar(loss) for loss in module_losses]
    return terms


def _half_square(values: tf.Tensor) -> tf.Tensor:
    """Half of the squared norm, float32 [], whatever the precision of the values."""
    return tf.nn.l2_loss(tf.cast(values, tf.float32))


def _as_scalar(loss: Scalar) -> Scalar:
    return lambda: tf.reduce_sum(tf.cast(loss(), tf.float32))
