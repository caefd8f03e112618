"""How often the gate errs, where the truth is known, and what its intervals cover."""

import json
import time
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from benchmarks import gate_power
from modules.gate import margins
from modules.gate import statistics as gate
from tests.conftest import PROJECT

ALPHA = 0.01


def share_pushed(blessed: Callable[[int, int], bool], n: int, margin: float) -> float:
    """The largest chance that a candidate at the margin is blessed: a sum over all outcomes."""
    outcomes = [
        [gained, lost, n - gained - lost]
        for gained in range(n + 1)
        for lost in range(n + 1 - gained)
        if blessed(gained, lost)
    ]
    gains = np.linspace(0, (1 - margin) / 2, 120)
    return max(
        float(stats.multinomial.pmf(outcomes, n, [q, q + margin, max(0, 1 - margin - 2 * q)]).sum())
        for q in gains
    )


@pytest.mark.parametrize(("n", "margin"), [(50, 0.01), (50, 0.02), (50, 0.1), (60, 0.05)])
def test_a_candidate_at_the_margin_is_pushed_in_fewer_than_1_in_100_whatever_disagrees(
    n: int, margin: float
) -> None:
    def blessed(gained: int, lost: int) -> bool:
        return gate.non_inferiority(gained, lost, n, margin) <= ALPHA

    assert 0.001 < share_pushed(blessed, n, margin) < ALPHA


def test_tangos_normal_p_value_would_push_more() -> None:
    def blessed(gained: int, lost: int) -> bool:
        score = gate._score(np.array(gained), np.array(lost), 50, 0.05)
        return bool(stats.norm.sf(score) <= ALPHA)

    assert share_pushed(blessed, 50, 0.05) > 1.3 * ALPHA


@pytest.mark.parametrize("apart", [0.02, 0.05, 0.3])
def test_of_thousands_of_images_at_the_margin_nearly_1_in_100_is_pushed(apart: float) -> None:
    least = gate_power.least_of("not_worse", 2000, 0.02)
    chance = margins.chance(least, 2000, apart, -0.02)
    assert 0.7 * ALPHA < chance < ALPHA


@pytest.mark.parametrize("difference", [-0.05, 0, 0.025])
def test_draws_are_blessed_as_often_as_the_sum_over_all_outcomes_says(difference: float) -> None:
    n, runs = 200, 2000

    @cache
    def blessed(gained: int, lost: int) -> bool:
        return gate.non_inferiority(gained, lost, n, 0.05) <= ALPHA

    shares = [(0.06 + difference) / 2, (0.06 - difference) / 2, 0.94]
    drawn = np.random.default_rng(0).multinomial(n, shares, size=runs)[:, :2].tolist()
    result = sum(blessed(gained, lost) for gained, lost in drawn) / runs
    chance = margins.chance(margins.least_gains(blessed), n, 0.06, difference)
    assert result == pytest.approx(chance, abs=4 * (chance * (1 - chance) / runs) ** 0.5)


def counts() -> st.SearchStrategy[tuple[int, int, int]]:
    """Gained, lost and all images: few of them disagree, as is usual, or many."""
    return st.integers(20, 2000).flatmap(
        lambda n: st.tuples(st.integers(0, n // 10), st.integers(0, n // 5), st.just(n))
    )


@given(counts(), st.sampled_from([0.01, 0.02, 0.05, 0.1]))
@settings(max_examples=40, deadline=None)
def test_one_more_gained_or_one_less_lost_never_loses_the_blessing(
    disagreements: tuple[int, int, int], margin: float
) -> None:
    gained, lost, n = disagreements
    assume(gained + lost < n)
    blessed = gate.non_inferiority(gained, lost, n, margin) <= ALPHA
    assert blessed <= (gate.non_inferiority(gained + 1, lost, n, margin) <= ALPHA)
    assert blessed <= (gate.non_inferiority(gained, max(0, lost - 1), n, margin) <= ALPHA)
    assert blessed <= (gate.non_inferiority(gained, lost, n, margin + 0.01) <= ALPHA)


@given(counts(), st.sampled_from([0.01, 0.02, 0.05, 0.1]))
@settings(max_examples=40, deadline=None)
def test_the_intervals_lower_end_is_above_the_margin_where_the_test_blesses(
    disagreements: tuple[int, int, int], margin: float
) -> None:
    gained, lost, n = disagreements
    low, high = gate.difference_interval(gained, lost, n, 1 - ALPHA)
    assert (low >= -margin) == (gate.non_inferiority(gained, lost, n, margin) <= ALPHA)
    assert -1 <= low <= (gained - lost) / n <= high <= 1
    turned = gate.difference_interval(lost, gained, n, 1 - ALPHA)
    assert turned == pytest.approx((-high, -low), abs=2e-6)


def test_the_p_value_of_many_images_comes_near_the_normal_one() -> None:
    for lost in (800, 850, 900):
        normal = stats.norm.sf(gate._score(np.array(700), np.array(lost), 10_000, 0.02))
        exact = gate.non_inferiority(700, lost, 10_000, 0.02)
        assert exact == pytest.approx(float(normal), rel=0.05, abs=1.2e-4)


@pytest.mark.parametrize(("margin", "least"), [(0.01, 490), (0.02, 244), (0.05, 97), (0.1, 46)])
def test_a_candidate_that_agrees_everywhere_is_blessed_from_so_many_images(
    margin: float, least: int
) -> None:
    assert gate.least_images(margin, 1 - ALPHA) == least
    assert gate.non_inferiority(0, 0, least, margin) <= ALPHA
    assert gate.non_inferiority(0, 0, least - 1, margin) > ALPHA
    # Fewer can never do: a candidate that loses at the margin and gains nothing agrees by chance.
    assert (1 - margin) ** least < ALPHA


def test_nothing_is_blessed_by_no_image_by_a_loss_of_all_or_without_a_margin() -> None:
    assert gate.non_inferiority(0, 0, 0, 0.05) == 1
    assert gate.difference_interval(0, 0, 0, 0.99) == (-1, 1)
    assert gate.non_inferiority(0, 100, 100, 0.1) == 1
    assert gate.difference_interval(0, 100, 100, 0.99)[0] == -1
    assert gate.difference_interval(100, 0, 100, 0.99)[1] == 1
    assert gate.non_inferiority(0, 0, 5000, 0) == 1
    assert gate.non_inferiority(100, 0, 100, 0.1) == gate.MISSED


@pytest.mark.parametrize(("gained", "lost", "n"), [(-1, 0, 10), (0, -1, 10), (6, 5, 10)])
def test_counts_that_do_not_fit_are_a_mistake(gained: int, lost: int, n: int) -> None:
    with pytest.raises(ValueError, match="the counts do not fit"):
        gate.non_inferiority(gained, lost, n, 0.02)
    with pytest.raises(ValueError, match="the counts do not fit"):
        gate.difference_interval(gained, lost, n, 0.99)


@pytest.mark.parametrize("margin", [-1.0, 1.0, 2.0])
def test_a_margin_that_no_accuracy_can_fall_by_is_a_mistake(margin: float) -> None:
    with pytest.raises(ValueError, match="above -1 and below 1"):
        gate.non_inferiority(1, 1, 10, margin)


def test_a_verdict_on_20_000_images_takes_a_fifth_of_a_second_at_most() -> None:
    started = time.process_time()
    gate.non_inferiority(5000, 5000, 20_000, 0.02)
    assert time.process_time() - started < 0.2


def test_mcnemars_p_value_is_the_coins() -> None:
    assert gate.mcnemar(8, 1) == pytest.approx(10 / 2**9)
    assert gate.mcnemar(1, 8) == pytest.approx(511 / 2**9)
    assert gate.mcnemar(0, 0) == 1
    assert gate.mcnemar(6, 0) == pytest.approx(1 / 64)
    with pytest.raises(ValueError, match="do not fit"):
        gate.mcnemar(-1, 3)


def test_the_calibration_error_is_the_gap_of_each_bin_weighted_by_its_images() -> None:
    # Two images at 0.95, one right: a gap of 0.45 on each; two at 0.60, both right: 0.40 on each.
    values = np.array([[0.95, 1], [0.95, 0], [0.6, 1], [0.6, 1]])
    assert float(gate.calibration_error(values)) == pytest.approx((2 * 0.45 + 2 * 0.4) / 4)
    assert float(gate.calibration_error(np.array([[1.0, 1.0], [0.0, 0.0]]))) == 0
    both = gate.calibration_error(np.stack([values, values[::-1]]))
    assert both == pytest.approx([0.425, 0.425])


def overconfident(n: int, random: np.random.Generator) -> gate.Floats:
    """Models that are right 0.1 less often than they say, wherever they are sure."""
    sure = random.uniform(0.5, 1, n)
    right = (random.random(n) < sure - 0.1).astype(np.float64)
    return np.asarray(np.stack([sure, right], axis=1))


def test_each_end_of_the_bootstrap_interval_holds_as_often_as_it_says() -> None:
    random, runs = np.random.default_rng(0), 100
    above = below = 0
    for seed in range(runs):
        values = overconfident(300, random)
        low, high = gate.bootstrap_interval(values, gate.calibration_error, 0.95, seed)
        above, below = above + (low <= 0.1), below + (high >= 0.1)
    least = 0.95 - 3 * (0.95 * 0.05 / runs) ** 0.5
    assert above / runs >= least
    assert below / runs >= least


def test_a_seed_gives_the_same_bootstrap_interval_in_under_a_second() -> None:
    values = overconfident(20_000, np.random.default_rng(1))
    started = time.process_time()
    once = gate.bootstrap_interval(values, gate.calibration_error, 0.95, 7)
    assert time.process_time() - started < 1
    assert once == gate.bootstrap_interval(values, gate.calibration_error, 0.95, 7)
    assert 0.09 < once[0] < 0.1 < once[1] < 0.11


def test_a_single_image_has_an_interval_of_one_point() -> None:
    one = np.array([[0.7, 1.0]])
    low, high = gate.bootstrap_interval(one, gate.calibration_error, 0.95, 0)
    assert low == high == pytest.approx(0.3)


def test_the_page_shows_what_was_measured() -> None:
    lines = gate_power.RESULTS.read_text(encoding="utf-8").splitlines()
    results = [json.loads(line) for line in lines]
    page = (PROJECT / "docs" / "gate_evidence.md").read_text(encoding="utf-8")
    for mark, table in gate_power.TABLES.items():
        assert f"<!-- {mark} -->\n{table(results)}\n<!-- /{mark} -->" in page
    at_margin = [
        one
        for one in results
        if one.get("require") == "not_worse" and one["difference"] == -one["margin"]
    ]
    assert at_margin
    for one in at_margin:
        assert one["chance"] < ALPHA
        error = (ALPHA / one["runs"]) ** 0.5
        assert one["blessed"] / one["runs"] == pytest.approx(one["chance"], abs=4 * error)
