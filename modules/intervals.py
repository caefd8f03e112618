"""Confidence intervals of an accuracy, and of how two models differ on the same images."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

LEVEL = 0.95  # the confidence level of all intervals


@dataclass(frozen=True)
class Estimate:
    """A share, or a difference of shares, with its interval."""

    value: float
    low: float
    high: float

    @property
    def interval(self) -> list[float]:
        """The two bounds for JSON, to six places, so that rounding does not exclude 1."""
        return [round(self.low, 6), round(self.high, 6)]


def accuracy(correct: Sequence[bool]) -> Estimate:
    """Estimates accuracy, with the interval of ``share``.

    Args:
        correct: for each image, whether its prediction was correct; at least one image.
    """
    return share(sum(correct), len(correct))


def share(count: int, of: int) -> Estimate:
    """Estimates a share with Wilson's score interval (Wilson 1927; Brown, Cai, DasGupta 2001).

    (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n)

    Args:
        count: how many images have the property.
        of: how many there are; at least 1.
    """
    n, z = of, _z()
    observed = count / n
    middle = observed + z * z / (2 * n)
    spread = z * math.sqrt(observed * (1 - observed) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return Estimate(
        observed, max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)
    )


def gain(candidate: Sequence[bool], other: Sequence[bool]) -> Estimate:
    """Estimates how much more often one model is right than another on the same images.

    The interval is the adjusted Wald interval of a paired difference (Bonett and Price 2012,
    "Adjusted Wald confidence interval for a difference of binomial proportions based on paired
    data"): with one image added to each of the two counts of disagreement,
    d ± z sqrt((p12 + p21 - (p12 - p21)²) / (n + 2)).

    Args:
        candidate: for each image, whether the one model was right.
        other: the same for the other model, in the same order.

    Returns:
        The observed difference of the two accuracies, with the adjusted interval.
    """
    n = len(candidate)
    only_candidate = sum(a and not b for a, b in zip(candidate, other, strict=True))
    only_other = sum(b and not a for a, b in zip(candidate, other, strict=True))
    p12, p21 = (only_candidate + 1) / (n + 2), (only_other + 1) / (n + 2)
    spread = _z() * math.sqrt((p12 + p21 - (p12 - p21) ** 2) / (n + 2))
    return Estimate(
        (only_candidate - only_other) / n,
        max(-1.0, p12 - p21 - spread),
        min(1.0, p12 - p21 + spread),
    )


def _z() -> float:
    return NormalDist().inv_cdf(0.5 + LEVEL / 2)
