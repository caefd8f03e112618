"""The metrics that rules may name, and the parts of the images that rules may be asked of."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from modules import features, intervals
from modules.gate import statistics
from modules.gate.predictions import Answers, Predictions

ACCURACY = "accuracy"
ECE = "ece"
_QUARTERS = 4
_MOST_VALUES = 50  # of a feature that is text; the rarer ones are judged together
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


def slices_of(
    predictions: Predictions, feature: str
) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    """The parts of the images by a feature: ``label=cat`` and a mask, bool [n], none of them empty.

    A text has a part for each value, the 51st most frequent and rarer ones in one; a number one for
    each value where there are at most four, else one for each quarter of the images.
    """
    if feature == features.LABEL:
        values: npt.NDArray[Any] = predictions.label
        for value in np.unique(values):
            yield f"{feature}={value}", values == value
        return
    if feature not in predictions.features:
        return
    values = predictions.features[feature]
    if values.dtype.kind == "f":
        yield from _number_slices(feature, values)
        return
    names, counts = np.unique(values, return_counts=True)
    frequent = names[np.argsort(-counts, kind="stable")][:_MOST_VALUES]
    for value in np.sort(frequent):
        yield f"{feature}={value}", values == value
    rest = ~np.isin(values, frequent)
    if rest.any():
        yield f"{feature}: the {len(names) - len(frequent)} rarer values", rest


def _number_slices(
    feature: str, values: npt.NDArray[np.float64]
) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    there = ~np.isnan(values)
    distinct = np.unique(values[there])
    if len(distinct) <= _QUARTERS:
        for value in distinct:
            yield f"{feature}={value:g}", values == value
    else:
        edges = np.quantile(values[there], np.linspace(0.0, 1.0, _QUARTERS + 1))
        place = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, _QUARTERS - 1)
        for i in range(_QUARTERS):
            mask = there & (place == i)
            if mask.any():
                yield f"{feature} {edges[i]:.3g} to {edges[i + 1]:.3g}", mask
    if not there.all():
        yield f"{feature} missing", ~there
