"""The distance of two distributions, against the same maths on the values themselves."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline.continuous.decision.drift import (
    Histogram,
    Pool,
    jensen_shannon,
    largest_difference,
    pooled_counts,
)

UNHURRIED = settings(deadline=None)  # The machine may have other work.
VALUES = st.one_of(
    st.lists(st.sampled_from([100, 200, 300, 640]), min_size=1, max_size=60),
    st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=60),
)
COUNTS = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 50)).filter(
    lambda counts: sum(counts.values()) > 0
)


def histogram(values: list[float], buckets: int = 10) -> Histogram:
    """A histogram by quantiles, with the ends and counts that StatisticsGen gives."""
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    places = np.arange(buckets + 1) * (len(ordered) - 1) // buckets
    ends = ordered[places]
    totals = np.searchsorted(ordered, ends[1:], side="right").astype(np.float64)
    counts = np.diff(totals, prepend=0.0)
    for end in np.unique(ends[1:]):  # Buckets that end at the same value share its images.
        same = ends[1:] == end
        counts[same] = counts[same].sum() / same.sum()
    return Histogram(ends[:-1], ends[1:], counts)


def pool(*sets: list[float]) -> Pool:
    pooled = Pool.of((histogram(values), 1.0) for values in sets)
    assert pooled is not None
    return pooled


def divergence(p: list[float], q: list[float]) -> float:
    """The Jensen-Shannon divergence of two lists of shares, by its definition by entropies."""

    def entropy(shares: npt.NDArray[np.float64]) -> float:
        some = shares[shares > 0]
        return float(-np.sum(some * np.log2(some)))

    one, other = np.array(p), np.array(q)
    return entropy((one + other) / 2) - (entropy(one) + entropy(other)) / 2


@UNHURRIED
@given(VALUES, VALUES)
def test_the_divergence_is_symmetric_and_from_0_to_1(one: list[float], other: list[float]) -> None:
    value = jensen_shannon(pool(one), pool(other))
    assert 0.0 <= value <= 1.0
    assert value == pytest.approx(jensen_shannon(pool(other), pool(one)), abs=1e-12)


@UNHURRIED
@given(VALUES)
def test_the_divergence_of_equal_distributions_is_0(values: list[float]) -> None:
    assert jensen_shannon(pool(values), pool(values)) == 0.0
    assert jensen_shannon(pool(values), pool(values, values)) == pytest.approx(0.0, abs=1e-12)


@UNHURRIED
@given(VALUES, VALUES)
def test_the_divergence_of_distributions_that_do_not_meet_is_1(
    one: list[float], other: list[float]
) -> None:
    beyond = [value - min(other) + max(one) + abs(max(one)) + 1.0 for value in other]
    assume(min(beyond) > max(one))
    assert jensen_shannon(pool(one), pool(beyond)) == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize(
    ("one", "other", "shares"),
    [
        # A size that one set has besides changes nothing in how the other sizes are compared.
        (
            [100.0] * 50 + [200.0] * 50,
            [100.0] * 34 + [200.0] * 33 + [300.0] * 33,
            ([0.5, 0.5, 0], [0.34, 0.33, 0.33]),
        ),
        ([640.0] * 60 + [480.0] * 40, [640.0] * 20 + [480.0] * 80, ([0.4, 0.6], [0.8, 0.2])),
        ([640.0] * 100, [640.0] * 50 + [641.0] * 50, ([1, 0], [0.5, 0.5])),
    ],
)
def test_a_feature_of_few_values_is_compared_value_by_value(
    one: list[float], other: list[float], shares: tuple[list[float], list[float]]
) -> None:
    assert jensen_shannon(pool(one), pool(other)) == pytest.approx(divergence(*shares), abs=1e-9)


def test_two_samples_of_one_distribution_have_the_divergence_that_the_page_states() -> None:
    rng = np.random.default_rng(0)
    values = [
        jensen_shannon(pool(list(rng.normal(size=200))), pool(list(rng.normal(size=1000))))
        for _ in range(200)
    ]
    assert np.mean(values) == pytest.approx(1.6 * (1 / 200 + 1 / 1000), rel=0.25)
    assert np.max(values) < 0.05


def test_a_shift_of_the_mean_has_about_the_divergence_of_the_densities() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=20_000), rng.normal(size=20_000) + 1.0
    cells = np.linspace(-6, 7, 200)
    p, q = (np.histogram(values, cells)[0] / len(values) for values in (one, other))
    exact = divergence(list(p), list(q))
    assert jensen_shannon(pool(list(one)), pool(list(other))) == pytest.approx(exact, rel=0.1)


@UNHURRIED
@given(st.lists(VALUES, min_size=1, max_size=4))
def test_a_pool_counts_at_the_end_of_a_bucket_what_its_parts_count(
    sets: list[list[float]],
) -> None:
    pooled = pool(*sets)
    for values in sets:
        ends = histogram(values).highs
        exact = [sum(value <= end for value in values) for end in ends]
        assert histogram(values).up_to(ends) == pytest.approx(exact)
    assert pooled.shares_up_to(pooled.ends)[-1] == pytest.approx(1.0)
    assert (np.diff(pooled.shares_up_to(pooled.ends)) >= -1e-12).all()


def test_a_part_counts_in_a_pool_by_its_factor() -> None:
    half = Pool.of([(histogram([1.0] * 10), 0.5), (histogram([2.0] * 10), 1.0)])
    assert half is not None
    assert half.shares_up_to(np.array([0.5, 1.0, 2.0])) == pytest.approx([0, 1 / 3, 1])
    assert Pool.of([(histogram([1.0]), 0.0)]) is None


@UNHURRIED
@given(COUNTS, COUNTS)
def test_the_largest_difference_is_symmetric_and_from_0_to_1(
    one: dict[str, float], other: dict[str, float]
) -> None:
    value = largest_difference(one, other)
    assert 0.0 <= value <= 1.0
    assert value == largest_difference(other, one)
    assert largest_difference(one, one) == 0.0


def test_the_largest_difference_is_that_of_the_shares() -> None:
    assert largest_difference({"cat": 30, "dog": 10}, {"cat": 10, "dog": 10, "fox": 20}) == 0.5
    assert largest_difference({"cat": 5}, {"dog": 1}) == 1.0


def test_counts_are_pooled_by_their_factors() -> None:
    pooled = pooled_counts([({"cat": 4.0, "dog": 0.0}, 0.5), ({"cat": 1.0, "fox": 2.0}, 1.0)])
    assert pooled == {"cat": 3.0, "fox": 2.0}
