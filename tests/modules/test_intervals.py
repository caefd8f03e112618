"""Intervals, and the comparison of stages."""

import json
import re

import numpy as np
import pytest
from scipy.stats import binomtest

from modules.finetune.results import StageResult, mark_shipped, shipped
from modules.intervals import accuracy, gain


def correct(right: int, of: int) -> list[bool]:
    return [place < right for place in range(of)]


@pytest.mark.parametrize(("right", "of"), [(0, 5), (5, 5), (1, 1), (90, 100), (985, 1000)])
def test_the_interval_of_an_accuracy_is_wilsons(right: int, of: int) -> None:
    estimate = accuracy(correct(right, of))
    expected = binomtest(right, of).proportion_ci(0.95, method="wilson")
    assert estimate.value == right / of
    assert estimate.interval == pytest.approx([expected.low, expected.high], abs=1e-6)


def test_the_interval_of_a_gain_covers_the_truth_about_as_often_as_stated() -> None:
    # Of 200 images 8 % are right in one model alone, 3 % in the other alone: a gain of 0.05.
    random = np.random.default_rng(0)
    covered = 0
    for _ in range(2000):
        point = random.random(200)
        better, worse = (point < 0.78).tolist(), ((point < 0.70) | (point > 0.97)).tolist()
        estimate = gain(better, worse)
        covered += estimate.low <= 0.05 <= estimate.high
    assert 0.93 <= covered / 2000 <= 0.98


def test_a_gain_is_the_observed_difference_and_changes_its_sign_with_the_models() -> None:
    first, second = correct(9, 10), correct(7, 10)
    estimate, turned = gain(first, second), gain(second, first)
    assert estimate.value == pytest.approx(0.2)
    assert turned.value == pytest.approx(-0.2)
    assert turned.interval == pytest.approx([-estimate.high, -estimate.low], abs=1e-6)
    assert estimate.low < 0.2 < estimate.high


def result(name: str, right: int, blocks: list[str], loss: float = 1.0) -> StageResult:
    result_of_stage = StageResult(name, blocks, [], 0, {})
    result_of_stage.record((1.0, 0.5), (loss, right / 100))
    result_of_stage.best_epoch, result_of_stage.correct = 1, correct(right, 100)
    result_of_stage.finish()
    return result_of_stage


def test_numbers_for_other_programs_have_no_meaningless_digits() -> None:
    result_of_stage = result("all", 33, ["a"])
    result_of_stage.record(
        (0.6931471824645996, 0.824999988079071), (0.12345678912345678, 0.3299999833)
    )
    result_of_stage.weight_drift, result_of_stage.earlier = (
        {"a": 0.1021208395923236},
        {"images": 9, "before": None, "after": 0.7},
    )
    record = result_of_stage.as_json()
    assert record["train_loss"][-1] == 0.693147
    assert record["train_accuracy"][-1] == 0.825
    assert record["validation_accuracy"][-1] == 0.33
    assert record["weight_drift"] == {"a": 0.102}
    assert record["earlier"] == {"images": 9, "before": None, "after": 0.7}
    assert not re.search(r"\d\.\d{7}", json.dumps(record))


def test_the_stage_that_ships_is_compared_with_the_best_one_that_unfroze_nothing() -> None:
    results = [result("head", 80, []), result("last", 88, ["b"]), result("all", 90, ["a", "b"])]
    assert mark_shipped(results) is results[2]
    shipped_stage = shipped(results)
    assert (shipped_stage["stage"], shipped_stage["compared_with"]) == ("all", "head")
    assert shipped_stage["gain"] == pytest.approx(0.1)
    low, high = shipped_stage["gain_interval"]
    assert 0.03 < low < 0.1 < high < 0.18
    assert shipped_stage["sentence"].startswith(
        "all ships: accuracy 0.900 on 100 validation images, +0.100 over head (95 % interval +0."
    )


def test_a_head_that_trains_on_a_changed_backbone_is_no_feature_extraction() -> None:
    results = [result("head", 80, []), result("all", 90, ["a"]), result("head2", 91, [])]
    mark_shipped(results)
    assert shipped(results)["stage"] == "head2"
    assert shipped(results)["compared_with"] == "head"


def test_where_unfreezing_did_not_help_the_head_ships_and_the_summary_says_so() -> None:
    results = [result("head", 90, []), result("last", 85, ["b"]), result("all", 88, ["a", "b"])]
    mark_shipped(results)
    shipped_stage = shipped(results)
    assert (shipped_stage["stage"], shipped_stage["compared_with"]) == ("head", "all")
    assert shipped_stage["gain"] == pytest.approx(0.02)
    assert shipped_stage["gain_interval"][0] < 0.02


def test_a_stage_alone_is_compared_with_nothing() -> None:
    results = [result("only", 90, ["a"])]
    mark_shipped(results)
    shipped_stage = shipped(results)
    assert (
        shipped_stage["compared_with"],
        shipped_stage["gain"],
        shipped_stage["gain_interval"],
    ) == (None, None, None)
    assert (
        shipped_stage["interval"][0]
        < shipped_stage["accuracy"]
        == 0.9
        < shipped_stage["interval"][1]
    )


def test_among_equals_the_lower_loss_ships_and_then_the_earlier_stage() -> None:
    results = [result("a", 90, []), result("b", 90, ["x"], loss=0.5), result("c", 90, [], 0.5)]
    assert mark_shipped(results) is results[1]
    assert [result.shipped for result in results] == [False, True, False]
