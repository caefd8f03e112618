"""The metrics that rules may name, and what a metric of a user's own offers."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from modules import intervals, plugins
from modules.errors import InputError
from modules.gate import statistics
from modules.gate.predictions import Answers, answers_of
from modules.gate.statistics import Floats
from modules.settings import metric_form
from modules.text import cause

KEY = "evaluation.rules"
_SEED = 0
_EACH_END = 0.5 + intervals.LEVEL / 2  # of an interval of 95 %


@dataclass(frozen=True)
class ShareMetric:
    """A share of the images: those that a model has right, in whatever sense.

    Attributes:
        correct: from one model's answers to bool [n], an entry for each image.
        higher_is_better: whether a greater share is a better model.
        name: of the metric; a plug-in's is that of the variable that holds it.
    """

    correct: Callable[[Answers], npt.NDArray[np.bool_]]
    higher_is_better: bool = True
    name: str = ""

    def value(self, answers: Answers) -> float:
        """The metric of at least one image, in [0, 1]."""
        return float(np.mean(self.correct(answers)))

    def interval(self, answers: Answers) -> tuple[float, float]:
        """Interval of ``value``, of 95 %."""
        share = intervals.accuracy(self.correct(answers).tolist())
        return share.low, share.high

    def change_interval(self, candidate: Answers, baseline: Answers) -> tuple[float, float]:
        """Interval of the candidate's value minus the baseline's on the same images, of 95 %.

        The interval of the test that blesses is exact, and takes a tenth of a second or more: too
        long for each of a thousand classes. This one is only shown.
        """
        ours, theirs = self.correct(candidate), self.correct(baseline)
        gain = intervals.gain(ours.tolist(), theirs.tolist())
        return gain.low, gain.high

    def pairs(self, candidate: Answers, baseline: Answers) -> tuple[int, int]:
        """How many images count for the candidate alone, and how many for the baseline alone."""
        ours, theirs = self.correct(candidate), self.correct(baseline)
        return int((ours & ~theirs).sum()), int((theirs & ~ours).sum())


@dataclass(frozen=True)
class StatisticMetric:
    """A number that is no share of the images; its intervals come from bootstrap samples.

    Attributes:
        columns: from one model's answers to float64 [n, k], a row for each image.
        statistic: from [..., n, k] to [...], each in [0, 1]; it gets many samples at once.
        higher_is_better: whether a greater number is a better model.
        name: of the metric; a plug-in's is that of the variable that holds it.
    """

    columns: Callable[[Answers], Floats]
    statistic: Callable[[Floats], Floats]
    higher_is_better: bool
    name: str = ""

    def value(self, answers: Answers) -> float:
        """The metric of at least one image, in [0, 1]."""
        return float(self.statistic(self.columns(answers)))

    def interval(self, answers: Answers) -> tuple[float, float]:
        """Interval of ``value``, of 95 %."""
        ends = statistics.bootstrap_interval(
            self.columns(answers), self.statistic, _EACH_END, _SEED
        )
        return max(0.0, ends[0]), min(1.0, ends[1])

    def change_interval(self, candidate: Answers, baseline: Answers) -> tuple[float, float]:
        """Interval of the candidate's value minus the baseline's on the same images, of 95 %."""
        ours, theirs = self.columns(candidate), self.columns(baseline)
        width = ours.shape[-1]

        def change(columns: Floats) -> Floats:
            before = self.statistic(columns[..., width:])
            return np.asarray(self.statistic(columns[..., :width]) - before)

        both = np.concatenate([ours, theirs], axis=1)
        ends = statistics.bootstrap_interval(both, change, _EACH_END, _SEED)
        return max(-1.0, ends[0]), min(1.0, ends[1])


Metric: TypeAlias = ShareMetric | StatisticMetric


def top(n: int) -> ShareMetric:
    """The share of images whose class is among the n highest scores."""

    def correct(answers: Answers) -> npt.NDArray[np.bool_]:
        # A class that the model does not know has the rank behind all, and is never right.
        return np.asarray((answers.rank < n) & (answers.rank < len(answers.labels)))

    return ShareMetric(correct, name=f"top_{n}")


def _calibration(answers: Answers) -> Floats:
    return np.stack([answers.confidence, answers.hit.astype(np.float64)], axis=1)


ACCURACY = replace(top(1), name="accuracy")
ECE = StatisticMetric(
    _calibration, statistics.calibration_error, higher_is_better=False, name="ece"
)

# By the forms of ``settings.METRICS``; each is called with the form's number, 0 where it has none.
TABLE: dict[str, Callable[[int], Metric]] = {
    "accuracy": lambda _: ACCURACY,
    "top_N": top,
    "ece": lambda _: ECE,
}


def metric_of(name: str) -> Metric:
    """The metric that a rule names: one of ``TABLE``, or a user's own.

    Raises:
        InputError: when a user's own cannot be loaded, or is no metric.
    """
    form, number = metric_form(name)
    if form in TABLE:
        return TABLE[form](number)
    metric = plugins.load(name, KEY)
    if not isinstance(metric, ShareMetric | StatisticMetric):
        raise InputError(
            f"{KEY}: {name} is of type {type(metric).__name__}, must be a ShareMetric or a "
            "StatisticMetric of modules.gate.metrics; name one"
        )
    metric = _as_arrays(metric, name.partition(":")[2])
    _check(metric, name)
    return metric


def _as_arrays(metric: Metric, name: str) -> Metric:
    """A user's own metric under its name, whose functions may give lists or tensors too."""
    if isinstance(metric, ShareMetric):
        correct = metric.correct
        return replace(metric, name=name, correct=lambda answers: np.asarray(correct(answers)))
    columns = metric.columns
    return replace(metric, name=name, columns=lambda answers: np.asarray(columns(answers)))


def _check(metric: Metric, name: str) -> None:
    """Refuses a metric that does not give what it should for some answers."""
    scores = np.array([[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.2, 0.3, 0.5], [0.4, 0.4, 0.2]])
    answers = answers_of(("a", "b", "c"), scores, np.array([0, 2, 2, -1]))
    try:
        problem = _problem(metric, answers)
    except Exception as error:
        problem = f"failed: {type(error).__name__}: {cause(error)}; correct it"
    if problem:
        raise InputError(f"{KEY}: {name} {problem}")


def _problem(metric: Metric, answers: Answers) -> str:
    n = len(answers.rank)
    if isinstance(metric, ShareMetric):
        correct: Any = np.asarray(metric.correct(answers))
        right = correct.shape == (n,) and correct.dtype == np.bool_
        got = f"{correct.dtype} {list(correct.shape)}"
        return "" if right else f"gives {got} of {n} images, must give bool [{n}]"
    columns = np.asarray(metric.columns(answers))
    if columns.ndim != 2 or len(columns) != n:
        return f"gives columns of {list(columns.shape)} for {n} images, must be [{n}, k]"
    values = np.asarray(metric.statistic(np.stack([columns, columns])))
    if values.shape != (2,) or not ((values >= 0) & (values <= 1)).all():
        return f"gives {values.tolist()} for two samples, must be an array of two numbers in [0, 1]"
    metric.change_interval(answers, answers)
    return ""
