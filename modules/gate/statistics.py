"""Tests and intervals for two models on the same images."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import optimize, special, stats

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MISSED = 1e-4  # what Berger and Boos's set may miss; it is added, so no p value is below it
GRID = 40  # rates of disagreement at which the p value is computed
TIE = 1e-9  # scores that differ by less are one score
NEGLIGIBLE = 1e-9  # chances that are left out of sums
MARGIN_STEP = 1e-6  # the precision of an interval's ends
BINS = 15  # of the calibration error
RESAMPLES = 999
DRAWS = 8_000_000  # of all resamples together, which bounds their time


def mcnemar(gained: int, lost: int) -> float:
    """McNemar's exact one-sided test (McNemar 1947, Psychometrika 12:153).

    Args:
        gained: images that only the candidate gets right.
        lost: images that only the baseline gets right.

    Returns:
        How likely at least so many gains are among the disagreements if the candidate is no better;
        1 where there is none. Swap the two to ask whether it is no worse.

    Raises:
        ValueError: a count is negative.
    """
    _check(gained, lost, gained + lost)
    return float(stats.binom.sf(gained - 1, gained + lost, 0.5))


def non_inferiority(gained: int, lost: int, n: int, margin: float) -> float:
    """Exact test of "the candidate's accuracy is lower than the baseline's by ``margin`` or more".

    Outcomes are ordered by Tango's score (Tango 1998, Stat Med 17:891). The p value is exact and
    unconditional: the chance of an outcome at least as good, at the margin, for the rate of
    disagreement that makes it largest (Hsueh, Liu and Chen 2001, Biometrics 57:478). Only rates in
    a confidence set for the observed disagreement count, and what the set may miss is added
    (Berger and Boos 1994, JASA 89:1012; Sidik 2003, Stat Med 22:265). Tango's own normal p value is
    too small by up to a third where images are few, and too large where models almost agree.

    Args:
        gained: images that only the candidate gets right.
        lost: images that only the baseline gets right.
        n: all images.
        margin: above -1 and below 1; below 0 it asks for a lead.

    Returns:
        The p value, from 0.0001 to 1. Without images it is 1.

    Raises:
        ValueError: the counts do not fit, or the margin is out of its range.
    """
    _check(gained, lost, n)
    if not -1 < margin < 1:
        raise ValueError(f"margin is {margin}: it has to be above -1 and below 1")
    apart = gained + lost
    low = stats.beta.ppf(MISSED / 2, apart, n - apart + 1) if apart else 0.0
    high = stats.beta.ppf(1 - MISSED / 2, apart + 1, n - apart) if apart < n else 1.0
    low = max(float(low), abs(margin), 1e-12)  # at the margin at least so many disagree
    if n == 0 or high <= 0:
        return 1.0
    if high <= low:
        return MISSED
    # Even steps in the arcsine of the root are even steps in standard deviations.
    angles = np.linspace(np.arcsin(np.sqrt(low)), np.arcsin(np.sqrt(high)), GRID)
    score = float(_score(np.array(gained), np.array(lost), n, margin)) - TIE
    return float(min(1.0, MISSED + _chance(score, np.sin(angles) ** 2, n, margin).max()))


def difference_interval(gained: int, lost: int, n: int, confidence: float) -> tuple[float, float]:
    """Interval of the candidate's accuracy minus the baseline's: what ``non_inferiority`` accepts.

    Args:
        gained: images that only the candidate gets right.
        lost: images that only the baseline gets right.
        n: all images.
        confidence: of each end alone, from 0.5 to 0.999; of both together it is
            ``2 * confidence - 1``.

    Returns:
        Both ends, from -1 to 1, to within 0.000001: ``low >= -margin`` where ``non_inferiority``
        has at most ``1 - confidence``.

    Raises:
        ValueError: the counts do not fit.
    """
    return _lower(gained, lost, n, confidence), -_lower(lost, gained, n, confidence)


def least_images(margin: float, confidence: float) -> int:
    """How many images it takes to bless a candidate that agrees with the baseline on all of them.

    Args:
        margin: above 0 and below 1.
        confidence: from 0.5 to 0.999.
    """
    few, many = 0, 1
    while non_inferiority(0, 0, many, margin) > 1 - confidence:
        few, many = many, 2 * many
    while many - few > 1:
        middle = (few + many) // 2
        blessed = non_inferiority(0, 0, middle, margin) <= 1 - confidence
        few, many = (few, middle) if blessed else (middle, many)
    return many


def calibration_error(values: Floats) -> Floats:
    """Expected calibration error in 15 bins of equal width (Guo et al. 2017, arXiv:1706.04599).

    Args:
        values: [..., n, 2]: for each image the probability of the class that was predicted, from 0
            to 1, and 1 where it was right, else 0.

    Returns:
        float64 [...], from 0 to 1. By chance, even a calibrated model has an error of about
        0.03 on 200 images, 0.016 on 1,000.
    """
    *outer, n, _ = values.shape
    sure = values[..., 0].reshape(-1, n)
    places = np.minimum((sure * BINS).astype(np.int64), BINS - 1)
    places += BINS * np.arange(len(sure))[:, None]
    gaps = (values[..., 1].reshape(-1, n) - sure).ravel()
    sums = np.bincount(places.ravel(), gaps, BINS * len(sure)).reshape(-1, BINS)
    return np.asarray(np.abs(sums).sum(axis=1) / n).reshape(outer)


def bootstrap_interval(
    values: Floats, statistic: Callable[[Floats], Floats], confidence: float, seed: int
) -> tuple[float, float]:
    """The wider, at each end, of the percentile and the basic bootstrap interval.

    A statistic that only chance can push up, as a calibration error, is larger in resamples than in
    the sample: the percentile interval's lower end is then too high, the basic one's upper too low.

    Args:
        values: [n, k], a row for each image; at least one.
        statistic: from [..., n, k] to [...].
        confidence: of each end alone.
        seed: the same one gives the same interval.

    Returns:
        Both ends; one image has no width. They may lie outside what the statistic can be. 999
        resamples, fewer above 8,000 images: 400 of 20,000, in under a second.
    """
    n, middle = len(values), float(statistic(values))
    if n < 2:
        return middle, middle
    resampled = stats.bootstrap(
        (np.arange(n),),
        lambda rows, axis: statistic(values[rows]),
        n_resamples=max(199, min(RESAMPLES, DRAWS // n)),
        batch=max(1, 1_000_000 // n),
        method="percentile",
        random_state=np.random.default_rng(seed),
    )
    low, high = np.quantile(resampled.bootstrap_distribution, [1 - confidence, confidence])
    return min(float(low), 2 * middle - float(high)), max(float(high), 2 * middle - float(low))


def _check(gained: int, lost: int, n: int) -> None:
    if gained < 0 or lost < 0 or gained + lost > n:
        raise ValueError(f"{gained} gained and {lost} lost of {n} images: the counts do not fit")


def _score(gained: Ints, lost: Ints, n: int, margin: float) -> Floats:
    """Tango's score: the lead over ``-margin``, in standard deviations that it has there.

    The variance is n (2 q + margin - margin²) with q, the rate of gains, as likely as can be at the
    margin: the larger root of 2 n q² - b q - gained margin (1 - margin).
    """
    b = gained * (1 - margin) + lost * (1 + margin) - 2 * n * margin
    root = np.sqrt(np.maximum(0, b * b + 8 * n * gained * margin * (1 - margin)))
    variance = n * ((b + root) / (2 * n) + margin - margin**2)
    lead = gained - lost + n * margin
    return np.asarray(np.where(variance > 0, lead / np.sqrt(np.maximum(variance, 1e-300)), 0.0))


def _chance(score: float, apart: Floats, n: int, margin: float) -> Floats:
    """P(score or better) at the margin, for rates of disagreement [r] that rise.

    The number of disagreements is binomial, and given it so is the number of gains among them; so
    one sum over that number is enough.
    """
    spread = 5.5 * np.sqrt(n * apart * (1 - apart)) + 15
    first = max(0, int((n * apart - spread).min()))
    number = np.arange(first, min(n, int((n * apart + spread).max())) + 1)
    least = _least_gains(score, number, n, margin)
    chance = stats.binom.pmf(number, n, apart[:, None])
    rate, place = np.nonzero((chance > NEGLIGIBLE) & (least <= number))
    share = np.clip((1 - margin / apart) / 2, 0, 1)[rate]
    gains = np.maximum(least[place], 1)
    enough = special.betainc(gains, number[place] - gains + 1, share)
    enough[least[place] == 0] = 1
    return np.bincount(rate, chance[rate, place] * enough, len(apart)).astype(np.float64)


def _least_gains(score: float, number: Ints, n: int, margin: float) -> Ints:
    """The fewest gains among ``number`` disagreements [m] that reach a score; one more if none."""
    low, high = np.zeros_like(number), number + 1
    while (low < high).any():
        middle = (low + high) // 2
        reached = (middle > number) | (_score(middle, number - middle, n, margin) >= score)
        low, high = np.where(reached, low, middle + 1), np.where(reached, middle, high)
        low = np.minimum(low, high)
    return high


def _lower(gained: int, lost: int, n: int, confidence: float) -> float:
    """The least difference that is not rejected, from near where Tango's own score says."""
    _check(gained, lost, n)
    if n == 0 or lost == n:
        return -1.0
    alpha, top = 1 - confidence, 1 - TIE
    bottom = max((lost - gained) / n, -top)

    def score(margin: float) -> float:
        tango = _score(np.array(gained), np.array(lost), n, margin)
        return float(tango) - float(stats.norm.isf(alpha))

    def above(margin: float) -> float:
        return float(np.log(non_inferiority(gained, lost, n, margin) / alpha))

    low = high = float(optimize.brentq(score, bottom, top))
    step = max((low - bottom) / 8, 0.1 / n)
    while above(low) <= 0 and low > bottom:
        low, high, step = max(bottom, low - step), low, 2 * step
    while above(high) > 0 and high < top:
        low, high, step = high, min(top, high + step), 2 * step
    return -float(optimize.brentq(above, low, high, xtol=MARGIN_STEP))
