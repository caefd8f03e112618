"""A stage's optimizer, with a learning rate that depends on the step and on the block's depth."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import tensorflow as tf
import tf_keras

from modules.settings import LearningRateOptions, Stage

RateOf: TypeAlias = Callable[[float], tf_keras.optimizers.schedules.LearningRateSchedule]
"""The learning-rate schedule of the variables that have a given factor."""


class StageRate(tf_keras.optimizers.schedules.LearningRateSchedule):
    """A stage's learning rate by step, as a Keras schedule.

    The rate rises linearly from peak / warm-up steps to the peak. Then it stays there, follows half
    a cosine down to ``floor * peak`` at the stage's last step (Loshchilov and Hutter 2017,
    arXiv:1608.03983, without restarts), or is multiplied by ``step_factor`` every ``step_epochs``.

    Args:
        options: the stage's learning-rate options.
        epochs: how many epochs the stage has.
        steps: how many steps an epoch has.
        factor: multiplies the rate of every step.
    """

    def __init__(
        self, options: LearningRateOptions, epochs: int, steps: int, factor: float = 1.0
    ) -> None:
        self.options, self.epochs, self.steps, self.factor = options, epochs, steps, factor

    def __call__(self, step: Any) -> tf.Tensor:
        """Returns the rate of a step, counted from 0: float32 []."""
        options = self.options
        at = tf.cast(step, tf.float32)
        warm = float(math.ceil(options.warmup_epochs * self.steps))
        rate = tf.constant(options.peak * self.factor, tf.float32)
        if options.decay == "cosine":
            falling = max(self.epochs * self.steps - 1.0 - warm, 1.0)
            progress = tf.clip_by_value((at - warm) / falling, 0.0, 1.0)
            share = options.floor + (1.0 - options.floor) * 0.5 * (1.0 + tf.cos(math.pi * progress))
            rate *= share
        elif options.step_epochs is not None:
            rate *= (options.step_factor or 0.1) ** tf.floor(
                at / (options.step_epochs * self.steps)
            )
        if warm:
            rate *= tf.minimum((at + 1.0) / warm, 1.0)
        return rate

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments, from which Keras could rebuild the schedule."""
        return {
            "options": self.options.model_dump(),
            "epochs": self.epochs,
            "steps": self.steps,
            "factor": self.factor,
        }


@dataclass(frozen=True)
class ParameterGroup:
    """Variables that share a learning rate: the stage's, times ``factor``."""

    variables: tuple[tf.Variable, ...]
    factor: float


class StageOptimizer:
    """Trains groups of variables, each at its own share of the stage's learning rate.

    A Keras optimizer has one learning rate, so there is an optimizer for each factor.

    Args:
        stage: the stage's options.
        groups: the variables to train.
        steps: how many steps an epoch has.
        rate: replaces the stage's own schedule if given.

    Attributes:
        variables: the variables of all groups, those with the same factor together.
        parts: the Keras optimizers, for checkpoints.
    """

    def __init__(
        self, stage: Stage, groups: Sequence[ParameterGroup], steps: int, rate: RateOf | None = None
    ) -> None:
        def stage_rate(factor: float) -> StageRate:
            return StageRate(stage.learning_rate, stage.epochs, steps, factor)

        by_factor: dict[float, list[tf.Variable]] = {}
        for group in groups:
            by_factor.setdefault(group.factor, []).extend(group.variables)
        self.variables = [variable for members in by_factor.values() for variable in members]
        self._members = list(by_factor.values())
        self.parts = [
            _build(stage, (rate or stage_rate)(factor), members)
            for factor, members in by_factor.items()
        ]

    @property
    def step(self) -> tf.Variable:
        """How many steps have been taken, int64 []."""
        return self.parts[0].iterations

    def apply(self, gradients: Sequence[tf.Tensor]) -> None:
        """Updates ``variables`` with their gradients, given in the same order."""
        remaining = list(gradients)
        for part, members in zip(self.parts, self._members, strict=True):
            group_gradients, remaining = remaining[: len(members)], remaining[len(members) :]
            part.apply_gradients(zip(group_gradients, members, strict=True))


def _build(stage: Stage, rate: Any, variables: Sequence[tf.Variable]) -> Any:
    options = stage.optimizer
    if options.name == "sgd":
        momentum = 0.9 if options.momentum is None else options.momentum
        optimizer = tf_keras.optimizers.SGD(
            rate, momentum=momentum, nesterov=bool(options.nesterov)
        )
    elif options.name == "adamw":
        decay = 0.01 if options.weight_decay is None else options.weight_decay
        optimizer = tf_keras.optimizers.AdamW(rate, weight_decay=decay)
        optimizer.exclude_from_weight_decay(var_list=[v for v in variables if v.shape.rank < 2])
    else:
        optimizer = tf_keras.optimizers.Adam(rate)
    optimizer.build(list(variables))
    return optimizer
