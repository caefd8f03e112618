"""How far the distribution of a feature is from an earlier one, as a number from 0 to 1."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_CELLS = 10  # in which two distributions are compared, of about the same number of images each

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Histogram:
    """How many images have which values, by quantiles: buckets of about the same count.

    Attributes:
        lows: the buckets' lower ends, float64 [buckets], in rising order.
        highs: their upper ends, float64 [buckets]. A bucket holds the values above its lower end,
            up to and with its upper end. The first one holds its lower end too. A bucket whose ends
            are equal holds that value alone; several such buckets may follow each other.
        counts: how many images each bucket holds, float64 [buckets], at least 0.
    """

    lows: Array
    highs: Array
    counts: Array

    def up_to(self, points: Array) -> Array:
        """How many images have a value of at most each point.

        Exact where a bucket ends. Within a bucket, the values lie evenly, unless its upper end is a
        value that fills buckets by itself: then they are taken for that value.

        Args:
            points: float64 [points].

        Returns:
            float64 [points].
        """
        ends, last = np.unique(self.highs[::-1], return_index=True)
        totals = np.cumsum(self.counts)[len(self.counts) - 1 - last]
        filled = np.isin(ends, self.highs[self.lows == self.highs])
        starts = np.concatenate([self.lows[:1], ends[:-1]])
        before = np.concatenate([[0.0], totals[:-1]])

        bucket = np.searchsorted(ends, points, side="right")
        within = np.minimum(bucket, len(ends) - 1)
        width = np.where(ends > starts, ends - starts, 1.0)[within]
        share = np.clip((points - starts[within]) / width, 0.0, 1.0)
        part = np.where(filled[within], 0.0, share * (totals - before)[within])
        return np.where(bucket == len(ends), totals[-1], before[within] + part)


@dataclass(frozen=True)
class Pool:
    """Histograms of several sets of images, taken together.

    Attributes:
        parts: pairs of a histogram and a factor of its counts, such as the share of the images that
            a training got.
    """

    parts: tuple[tuple[Histogram, float], ...]

    @classmethod
    def of(cls, histograms: Iterable[tuple[Histogram, float]]) -> "Pool | None":
        """The pool of those histograms that hold images; None where there are none."""
        parts = tuple((h, factor) for h, factor in histograms if factor * h.counts.sum() > 0)
        return cls(parts) if parts else None

    @property
    def ends(self) -> Array:
        """The ends of all buckets, each once, in rising order."""
        arrays = [array for h, _ in self.parts for array in (h.lows[:1], h.highs)]
        ends: Array = np.unique(np.concatenate(arrays))
        return ends

    def shares_up_to(self, points: Array) -> Array:
        """The share of the images that have a value of at most each point."""
        total = sum(factor * float(h.counts.sum()) for h, factor in self.parts)
        counts: Array = np.zeros(len(points))
        for histogram, factor in self.parts:
            counts += factor * histogram.up_to(points)
        return counts / total


def jensen_shannon(one: Pool, other: Pool) -> float:
    """The Jensen-Shannon divergence of two distributions of a number, in bits.

    H(m) - (H(p) + H(q)) / 2 with m = (p + q) / 2 (Lin 1991, "Divergence measures based on the
    Shannon entropy", IEEE Transactions on Information Theory 37, equation 4.1), here as the mean of
    the two divergences from m. The values are put into cells that each hold about a tenth of m and
    end where a bucket of either one ends: there a histogram is exact, also for a feature that takes
    few values, such as a width.

    Returns:
        From 0, where all cells hold the same shares, to 1, where no cell has images of both. Two
        samples of ``a`` and ``b`` images of one distribution have 1.6 (1/a + 1/b) on average,
        which is (cells - 1) / (8 ln 2) of these.
    """
    ends = np.union1d(one.ends, other.ends)
    p, q = one.shares_up_to(ends), other.shares_up_to(ends)
    middle = (p + q) / 2
    # What rounding takes from a share must not move a cell's end to the next one.
    cuts = np.searchsorted(middle, np.arange(1, _CELLS) / _CELLS - 1e-9)
    cells = np.unique(np.append(cuts, len(ends) - 1))
    return _divergence(np.diff(p[cells], prepend=0.0), np.diff(q[cells], prepend=0.0))


def _divergence(p: Array, q: Array) -> float:
    """Of two lists of shares, in bits."""
    m = (p + q) / 2
    return float(np.clip((_bits(p, m) + _bits(q, m)) / 2, 0.0, 1.0))


def _bits(p: Array, m: Array) -> float:
    """The Kullback-Leibler divergence of ``p`` from ``m``, in bits; 0 log 0 is 0."""
    some = p > 0
    return float(np.sum(p[some] * np.log2(p[some] / m[some])))


def largest_difference(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """The largest difference of a value's two shares (the L-infinity norm), from 0 to 1.

    Args:
        one: how many images have each value; at least one image.
        other: the same of other images.
    """
    totals = sum(one.values()), sum(other.values())
    return max(
        abs(one.get(value, 0.0) / totals[0] - other.get(value, 0.0) / totals[1])
        for value in {*one, *other}
    )


def pooled_counts(counts: Sequence[tuple[Mapping[str, float], float]]) -> dict[str, float]:
    """Counts by value of several sets of images, each multiplied by its factor, taken together."""
    total: dict[str, float] = {}
    for by_value, factor in counts:
        for value, count in by_value.items():
            total[value] = total.get(value, 0.0) + factor * count
    return {value: count for value, count in total.items() if count > 0}
