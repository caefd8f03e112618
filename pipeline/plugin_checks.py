"""Checks a user's own code, before any image is read."""

import numpy as np
import tensorflow as tf

from modules.errors import InputError
from modules.finetune.heads import build_head
from modules.finetune.losses import loss_of
from modules.gate.metrics import metric_of
from modules.images.augmentation import OPERATIONS_KEY, augment
from modules.settings import STAGES_KEY, Augmentation, Evaluation, Finetune, ImageSpec, Stage
from modules.text import cause

_CLASSES = 3  # of the head that is built to see whether it can be


def check_training(
    finetune: Finetune,
    stages: list[Stage],
    image: ImageSpec,
    output_dim: int,
    key: str = STAGES_KEY,
) -> None:
    """Builds the head, and calls each stage's loss and augmentation once.

    Args:
        finetune: whose head it is.
        stages: of the schedule.
        image: what the image function makes.
        output_dim: the width of the backbone's output.
        key: of the stages, for messages.

    Raises:
        InputError: when one of them cannot be loaded, or does not give what it should.
    """
    if not finetune.plugins:
        return
    build_head(finetune.head, output_dim, _CLASSES, finetune.seed)
    for stage in stages:
        loss_of(stage.loss, f"{key}[{stage.name}].loss")
        if stage.augmentation.operations:
            _check_operations(stage.augmentation, image)


def _check_operations(options: Augmentation, image: ImageSpec) -> None:
    """Augments noise as a graph, as training does, twice with the same seed."""
    shape = (image.height, image.width, 3)
    noise = tf.random.stateless_uniform(shape, (0, 0), 0, 256, tf.int32)
    pixels, seed = tf.cast(noise, tf.uint8), tf.constant([0, 0], tf.int64)

    @tf.function(autograph=False)
    def augmented(pixels: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        return augment(pixels, seed, options)

    try:
        first, second = augmented(pixels, seed), augmented(pixels, seed)
    except tf.errors.OpError as error:
        raise InputError(
            f"{OPERATIONS_KEY}: {_named(options)} failed: {type(error).__name__}: {cause(error)}; "
            "correct it"
        ) from error
    if np.any(first.numpy() != second.numpy()):
        raise InputError(
            f"{OPERATIONS_KEY}: {_named(options)} gives two images for one image and seed, must "
            "draw from the seed alone (tf.random.stateless_uniform), so that a run can continue; "
            "correct it"
        )


def _named(options: Augmentation) -> str:
    return " or ".join(operation.name for operation in options.operations)


def check_gate(evaluation: Evaluation) -> None:
    """Loads each metric of a user's own, and calls it once.

    Raises:
        InputError: when one of them cannot be loaded, or does not give what it should.
    """
    for reference in evaluation.rules_alone().plugins:
        metric_of(reference)
