"""The metrics that rules may name, and the parts of the images that rules may be asked of."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from modules import features
from modules.gate import statistics
from modules.gate.predictions import Answers, Predictions

ACCURACY = "accuracy"
ECE = "ece"
_BINS = 15
_QUARTERS = 4
_MOST_VALUES = 50  # of a feature that is text; the rarer ones are judged together
_SEED = 0


def value_of(metric: str, answers: Answers) -> float:
    """A metric in [0, 1] of at least one image.

    Args:
        metric: ``accuracy``; ``top_N``, the share of images whose class is among the N highest
            scores; ``ece``, the expected calibration error.
        answers: one model's.
    """
    if metric == ECE:
        return calibration_error(_calibration(answers))
    return float(np.mean(hits(metric, answers)))


def hits(metric: str, answers: Answers) -> npt.NDArray[np.bool_]:
    """For ``accuracy`` and ``top_N`` whether each image counts as right, bool [n]."""
    first = 1 if metric == ACCURACY else int(metric.removeprefix("top_"))
    # A class that the model does not know has the rank behind all, and is never right.
    return np.asarray((answers.rank < first) & (answers.rank < len(answers.labels)))


def calibration_error(columns: npt.NDArray[np.float64]) -> float:
    """Expected calibration error with 15 bins of equal width (Guo et al. 2017, equation 3).

    sum over bins of (images in it / n) |share of hits in it - mean confidence in it|

    Args:
        columns: float64 [n, 2]: confidence in [0, 1], and 1 for a hit, 0 for none.
    """
    confidence, hit = columns[:, 0], columns[:, 1]
    place = np.minimum((confidence * _BINS).astype(np.int64), _BINS - 1)
    gap = np.bincount(place, weights=hit - confidence, minlength=_BINS)
    return float(np.abs(gap).sum() / len(confidence))


def _calibration(answers: Answers) -> npt.NDArray[np.float64]:
    return np.stack([answers.confidence, answers.hit.astype(np.float64)], axis=1)


def interval_of(metric: str, answers: Answers, confidence: float) -> tuple[float, float]:
    """Two-sided interval of ``value_of``."""
    if metric == ECE:
        return statistics.bootstrap_interval(
            _calibration(answers), calibration_error, confidence, _SEED
        )
    right = hits(metric, answers)
    return statistics.proportion_interval(int(right.sum()), len(right), confidence)


def pairs(metric: str, candidate: Answers, baseline: Answers) -> tuple[int, int]:
    """How many images only the candidate has right, and how many only the baseline."""
    ours, theirs = hits(metric, candidate), hits(metric, baseline)
    return int((ours & ~theirs).sum()), int((theirs & ~ours).sum())


def change_interval(
    metric: str, candidate: Answers, baseline: Answers, confidence: float
) -> tuple[float, float]:
    """Interval of the candidate's metric minus the baseline's on the same images."""
    if metric == ECE:
        both = np.concatenate([_calibration(candidate), _calibration(baseline)], axis=1)
        return statistics.bootstrap_interval(both, _calibration_change, confidence, _SEED)
    gained, lost = pairs(metric, candidate, baseline)
    return statistics.difference_interval(gained, lost, len(candidate.rank), confidence)


def _calibration_change(columns: npt.NDArray[np.float64]) -> float:
    return calibration_error(columns[:, :2]) - calibration_error(columns[:, 2:])


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
