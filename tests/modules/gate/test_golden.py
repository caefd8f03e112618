"""The rules of the golden set, and what is said of it."""

import numpy as np
import pytest

from modules.gate import golden
from modules.gate.predictions import Predictions
from modules.gate.result import RuleResult
from modules.settings import Evaluation
from tests.modules.gate.answers import LABELS, answers, of_ranks, predictions, right


def asked(images: Predictions, **options: float) -> dict[str, RuleResult]:
    compares = images.baseline is not None
    results = golden.rules(Evaluation.model_validate(options), images, compares=compares)
    return {result.name: result for result in results}


def test_the_least_accuracy_is_asked_of_the_candidate_alone() -> None:
    results = asked(predictions(right(90, 10)), golden_accuracy=0.9)
    assert list(results) == ["golden_accuracy"]
    rule = results["golden_accuracy"]
    assert rule.passed
    assert (rule.value, rule.bound, rule.n) == (0.9, 0.9, 100)
    assert rule.interval == pytest.approx((0.8256, 0.9448), abs=1e-4)
    assert rule.reason == (
        "accuracy 0.900, must be at least 0.9, on 100 golden images of 3 classes"
    )
    refused = asked(predictions(right(90, 10)), golden_accuracy=0.91)["golden_accuracy"]
    assert not refused.passed
    assert "lower evaluation.golden_accuracy" in refused.remedy


def test_a_fall_is_measured_in_pairs_and_may_be_as_large_as_the_bound() -> None:
    before, after = right(100, 0), right(98, 2)
    assert asked(predictions(after, before))["golden_drop"].passed
    rule = asked(predictions(right(97, 3), before))["golden_drop"]
    assert not rule.passed
    assert rule.value == pytest.approx(-0.03)
    assert (rule.baseline, rule.bound) == (1.0, -0.02)
    assert rule.interval is not None
    assert rule.interval[0] < -0.03 < rule.interval[1]
    assert "accuracy changed by -0.030 on 100 golden images, may fall by 0.02" in rule.reason
    assert "0 images gained, 3 lost, 1 of them of 'a'" in rule.reason
    assert "raise evaluation.golden_drop" in rule.remedy


def test_a_forgotten_class_is_named() -> None:
    label = ["a"] * 60 + ["b"] * 40
    rule = asked(predictions(right(60, 40), right(99, 1), label))["golden_drop"]
    assert not rule.passed
    assert "39 lost, 39 of them of 'b'" in rule.reason


def test_a_class_that_one_model_does_not_know_is_not_compared() -> None:
    label = np.array(["a"] * 50 + ["c"] * 50)
    both = Predictions(
        label,
        {},
        answers([True] * 100, LABELS),
        of_ranks(("a", "b"), np.where(label == "a", 0, 2)),
    )
    rule = asked(both)["golden_drop"]
    assert (rule.n, rule.value) == (50, 0.0)
    none = asked(both.of(label == "c"))["golden_drop"]
    assert none.passed
    assert none.reason == "no golden image is of a class that both models know"


def test_what_the_set_or_the_model_lacks_is_said() -> None:
    label = np.array(["a"] * 8 + ["z"] * 2)
    images = Predictions(label, {}, of_ranks(LABELS, np.where(label == "a", 0, 3)))
    assert golden.gaps(images) == [
        "the golden set has no image of 'b' and 'c'",
        "the candidate does not know 'z', so 2 golden images count as wrong",
    ]
    rule = asked(images)["golden_accuracy"]
    assert rule.value == 0.8
    assert "has no image of 'b' and 'c'; the candidate does not know 'z'" in rule.reason
    figures = golden.figures(images)
    assert (figures.missing_labels, figures.unknown_labels) == (["b", "c"], ["z"])


def test_the_figures_are_those_of_both_models() -> None:
    figures = golden.figures(predictions(right(3, 3), right(6, 0)))
    assert (figures.images, figures.candidate.accuracy) == (6, 0.5)
    assert figures.baseline is not None
    assert figures.baseline.accuracy == 1.0
    assert figures.by_class["a"] == {"accuracy": 0.5, "images": 2}
    low, high = figures.candidate.interval
    assert 0.18 < low < 0.5 < high < 0.82
    assert golden.figures(predictions(right(3, 3))).baseline is None


def test_the_verdicts_sentence_has_both_accuracies_on_the_same_images() -> None:
    both = predictions(right(95, 5), right(90, 10))
    assert golden.measured(both, "version 7") == [
        "golden accuracy 0.950 on 100 golden images of 3 classes, where version 7 has 0.900"
    ]
    assert golden.measured(both, "") == ["golden accuracy 0.950 on 100 golden images of 3 classes"]
