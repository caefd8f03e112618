"""The verdict: policies for baselines, forced blessings, and the sentence."""

from dataclasses import replace

import numpy as np
import pytest

from modules.gate import rules
from modules.gate.predictions import Answers, Predictions
from modules.gate.rules import RuleResult
from modules.gate.verdict import Baseline, judge
from modules.settings import Evaluation, Forced
from tests.modules.gate.answers import answers, predictions, right

SERVED = Baseline(7, "version 7 is the one served")
NONE = Baseline(None, "there is no baseline yet")


def broken(name: str) -> RuleResult:
    return RuleResult(name, "problems", rules.ALL, 1, None, 0, 0, None, False, "it hangs")


def test_the_first_candidate_is_asked_the_absolute_rules_alone_and_the_sentence_says_so() -> None:
    found = judge(predictions(right(95, 5)), Evaluation(), NONE)
    assert found.verdict == "blessed"
    assert found.sentence == (
        "blessed: accuracy 0.9500 on 100 test images; there is no baseline yet, so only the "
        "absolute rules were asked"
    )
    assert found.as_json()["baseline"] == {"version": None, "reason": "there is no baseline yet"}
    assert not {"not_worse", "max_drop"} & {rule.name for rule in found.rules}


def test_the_first_candidate_can_be_refused_by_policy() -> None:
    found = judge(predictions(right(95, 5)), Evaluation(no_baseline="refuse"), NONE)
    assert found.verdict == "refused"
    assert "evaluation.no_baseline is refuse" in found.sentence


def test_a_model_equal_to_the_baseline_is_not_worse_and_not_better() -> None:
    same = predictions(right(480, 20), right(480, 20))
    assert judge(same, Evaluation(), SERVED).verdict == "blessed"
    refused = judge(same, Evaluation(require="better"), SERVED)
    assert refused.verdict == "refused"
    assert "not shown at 99 % that it is better" in refused.sentence


def test_a_baseline_that_cannot_be_evaluated_is_set_aside_or_refused_with_the_reason() -> None:
    lost = replace(SERVED, unusable="version 7 was set aside, for its folder is gone")
    found = judge(predictions(right(95, 5)), Evaluation(), lost)
    assert found.verdict == "blessed"
    assert "version 7 was set aside" in found.sentence
    assert found.as_json()["baseline"] == {"version": None, "reason": lost.unusable}
    strict = Evaluation(unusable_baseline="refuse")
    assert judge(predictions(right(95, 5)), strict, lost).verdict == "refused"


def with_labels(ours: tuple[str, ...], theirs: tuple[str, ...], label: list[str]) -> Predictions:
    """Both models have every image right whose class they know."""

    def of(labels: tuple[str, ...]) -> Answers:
        known = np.array([one in labels for one in label])
        rank = np.where(known, 0, len(labels))
        return Answers(labels, rank, np.full(len(label), 0.9))

    return Predictions(np.array(label), {}, of(ours), of(theirs))


def test_a_baseline_with_fewer_classes_is_compared_on_those_in_common() -> None:
    given = with_labels(("a", "b", "c"), ("a", "b"), ["a"] * 200 + ["b"] * 200 + ["c"] * 50)
    found = judge(given, Evaluation(), SERVED)
    assert found.verdict == "blessed"
    (test,) = [rule for rule in found.rules if rule.name == "not_worse"]
    assert test.n == 400
    assert "compared on the 400 images of the 2 classes" in found.as_json()["baseline"]["reason"]


def test_a_baseline_with_other_classes_can_be_set_aside() -> None:
    given = with_labels(("a", "b", "c"), ("a", "b"), ["a"] * 200 + ["b"] * 200 + ["c"] * 50)
    found = judge(given, Evaluation(other_labels="set_aside"), SERVED)
    assert found.verdict == "blessed"
    assert "set aside, for it knows other classes" in found.sentence
    few = with_labels(("a", "c"), ("a", "b"), ["a"] * 10 + ["c"] * 200)
    told = judge(few, Evaluation(lost_classes="allow"), SERVED)
    assert "only 10 test images are of a class that both know" in told.sentence


def test_a_candidate_that_has_lost_a_class_is_refused_unless_that_is_allowed() -> None:
    given = with_labels(("a", "b"), ("a", "b", "c"), ["a"] * 200 + ["b"] * 200)
    found = judge(given, Evaluation(), SERVED)
    assert found.verdict == "refused"
    assert "the baseline knows 'c', and the candidate does not" in found.sentence
    assert judge(given, Evaluation(lost_classes="allow"), SERVED).verdict == "blessed"


def test_a_forced_blessing_names_who_and_why_and_the_rules_that_it_overrides() -> None:
    forced = Forced(by="Ada", reason="the test split is wrong")
    found = judge(predictions(right(10, 90)), Evaluation(), NONE, forced=forced)
    assert found.verdict == "forced"
    assert found.passed
    assert "min_accuracy" in found.sentence
    assert found.sentence.endswith("forced by Ada: the test split is wrong")
    assert found.as_json()["forced"] == {"by": "Ada", "reason": "the test split is wrong"}


def test_what_needs_no_force_is_blessed_and_what_cannot_be_served_is_not_forced() -> None:
    forced = Forced(by="Ada", reason="in a hurry")
    good = predictions(right(95, 5))
    assert judge(good, Evaluation(), NONE, forced=forced).verdict == "blessed"
    unfit = judge(good, Evaluation(), NONE, fit=[broken("infra_check")], forced=forced)
    assert unfit.verdict == "refused"
    assert "infra_check: it hangs" in unfit.sentence


def test_the_sentence_names_three_broken_rules_and_counts_the_others() -> None:
    label = [one for one in "abcdef" for _ in range(10)]
    found = judge(predictions([False] * 60, label=label), Evaluation(min_class_accuracy=0.5), NONE)
    assert "min_class_accuracy (label=a)" in found.sentence
    assert "and 4 more rules are broken" in found.sentence
    assert "\n" not in found.sentence


@pytest.mark.parametrize("images", [0, 5, 29])
def test_too_few_images_are_never_blessed(images: int) -> None:
    found = judge(predictions([True] * images), Evaluation(min_accuracy=0.0), NONE)
    assert found.verdict == "refused"


def test_answers_of_a_part_are_those_of_its_images() -> None:
    whole = answers([True, False, True])
    assert list(whole.of(np.array([True, False, False])).hit) == [True]
