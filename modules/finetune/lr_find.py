"""A learning-rate range test: at which rates a stage learns, and where its loss blows up.

The rate rises exponentially from step to step while the stage trains as usual (Smith 2017,
arXiv:1506.01186). The loss is smoothed, and the test ends early once it has risen far above its
minimum (as in fastai, Howard and Gugger 2020, arXiv:2002.04688).
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tf_keras

from modules.errors import InputError
from modules.finetune.context import TrainingContext
from modules.finetune.optimizers import RateOf
from modules.finetune.schedule import PlannedStage
from modules.finetune.stage_data import StageData
from modules.finetune.stage_run import StageRun
from modules.finetune.weight_drift import pretrained_weights
from modules.progress import report

_LOW, _HIGH = 1e-6, 1.0  # the rates of the first and the last step
# The loss has blown up at this many times the minimum of the smoothed loss (fastai's number), if it
# is also at least this share of ln(classes), the loss of guessing: four times a tiny loss is tiny.
_BLOWN_UP, _OF_GUESSING = 4.0, 0.25
# The smoothing covers a twentieth of the steps, a third of a decade. Before that the minimum is the
# loss of only a few batches, so nothing is concluded from it.
_SMOOTHED_SHARE = 0.05
_REMAINING_FALL = 0.5  # the loss has left its initial level once less of the fall lies ahead
_ROUNDING = 1e-6  # a smaller fall may be rounding of the sums
_REPORT_STEPS = 10  # steps between two reports

_Numbers: TypeAlias = npt.NDArray[np.float64]
_Suggestions: TypeAlias = tuple[float | None, float | None]


class RisingRate(tf_keras.optimizers.schedules.LearningRateSchedule):
    """The learning rates of the test by step: ``rates`` as a Keras schedule.

    Args:
        steps: how many steps the test has.
        factor: multiplies the rate of every step.
    """

    def __init__(self, steps: int, factor: float = 1.0) -> None:
        self.steps, self.factor = steps, factor

    def __call__(self, step: Any) -> tf.Tensor:
        """Returns the rate of a step, counted from 0: float32 []."""
        share = tf.cast(step, tf.float32) / (self.steps - 1)
        return self.factor * _LOW * tf.exp(math.log(_HIGH / _LOW) * share)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments, from which Keras could rebuild the schedule."""
        return {"steps": self.steps, "factor": self.factor}


@dataclass(frozen=True)
class RangeTest:
    """The result of a test; the three lists have an item for each step that was taken.

    Attributes:
        rates: the head's learning rate; a block's is this times its factor.
        losses: each batch's mean loss, before its step, without penalties.
        smoothed: the smoothed losses; before smoothing, each loss is limited to the level that the
            loss fell from.
        suggested: the rate at which the smoothed loss falls most steeply per decade; None if it
            falls by less than single losses scatter.
        tenth_of_least: a tenth of the rate at the minimum of the smoothed loss; None likewise.
        blown_up: whether the test ended early.
    """

    rates: list[float]
    losses: list[float]
    smoothed: list[float]
    suggested: float | None
    tenth_of_least: float | None
    blown_up: bool


def range_test(
    context: TrainingContext, planned: Sequence[PlannedStage], number: int, steps: int
) -> RangeTest:
    """Tests a stage; afterwards the model's weights are of no use.

    The stages before it are trained first, since it starts from the best weights of the last one.

    Args:
        context: the model, data and options; nothing is written to its checkpoints.
        planned: the schedule.
        number: the stage's place in the schedule, from 0.
        steps: how many rates are tried, at least 2; the images are repeated as often as needed.

    Raises:
        InputError: when the loss is not finite at the lowest rate, or in an earlier stage.
    """
    data = StageData(context, planned[: number + 1])
    pretrained = pretrained_weights(context.blocks)

    def stage_run(place: int, rate: RateOf | None = None) -> StageRun:
        return StageRun(
            context, planned[place], place, data=data, pretrained=pretrained, folder=None, rate=rate
        )

    # ``training.fit`` would leave the weights of the best of these stages, not of the last.
    for earlier in range(number):
        stage_run(earlier).run()
        data.release_before(earlier + 1)
    run = stage_run(number, lambda factor: RisingRate(steps, factor))
    floor = _OF_GUESSING * math.log(len(context.labels))
    losses, blown_up = _losses(run, steps, floor, planned[number].stage.name)
    data.release_before(number + 1)
    return interpret(rates(steps)[: len(losses)], losses, memory(steps), floor, blown_up=blown_up)


def rates(steps: int) -> list[float]:
    """Returns learning rates from 1e-6 to 1, with a constant ratio of each to the next."""
    return [float(rate) for rate in np.geomspace(_LOW, _HIGH, steps)]


def memory(steps: int) -> float:
    """Returns the factor by which the smoothing's weight falls with each step of distance.

    It depends on how many steps the test has.
    """
    return 1.0 - 1.0 / max(_SMOOTHED_SHARE * steps, 2.0)


def _losses(run: StageRun, steps: int, floor: float, stage: str) -> tuple[list[float], bool]:
    """Trains for so many steps, or until the loss blows up; returns the losses, and whether it did.

    A loss below ``floor`` does not count as blown up.
    """
    losses, smoothed = list[float](), list[float]()
    for loss in itertools.islice(_batches(run), steps):
        if not math.isfinite(loss):
            break
        losses.append(loss)
        smoothed.append(running_mean(losses, memory(steps)))
        settled = smoothed[math.ceil(_SMOOTHED_SHARE * steps) :]
        if settled and settled[-1] > max(_BLOWN_UP * min(settled), floor):
            break
        done = len(losses)
        if done % _REPORT_STEPS == 0:
            text = f"lr-find stage={stage} step={done}/{steps} loss={smoothed[-1]:.4f}"
            report(text, done=done, total=steps, note=f"{stage}: loss {smoothed[-1]:.3f}")
    else:
        return losses, False
    if not losses:
        raise InputError(
            f"finetune.stages[{stage}]: the loss is {loss} before the first step; it must be "
            "finite: look at backbone.input_range, class_weights and the module"
        )
    return losses, True


def _batches(run: StageRun) -> Iterator[float]:
    """Yields the batch losses of one epoch after another, without end."""
    for epoch in itertools.count(1):
        yield from run.batch_losses(epoch)


def running_mean(losses: Sequence[float], memory: float) -> float:
    """Returns the bias-corrected exponential moving average at the last loss.

    Each loss has ``memory`` times the weight of the next, and the weights sum to 1, as in Adam's
    m / (1 - memory^t) (Kingma and Ba 2015, section 3).
    """
    weights = memory ** np.arange(len(losses))[::-1]
    return float(np.average(losses, weights=weights))


def smooth(losses: Sequence[float] | _Numbers, memory: float) -> list[float]:
    """Averages to both sides: a loss at a distance of d steps has the weight ``memory`` ^ d.

    A one-sided average lags, by 4 steps at a memory of 0.8, and a lag here means a rate that is too
    high.
    """
    steps = np.arange(len(losses))
    weights = memory ** np.abs(steps[:, None] - steps)
    return [float(mean) for mean in weights @ np.asarray(losses) / weights.sum(axis=1)]


def interpret(
    rates: Sequence[float], losses: Sequence[float], memory: float, floor: float, *, blown_up: bool
) -> RangeTest:
    """Derives the suggested rates from the losses.

    Args:
        rates: the rate of each step, in ascending order.
        losses: a loss for each rate, finite; at least one.
        memory: the factor of the smoothing, as ``memory`` returns it.
        floor: a loss below this does not count as blown up.
        blown_up: whether the test ended early.
    """
    running = [running_mean(losses[:steps], memory) for steps in range(1, len(losses) + 1)]
    # Losses are limited to the level that the loss fell from, since the average is two-sided: one
    # loss of 100 would hide the minimum.
    ceiling = max(floor, *running[: int(np.argmin(running)) + 1])
    smoothed = smooth(np.minimum(losses, ceiling), memory)
    suggestions = _suggestions(np.log10(rates), np.array(losses), np.array(smoothed))
    return RangeTest(list(rates), list(losses), smoothed, *suggestions, blown_up)


def _suggestions(decades: _Numbers, losses: _Numbers, smoothed: _Numbers) -> _Suggestions:
    """Returns the rate of the steepest fall, and a tenth of the rate at the minimum."""
    least = int(np.argmin(smoothed))
    scatter = float(np.std(losses[: least + 1] - smoothed[: least + 1]))
    fall = smoothed[0] - smoothed[least]
    if fall <= max(scatter, _ROUNDING):
        return None, None
    # A steep fall is chance before the loss has left its initial level for good, and after the
    # minimum.
    is_initial = smoothed[:least] >= smoothed[least] + _REMAINING_FALL * fall
    descent = slice(int(np.flatnonzero(is_initial)[-1]), least + 1)
    steepest = descent.start + int(np.argmin(np.gradient(smoothed[descent], decades[descent])))
    return float(10.0 ** decades[steepest]), float(10.0 ** decades[least] / 10.0)
