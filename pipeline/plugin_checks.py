"""Checks a user's own code, before any image is read."""

import tensorflow as tf

from modules.finetune.heads import build_head
from modules.finetune.losses import loss_of
from modules.gate.metrics import metric_of
from modules.images.augmentation import augment
from modules.settings import Evaluation, Finetune, ImageSpec, Stage

_CLASSES = 3  # of the head that is built to see whether it can be


def check_training(
    finetune: Finetune, stages: list[Stage], image: ImageSpec, output_dim: int
) -> None:
    """Builds the head, and calls each stage's loss and augmentation once.

    Args:
        finetune: whose head it is.
        stages: of the schedule.
        image: what the image function makes.
        output_dim: the width of the backbone's output.

    Raises:
        InputError: when one of them cannot be loaded, or does not give what it should.
    """
    if not finetune.plugins:
        return
    build_head(finetune.head, output_dim, _CLASSES, finetune.seed)
    for stage in stages:
        loss_of(stage.loss, f"finetune.stages[{stage.name}].loss")
        if stage.augmentation.operations:
            pixels = tf.zeros((image.height, image.width, 3), tf.uint8)
            augment(pixels, tf.constant([0, 0], tf.int64), stage.augmentation)


def check_gate(evaluation: Evaluation) -> None:
    """Loads each metric of a user's own, and calls it once.

    Raises:
        InputError: when one of them cannot be loaded, or does not give what it should.
    """
    for reference in evaluation.plugins:
        metric_of(reference)
