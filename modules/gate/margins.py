"""The smallest margin that n test images can show, and how many images a margin takes."""

from bisect import bisect_left
from collections.abc import Callable
from functools import cache

import numpy as np
from scipy import stats

from modules.gate.statistics import least_images, non_inferiority
from modules.settings import Evaluation

NARROWEST, WIDEST = 0.05, 0.25  # of the margins that ``auto`` takes
STEP = 0.005
# The criterion of ``auto``: a candidate that is as good as the baseline, and differs from it on a
# share ``APART`` of the images, is blessed with a probability of at least ``POWER``.
APART, POWER = 0.05, 0.9
_NEGLIGIBLE = 1e-9  # numbers of disagreements that are left out of sums

Least = Callable[[int], int]


def least_gains(blessed: Callable[[int, int], bool]) -> Least:
    """The fewest gains that are blessed, by the number of disagreements; one more if none are.

    Results are kept. A further gain never loses the blessing and makes up for a further loss, so
    the fewest gains grow by at most one with each further disagreement.

    Args:
        blessed: whether a number of images gained and a number of images lost are blessed.
    """
    known = dict[int, int]()

    def least(number: int) -> int:
        if number not in known:
            guess = known.get(number - 1)
            if guess is None:
                choices = range(number + 1)
                guess = bisect_left(choices, True, key=lambda gains: blessed(gains, number - gains))
            elif not blessed(guess, number - guess):
                guess += 1
            known[number] = guess
        return known[number]

    return least


def chance(least: Least, n: int, apart: float, difference: float) -> float:
    """The probability that a candidate is blessed: a sum over the possible outcomes.

    Args:
        least: of ``least_gains``.
        n: how many test images.
        apart: the true share of images that only one of both models gets right, in [0, 1].
        difference: the true difference of their accuracies, at most ``apart`` either way.
    """
    first, last = stats.binom.ppf([_NEGLIGIBLE, 1 - _NEGLIGIBLE], n, apart).astype(int)
    numbers = np.arange(first, last + 1)
    fewest = np.array([least(number) for number in numbers.tolist()])
    share = (1 + difference / apart) / 2 if apart else 0.0
    enough = stats.binom.sf(fewest - 1, numbers, min(1.0, max(0.0, share)))
    return float((stats.binom.pmf(numbers, n, apart) * enough).sum())


@cache
def _blesses_equals(n: int, margin: float, confidence: float) -> bool:
    least = least_gains(
        lambda gained, lost: non_inferiority(gained, lost, n, margin) <= 1 - confidence
    )
    return chance(least, n, APART, 0.0) >= POWER


@cache
def images_for(margin: float, confidence: float) -> int:
    """How many test images meet the criterion of ``auto`` at a margin, to two digits.

    Args:
        margin: at least 0.01.
        confidence: of the test, from 0.5 to 0.999.
    """
    sizes = [ten * scale for scale in (1, 10, 100, 1000) for ten in range(10, 100)]
    place = bisect_left(sizes, True, key=lambda n: _blesses_equals(n, margin, confidence))
    return sizes[min(place, len(sizes) - 1)]


@cache
def smallest(n: int, confidence: float) -> float:
    """The margin of ``auto``: the smallest, in steps of 0.005, that n test images can show.

    It depends on n alone, and not on the candidate, so the test keeps its error rates. Takes up to
    a second, once.

    Args:
        n: how many test images.
        confidence: of the test, from 0.5 to 0.999.

    Returns:
        From ``NARROWEST`` to ``WIDEST``; the latter also where n images cannot show that.
    """
    if n >= images_for(NARROWEST, confidence):
        return NARROWEST
    count = round((WIDEST - NARROWEST) / STEP)
    margins = [round(NARROWEST + STEP * step, 3) for step in range(count + 1)]
    place = bisect_left(margins, True, key=lambda margin: _blesses_equals(n, margin, confidence))
    return margins[min(place, count)]


def of(options: Evaluation, n: int) -> float:
    """The margin of ``not_worse`` on n test images."""
    return smallest(n, options.confidence) if options.margin == "auto" else options.margin


def for_later_models(options: Evaluation, n: int) -> str:
    """What the number of test images means for later models.

    Returns:
        A part of the verdict's sentence; empty if there are enough images.
    """
    if options.require != "not_worse":
        return ""
    needed = images_for(NARROWEST, options.confidence)
    if options.margin == "auto":
        margin = of(options, n)
        return "" if margin <= NARROWEST else (
            f"later models will be compared with this one by a margin of {margin:g}, the smallest "
            f"that {n} test images can show; a margin of {NARROWEST:g} takes {needed}"
        )  # fmt: skip
    least = least_images(options.margin, options.confidence)
    return "" if n >= least else (
        f"no later model can be shown to be not worse by {options.margin:g}: that takes at least "
        f"{least} test images, and there are {n}; add some, or set evaluation.margin to auto"
    )  # fmt: skip
