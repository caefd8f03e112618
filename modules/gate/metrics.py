"""The metrics that rules may name."""

import numpy as np
import numpy.typing as npt

from modules import intervals
from modules.gate import statistics
from modules.gate.predictions import Answers

ACCURACY = "accuracy"
ECE = "ece"
_SEED = 0
_EACH_END = 0.5 + intervals.LEVEL / 2  # of an interval of 95 %


def value_of(metric: str, answers: Answers) -> float:
    """A metric in [0, 1] of at least one image.

    Args:
        metric: ``accuracy``; ``top_N``, the share of images whose class is among the N highest
            scores; ``ece``, the expected calibration error.
        answers: one model's.
    """
    if metric == ECE:
        return float(statistics.calibration_error(_calibration(answers)))
    return float(np.mean(hits(metric, answers)))


def hits(metric: str, answers: Answers) -> npt.NDArray[np.bool_]:
    """For ``accuracy`` and ``top_N`` whether each image counts as right, bool [n]."""
    first = 1 if metric == ACCURACY else int(metric.removeprefix("top_"))
    # A class that the model does not know has the rank behind all, and is never right.
    return np.asarray((answers.rank < first) & (answers.rank < len(answers.labels)))


def _calibration(answers: Answers) -> npt.NDArray[np.float64]:
    return np.stack([answers.confidence, answers.hit.astype(np.float64)], axis=1)


def interval_of(metric: str, answers: Answers) -> tuple[float, float]:
    """Interval of ``value_of``, of 95 %."""
    if metric == ECE:
        found = statistics.bootstrap_interval(
            _calibration(answers), statistics.calibration_error, _EACH_END, _SEED
        )
        return _clipped(found, 0.0)
    share = intervals.accuracy(hits(metric, answers).tolist())
    return share.low, share.high


def _clipped(interval: tuple[float, float], least: float) -> tuple[float, float]:
    return max(least, interval[0]), min(1.0, interval[1])


def pairs(metric: str, candidate: Answers, baseline: Answers) -> tuple[int, int]:
    """How many images only the candidate has right, and how many only the baseline."""
    ours, theirs = hits(metric, candidate), hits(metric, baseline)
    return int((ours & ~theirs).sum()), int((theirs & ~ours).sum())


def change_interval(metric: str, candidate: Answers, baseline: Answers) -> tuple[float, float]:
    """Interval of the candidate's metric minus the baseline's on the same images, of 95 %.

    The one of the test that blesses is exact, and takes a tenth of a second or more: too long
    for each of a thousand classes. This one only shows.
    """
    if metric == ECE:
        both = np.concatenate([_calibration(candidate), _calibration(baseline)], axis=1)
        change = statistics.bootstrap_interval(both, _calibration_change, _EACH_END, _SEED)
        return _clipped(change, -1.0)
    ours, theirs = hits(metric, candidate), hits(metric, baseline)
    found = intervals.gain(ours.tolist(), theirs.tolist())
    return found.low, found.high


def _calibration_change(columns: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    ours, theirs = columns[..., :2], columns[..., 2:]
    return np.asarray(statistics.calibration_error(ours) - statistics.calibration_error(theirs))
