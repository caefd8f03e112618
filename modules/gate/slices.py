"""The parts of the test images that rules may be asked of."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from modules import features
from modules.gate.predictions import Predictions

_QUARTERS = 4
_MOST_VALUES = 50  # of a feature that is text; the rarer ones are judged together


def slices_of(
    predictions: Predictions, feature: str
) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    """The parts of the images by a feature.

    A text has a part for each of its 50 most frequent values, and one for all rarer values. A
    number has a part for each value if there are at most four, else for each quarter of the images.

    Yields:
        A name such as ``label=cat``, and a mask, bool [n], that holds for at least one image.
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
