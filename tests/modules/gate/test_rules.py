"""The gate's rules, asked of predictions with a known truth."""

from typing import Any

import pytest

from modules.gate import rules
from modules.gate.result import RuleResult
from modules.settings import Evaluation, Rule
from tests.modules.gate.answers import predictions, right


def named(results: list[RuleResult], name: str, part: str | None = None) -> RuleResult:
    (rule,) = [rule for rule in results if (rule.name, rule.slice) == (name, part)]
    return rule


def test_the_least_number_of_images_and_the_least_accuracy_are_asked_without_a_baseline() -> None:
    options = Evaluation(min_examples=50, min_accuracy=0.9)
    result = list(rules.absolute(options, predictions(right(44, 4))))
    few = named(result, "min_examples")
    assert (few.passed, few.value, few.bound, few.n) == (False, 48, 50, 48)
    accuracy = named(result, "min_accuracy")
    assert accuracy.passed
    assert accuracy.value == pytest.approx(44 / 48)
    assert accuracy.interval is not None
    assert accuracy.interval[0] < 44 / 48 < accuracy.interval[1]


def test_each_class_is_asked_for_the_least_class_accuracy() -> None:
    label = ["a"] * 10 + ["b"] * 10
    answers = predictions(right(16, 4), label=label)
    result = list(rules.absolute(Evaluation(min_class_accuracy=0.7), answers))
    assert named(result, "min_class_accuracy", "label=a").passed
    fallen = named(result, "min_class_accuracy", "label=b")
    assert (fallen.passed, fallen.value, fallen.n) == (False, 0.6, 10)


def test_a_value_on_its_bound_is_kept() -> None:
    result = list(rules.absolute(Evaluation(min_accuracy=0.9), predictions(right(90, 10))))
    assert named(result, "min_accuracy").passed
    both = predictions(right(80, 20), right(90, 10))
    compared = list(rules.comparing(Evaluation(max_drop=0.1), both))
    assert named(compared, "max_drop").passed


def test_a_rule_by_a_number_is_asked_of_each_quarter_and_by_text_of_each_value() -> None:
    values: dict[str, list[Any]] = {
        "brightness": [i / 100 for i in range(100)],
        "camera": ["x"] * 90 + ["y"] * 10,
    }
    answers = predictions(right(75, 25), features=values)
    options = Evaluation(rules=(Rule(slice="brightness", min=0.5), Rule(slice="camera", min=0.5)))
    result = [rule for rule in rules.absolute(options, answers) if rule.name == "min_accuracy"]
    by_slice = {rule.slice: rule for rule in result if rule.slice}
    quarters = [rule for name, rule in by_slice.items() if "brightness" in str(name)]
    assert [rule.n for rule in quarters] == [25, 25, 25, 25]
    assert [rule.passed for rule in quarters] == [True, True, True, False]
    assert by_slice["camera=x"].passed
    assert not by_slice["camera=y"].passed


def test_top_k_and_calibration_can_be_bounded() -> None:
    answers = predictions(right(60, 40))  # always 0.9 sure, and right in 0.6
    options = Evaluation(
        rules=(
            Rule(metric="top_2", min=1.0),
            Rule(metric="ece", max=0.2),
            Rule(metric="ece", max=0.31),
        )
    )  # fmt: skip
    result = list(rules.absolute(options, answers))
    assert named(result, "min_top_2").passed
    tight, loose = [rule for rule in result if rule.name == "max_ece"]
    assert tight.value == pytest.approx(0.3)
    assert (tight.passed, loose.passed) == (False, True)


def test_not_worse_is_shown_only_when_there_are_images_enough() -> None:
    options = Evaluation(margin=0.05, confidence=0.99)
    few = named(
        list(rules.comparing(options, predictions(right(40, 0), right(40, 0)))), "not_worse"
    )
    assert not few.passed
    assert "takes at least" in few.remedy
    assert "raise evaluation.margin" in few.remedy
    many = predictions(right(400, 0), right(400, 0))
    enough = named(list(rules.comparing(options, many)), "not_worse")
    assert enough.passed
    assert enough.interval is not None
    assert enough.interval[0] > -0.05


def test_a_candidate_that_is_worse_by_twice_the_margin_is_not_shown_to_be_as_good() -> None:
    answers = predictions(right(850, 150), right(950, 50))
    result = named(list(rules.comparing(Evaluation(margin=0.05), answers)), "not_worse")
    assert not result.passed
    assert result.value == pytest.approx(-0.1)
    assert result.bound == -0.05


def test_better_asks_for_more_than_equal() -> None:
    options = Evaluation(require="better")
    equal = predictions(right(900, 100), right(900, 100))
    assert not named(list(rules.comparing(options, equal)), "better").passed
    gained = predictions(right(930, 70), right(900, 100))
    assert named(list(rules.comparing(options, gained)), "better").passed


def test_a_class_may_fall_within_noise_but_no_further() -> None:
    label = ["a"] * 200 + ["b"] * 10
    options = Evaluation(max_class_drop=0.2)
    noise = predictions(right(207, 3), right(210, 0), label)
    result = named(list(rules.comparing(options, noise)), "max_class_drop", "label=b")
    assert result.passed
    assert result.value == pytest.approx(-0.3)
    assert "within noise" in result.reason
    real = predictions(right(204, 6), right(210, 0), label)
    broken = named(list(rules.comparing(options, real)), "max_class_drop", "label=b")
    assert not broken.passed
    assert "no noise" in broken.reason


def test_a_rise_of_the_calibration_error_can_be_bounded() -> None:
    options = Evaluation(rules=(Rule(metric="ece", max_rise=0.05),))
    answers = predictions(right(80, 20), right(90, 10))
    result = named(list(rules.comparing(options, answers)), "max_rise_ece")
    assert result.value == pytest.approx(0.1)
    assert not result.passed


def test_a_rule_says_what_other_programs_read() -> None:
    (first, *_) = rules.comparing(Evaluation(), predictions(right(90, 10), right(90, 10)))
    assert set(first.as_json()) == {
        "name", "kind", "metric", "slice", "value", "baseline", "bound", "n", "interval", "passed",
        "reason", "remedy",
    }  # fmt: skip


def test_numbers_have_as_many_digits_as_the_count_of_images_justifies() -> None:
    (*_, found) = rules.comparing(Evaluation(), predictions(right(33, 7), right(34, 6)))
    (accuracy,) = [r for r in rules.absolute(Evaluation(), predictions(right(33, 7)))
                   if r.name == "min_accuracy"]  # fmt: skip
    assert accuracy.as_json()["value"] == 0.825
    assert "accuracy 0.825, must be at least 0.5" in accuracy.reason
    shown = [found.as_json()[key] for key in ("value", "baseline")] + found.as_json()["interval"]
    assert all(len(str(number).lstrip("-")) <= 5 for number in shown), shown
