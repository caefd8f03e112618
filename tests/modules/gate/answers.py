"""Predictions made up for tests: which images each model has right."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from modules.gate.predictions import Answers, Predictions

LABELS = ("a", "b", "c")


def answers(right: Sequence[bool], labels: tuple[str, ...] = LABELS, sure: float = 0.9) -> Answers:
    """A model that has some images right, and takes the second class for the others."""
    hit = np.array(right, bool)
    return of_ranks(labels, np.where(hit, 0, 1), sure)


def of_ranks(labels: tuple[str, ...], rank: npt.NDArray[Any], sure: float = 0.9) -> Answers:
    """A model by the rank of each image's class, the first one wherever the model knows it."""
    return Answers(
        labels=labels,
        rank=rank,
        confidence=np.full(len(rank), sure),
        predicted=np.where(rank == 0, 0, 1),
        true=np.where(rank < len(labels), 0, -1),
    )


def predictions(
    candidate: Sequence[bool],
    baseline: Sequence[bool] | None = None,
    label: Sequence[str] | None = None,
    features: Mapping[str, Sequence[Any]] | None = None,
) -> Predictions:
    """Both models on the same images, of the three classes in turn where nothing else is said."""
    turns = [LABELS[place % len(LABELS)] for place in range(len(candidate))]
    return Predictions(
        np.array(label or turns),
        {name: np.array(values) for name, values in (features or {}).items()},
        answers(candidate),
        None if baseline is None else answers(baseline),
    )


def right(count: int, wrong: int) -> list[bool]:
    """So many right, then so many wrong."""
    return [True] * count + [False] * wrong
