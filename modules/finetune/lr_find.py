"""A learning-rate range test: at which rates a stage learns, and where its loss blows up.

The rate rises exponentially from step to step while the stage trains as it would (Smith 2017,
arXiv:1506.01186); the loss is smoothed, and the test ends early when it has risen far above its
least (as in fastai, Howard and Gugger 2020, arXiv:2002.04688).
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
from modules.finetune import weight_drift
from modules.finetune.context import TrainingContext
from modules.finetune.schedule import PlannedStage
from modules.finetune.stage_data import StageData
from modules.finetune.stage_run import StageRun
from modules.progress import report

_LOW, _HIGH = 1e-6, 1.0  # the rates of the first and the last step
# It has blown up at so many times the least smoothed loss, fastai's number, and at this share of
# ln(classes), the loss of guessing: four times next to nothing is next to nothing.
_BLOWN_UP, _OF_GUESSING = 4.0, 0.25
# The smoothing remembers a twentieth of the steps, a third of a decade. Until then the least loss
# is that of a few batches, and nothing is concluded from it.
_REMEMBERED = 0.05
_LEFT = 0.5  # of the fall lies before the loss, once it has left its first level
_ROUNDING = 1e-6  # a fall of no more is the sums' own
_EACH = 10  # steps between two reports

_Numbers: TypeAlias = npt.NDArray[np.float64]
_Suggestions: TypeAlias = tuple[float | None, float | None]


class RisingRate(tf_keras.optimizers.schedules.LearningRateSchedule):
    """The rate by step: ``rates`` as a Keras schedule.

    Args:
        steps: of the test.
        factor: for all of it.
    """

    def __init__(self, steps: int, factor: float = 1.0) -> None:
        self.steps, self.factor = steps, factor

    def __call__(self, step: Any) -> tf.Tensor:
        """The rate of a step, the first being 0: float32 []."""
        share = tf.cast(step, tf.float32) / (self.steps - 1)
        return self.factor * _LOW * tf.exp(math.log(_HIGH / _LOW) * share)

    def get_config(self) -> dict[str, Any]:
        """What Keras would rebuild it from."""
        return {"steps": self.steps, "factor": self.factor}


@dataclass(frozen=True)
class RangeTest:
    """What a test found; the three lists hold a number for each step that was taken.

    Attributes:
        rates: of the head; a block's is that times its factor.
        losses: each batch's mean, before its step, without penalties.
        smoothed: the same without the scatter of the batches, single losses being cut off at what
            the loss fell from.
        suggested: the rate at which the smoothed loss falls steepest per decade; None where it
            falls by less than single losses scatter.
        tenth_of_least: a tenth of the rate of the least smoothed loss; None likewise.
        blown_up: whether it ended early.
    """

    rates: list[float]
    losses: list[float]
    smoothed: list[float]
    suggested: float | None
    tenth_of_least: float | None
    blown_up: bool


def range_test(
    task: TrainingContext, planned: Sequence[PlannedStage], number: int, steps: int
) -> RangeTest:
    """Tests a stage; the model's weights are spent afterwards.

    The stages before it are trained first, for it starts from the best weights of the last of them.

    Args:
        task: what the schedule runs on; nothing is written to its checkpoints.
        planned: the schedule.
        number: of the stage, from 0.
        steps: how many rates are tried, at least 2; the images are gone through as often as needed.

    Raises:
        InputError: when the loss is not finite at the lowest rate, or in a stage before.
    """
    pretrained = weight_drift.pretrained_weights(task.blocks)
    data = StageData(task, planned[: number + 1])
    # Not ``training.fit``, which leaves the weights of the best of these stages, not of the last.
    for before in range(number):
        StageRun(task, planned[before], before, data, pretrained, None).run()
        data.release_before(before + 1)
    run = StageRun(
        task, planned[number], number, data, pretrained, None, lambda f: RisingRate(steps, f)
    )
    floor = _OF_GUESSING * math.log(len(task.labels))
    losses, blown_up = _losses(run, steps, floor, planned[number].stage.name)
    data.release_before(number + 1)
    return judge(rates(steps)[: len(losses)], losses, memory(steps), floor, blown_up=blown_up)


def rates(steps: int) -> list[float]:
    """From 1e-6 to 1, the ratio of one to the next being always the same."""
    return [float(rate) for rate in np.geomspace(_LOW, _HIGH, steps)]


def memory(steps: int) -> float:
    """How much less each step away counts in the smoothing of a test of so many steps."""
    return 1.0 - 1.0 / max(_REMEMBERED * steps, 2.0)


def _losses(run: StageRun, steps: int, floor: float, stage: str) -> tuple[list[float], bool]:
    """Trains until the steps are over or the loss blows up, ``floor`` at least; says which."""
    losses, smoothed = list[float](), list[float]()
    for loss in itertools.islice(_batches(run), steps):
        if not math.isfinite(loss):
            break
        losses.append(loss)
        smoothed.append(running_mean(losses, memory(steps)))
        settled = smoothed[math.ceil(_REMEMBERED * steps) :]
        if settled and settled[-1] > max(_BLOWN_UP * min(settled), floor):
            break
        done = len(losses)
        if done % _EACH == 0:
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
    """Epoch after epoch, without end."""
    for epoch in itertools.count(1):
        yield from run.batch_losses(epoch)


def running_mean(losses: Sequence[float], memory: float) -> float:
    """The exponential running mean at the last loss, with its bias corrected.

    A loss counts ``memory`` times as much as the one after it, and the weights add up to 1: the
    same as Adam's m / (1 - memory^t) (Kingma and Ba 2015, section 3).
    """
    weights = memory ** np.arange(len(losses))[::-1]
    return float(np.average(losses, weights=weights))


def smooth(losses: Sequence[float] | _Numbers, memory: float) -> list[float]:
    """The running mean to both sides: a loss counts ``memory`` ^ its distance in steps.

    The running mean alone is late, by 4 steps at a memory of 0.8, and what is late here is a rate
    that is too high.
    """
    places = np.arange(len(losses))
    weights = memory ** np.abs(places[:, None] - places)
    return [float(mean) for mean in weights @ np.asarray(losses) / weights.sum(axis=1)]


def judge(
    rates: Sequence[float], losses: Sequence[float], memory: float, floor: float, *, blown_up: bool
) -> RangeTest:
    """Reads the suggestions off the losses.

    Args:
        rates: rising.
        losses: as many, finite, at least one.
        memory: of the smoothing.
        floor: below it no loss counts as blown up.
        blown_up: whether the test ended early.
    """
    running = [running_mean(losses[:taken], memory) for taken in range(1, len(losses) + 1)]
    # What has blown up counts as no more than what the loss fell from: the mean reaches to both
    # sides, and one loss of a hundred would bury the least.
    ceiling = max(floor, *running[: int(np.argmin(running)) + 1])
    smoothed = smooth(np.minimum(losses, ceiling), memory)
    found = _suggestions(np.log10(rates), np.array(losses), np.array(smoothed))
    return RangeTest(list(rates), list(losses), smoothed, *found, blown_up)


def _suggestions(decades: _Numbers, losses: _Numbers, smoothed: _Numbers) -> _Suggestions:
    """Where the smoothed loss falls steepest, and a tenth of where it is least."""
    least = int(np.argmin(smoothed))
    scatter = float(np.std(losses[: least + 1] - smoothed[: least + 1]))
    fall = smoothed[0] - smoothed[least]
    if fall <= max(scatter, _ROUNDING):
        return None, None
    # Before the loss has left its first level for good, and after its least, it may fall steeply
    # by chance.
    near_first = smoothed[:least] >= smoothed[least] + _LEFT * fall
    way = slice(int(np.flatnonzero(near_first)[-1]), least + 1)
    steepest = way.start + int(np.argmin(np.gradient(smoothed[way], decades[way])))
    return float(10.0 ** decades[steepest]), float(10.0 ** decades[least] / 10.0)
