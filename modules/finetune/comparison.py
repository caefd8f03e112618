"""Did unfreezing help? Stages compared on the same held-out images."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

LEVEL = 0.95  # of all intervals


@dataclass(frozen=True)
class Estimate:
    """A share, or a difference of shares, with its interval."""

    value: float
    low: float
    high: float

    @property
    def interval(self) -> list[float]:
        """For JSON: to six places, so that no rounding leaves 1 outside."""
        return [round(self.low, 6), round(self.high, 6)]


def accuracy(hits: Sequence[bool]) -> Estimate:
    """Wilson's score interval of a share (Wilson 1927; Brown, Cai and DasGupta 2001).

    (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n)

    Args:
        hits: for each image whether it was right; at least one image.
    """
    n, z = len(hits), _z()
    share = sum(hits) / n
    middle = share + z * z / (2 * n)
    spread = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return Estimate(share, max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale))


def gain(better: Sequence[bool], worse: Sequence[bool]) -> Estimate:
    """How much more often one model is right than another on the same images.

    The adjusted Wald interval of a paired difference (Bonett and Price 2012, "Adjusted Wald
    confidence interval for a difference of binomial proportions based on paired data"): with one
    image added to each of the two counts of disagreement,
    d ± z sqrt((p12 + p21 - (p12 - p21)²) / (n + 2)).

    Args:
        better: for each image whether the one model was right.
        worse: the same for the other, in the same order.

    Returns:
        The difference as it was observed, within the adjusted interval.
    """
    n = len(better)
    only_better = sum(a and not b for a, b in zip(better, worse, strict=True))
    only_worse = sum(b and not a for a, b in zip(better, worse, strict=True))
    p12, p21 = (only_better + 1) / (n + 2), (only_worse + 1) / (n + 2)
    spread = _z() * math.sqrt((p12 + p21 - (p12 - p21) ** 2) / (n + 2))
    return Estimate(
        (only_better - only_worse) / n,
        max(-1.0, p12 - p21 - spread),
        min(1.0, p12 - p21 + spread),
    )


def _z() -> float:
    return NormalDist().inv_cdf(0.5 + LEVEL / 2)
