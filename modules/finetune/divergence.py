"""What ends a run whose loss or weights are no longer finite."""

from collections.abc import Callable, Sequence
from pathlib import Path

import tensorflow as tf

from modules.errors import InputError
from modules.finetune.schedule import PlannedStage


def finiteness(variables: Sequence[tf.Variable]) -> Callable[[], bool]:
    """Returns a function that checks whether every value of some variables is finite.

    The loss alone does not show it: the ReLU of some kernels turns NaN into zero, so a network
    whose weights are NaN has the loss of an untrained one.
    """

    @tf.function(autograph=False)
    def are_finite() -> tf.Tensor:
        return tf.reduce_all([tf.reduce_all(tf.math.is_finite(value)) for value in variables])

    return lambda: bool(are_finite())


def divergence_error(planned: PlannedStage, checkpoints: Path | None, problem: str) -> InputError:
    """Returns the error for a person: what diverged where, and which options to lower.

    Args:
        planned: the stage that diverged.
        checkpoints: the folder of the run's checkpoints; None for none.
        problem: what is no longer finite, and in which epoch.
    """
    stage = planned.stage
    causes = [f"learning_rate, now {stage.learning_rate.peak:g}"]
    penalties = {"l2": stage.l2, "l2_sp": stage.l2_sp}
    causes += [f"{key}, now {value:g}" for key, value in penalties.items() if value]
    if isinstance(stage.class_weights, dict):
        causes.append("the class_weights")
    has_checkpoint = checkpoints is not None and any(checkpoints.glob("*-*/checkpoint"))
    kept = f"; the checkpoints before it are kept in {checkpoints}" if has_checkpoint else ""
    return InputError(
        f"{planned.key}: {problem}; both loss and weights must stay "
        f"finite: lower {' or '.join(causes)}{kept}"
    )
