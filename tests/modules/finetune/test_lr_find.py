"""The range test: rising rates, a loss that falls and blows up, and the suggested rates."""

import math
from collections.abc import Iterator

import numpy as np
import pytest

from modules.errors import InputError
from modules.finetune import lr_find, schedule
from modules.finetune.lr_find import RangeTest
from modules.finetune.optimizers import ParameterGroup, StageOptimizer
from modules.finetune.stage_run import StageRun
from modules.settings import Finetune, Stage
from tests.modules.bench import Bench, digit_images, stage

STEPS = 100
HEAD = stage(name="head", epochs=3, learning_rate=0.003)
PARTIAL = stage(name="partial", unfreeze={"last": 2}, layer_decay=0.5)


def range_of(number: int, *stages: Stage) -> RangeTest:
    # Storage of its own, which it leaves to others as it was.
    bench = Bench(train=digit_images(0, 240), validation=digit_images(240, 60))
    finetune = Finetune(stages=stages)
    planned = schedule.plan(finetune.stages, bench.blocks)
    return lr_find.range_test(bench.context(finetune), planned, number, STEPS)


@pytest.fixture(scope="module")
def head() -> RangeTest:
    return range_of(0, HEAD)


def judged(losses: list[float]) -> RangeTest:
    rates = lr_find.rates(len(losses))
    return lr_find.interpret(rates, losses, lr_find.memory(len(losses)), 0.5, blown_up=False)


def test_a_new_heads_loss_starts_at_that_of_guessing_then_falls_and_blows_up(
    head: RangeTest,
) -> None:
    assert head.losses[0] == pytest.approx(math.log(10), rel=1e-4)
    assert min(head.smoothed) < 1.0
    assert np.mean(head.losses[-5:]) > 2 * min(head.smoothed)
    assert len(head.rates) == len(head.losses) == len(head.smoothed) <= STEPS


def test_a_new_heads_suggestions_lie_where_it_learns(head: RangeTest) -> None:
    assert head.suggested is not None
    assert head.tenth_of_least is not None
    assert 1e-3 < head.suggested < 0.1
    assert 1e-3 < head.tenth_of_least < 0.1
    least = head.rates[int(np.argmin(head.smoothed))]
    assert head.tenth_of_least == pytest.approx(least / 10)


def test_a_later_stage_starts_where_those_before_it_end() -> None:
    range_test = range_of(1, HEAD, PARTIAL)
    assert range_test.losses[0] < 0.8 * math.log(10)
    assert range_test.blown_up
    assert range_test.losses[-1] > 2 * min(range_test.smoothed)
    assert range_test.suggested is not None
    assert 1e-5 < range_test.suggested < 1e-2


def test_the_same_seed_gives_the_same_suggestion(head: RangeTest) -> None:
    again = range_of(0, HEAD)
    assert again.suggested == head.suggested
    np.testing.assert_allclose(again.losses[:40], head.losses[:40], rtol=1e-3)


def test_rates_rise_by_the_same_ratio_from_1e_6_to_1() -> None:
    rates = lr_find.rates(STEPS)
    assert (rates[0], rates[-1]) == (1e-6, 1.0)
    ratios = np.array(rates[1:]) / np.array(rates[:-1])
    np.testing.assert_allclose(ratios, 10 ** (6 / (STEPS - 1)))
    result = [float(lr_find.RisingRate(STEPS)(step)) for step in range(STEPS)]
    np.testing.assert_allclose(result, rates, rtol=1e-4)


def test_the_test_replaces_the_stages_rate_but_keeps_each_groups_factor() -> None:
    bench = Bench()
    groups = [
        ParameterGroup((bench.model.head[0],), 1.0),
        ParameterGroup((bench.model.head[1],), 0.5),
    ]
    fast_stage = stage(learning_rate=3.0, optimizer={"name": "sgd", "momentum": 0.0})
    optimizer = StageOptimizer(fast_stage, groups, 1, lambda f: lr_find.RisingRate(STEPS, f))
    before = bench.weights()
    optimizer.apply([np.ones_like(v) for v in optimizer.variables])
    moved = {name: before[name] - value for name, value in bench.weights().items()}
    np.testing.assert_allclose(moved["head/kernel"], 1e-6, rtol=1e-3)
    np.testing.assert_allclose(moved["head/bias"], 0.5e-6, rtol=1e-3)


def test_the_moving_average_is_the_bias_corrected_recurrence() -> None:
    losses, memory = [3.0, 1.0, 4.0, 1.0, 5.0], 0.8
    mean = 0.0
    for taken, loss in enumerate(losses, 1):
        mean = memory * mean + (1 - memory) * loss
        expected = mean / (1 - memory**taken)
        assert lr_find.running_mean(losses[:taken], memory) == pytest.approx(expected)


def test_the_smoothed_loss_is_two_sided_and_does_not_lag() -> None:
    smoothed = lr_find.smooth([1.0, 2.0, 4.0], 0.5)
    assert smoothed[0] == pytest.approx((1 + 2 * 0.5 + 4 * 0.25) / 1.75)
    assert smoothed[1] == pytest.approx((1 * 0.5 + 2 + 4 * 0.5) / 2)
    line = [float(step) for step in range(41)]
    assert lr_find.smooth(line, 0.8)[20] == pytest.approx(20.0)


def test_the_suggestion_is_the_steepest_place_of_a_known_curve() -> None:
    decades = np.log10(lr_find.rates(121))
    # Even up to 1e-5, then a wave that is steepest at 1e-3 and least at 1e-1.
    curve = 1.0 + np.cos(np.pi / 4 * np.maximum(decades + 5.0, 0.0))
    result = judged([float(loss) for loss in curve])
    assert result.suggested == pytest.approx(1e-3, rel=0.3)
    assert result.tenth_of_least == pytest.approx(1e-2, rel=0.3)


def test_one_loss_that_explodes_does_not_hide_the_minimum() -> None:
    fall = [float(loss) for loss in np.linspace(2.0, 0.5, 40)]
    calm, wild = judged([*fall, 2.0]), judged([*fall, 2e6])
    assert calm.suggested is not None
    assert wild.suggested == calm.suggested
    assert wild.smoothed == pytest.approx(calm.smoothed, rel=0.02)


@pytest.mark.parametrize(
    "losses",
    [
        [0.1] * 40,
        [0.1 + 0.01 * step for step in range(40)],
        [0.1 + 0.05 * (step % 2) for step in range(40)],
        [1.0],
    ],
)
def test_a_loss_that_never_falls_suggests_nothing(losses: list[float]) -> None:
    result = judged(losses)
    assert result.suggested is None
    assert result.tenth_of_least is None


@pytest.mark.parametrize(("last", "taken"), [(math.nan, 30), (math.inf, 30), (100.0, 31)])
def test_a_test_ends_when_the_loss_is_four_times_its_minimum_or_not_finite(
    last: float, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StageRun, "batch_losses", lambda run, number: iter([1.0] * 30 + [last]))
    range_test = range_of(0, HEAD)
    assert range_test.blown_up
    assert len(range_test.losses) == taken


def test_four_times_a_tiny_loss_is_not_blown_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StageRun, "batch_losses", lambda run, number: iter([0.001] * 30 + [0.1]))
    assert not range_of(0, HEAD).blown_up


def test_a_loss_that_is_not_finite_at_the_first_step_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nothing(run: StageRun, number: int) -> Iterator[float]:
        yield math.nan

    monkeypatch.setattr(StageRun, "batch_losses", nothing)
    with pytest.raises(InputError, match=r"stages\[head\]: the loss is nan before the first step"):
        range_of(0, HEAD)
