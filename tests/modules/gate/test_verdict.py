"""The verdict: policies for baselines, forced blessings, and the sentence."""

from dataclasses import replace

import numpy as np
import pytest

from modules.gate.predictions import Answers, Predictions
from modules.gate.result import RuleResult
from modules.gate.verdict import Baseline, judge
from modules.settings import Evaluation, Override
from tests.modules.gate.answers import answers, of_ranks, predictions, right

SERVED = Baseline(7, "version 7 is the one served")
NONE = Baseline(None, "there is no baseline yet")


def broken(name: str) -> RuleResult:
    return RuleResult(
        name=name,
        metric="problems",
        value=1,
        bound=0,
        passed=False,
        reason="it hangs",
        remedy="try again",
    )


def test_the_first_candidate_is_asked_the_absolute_rules_alone_and_the_sentence_says_so() -> None:
    verdict = judge(predictions(right(380, 20)), Evaluation(), NONE)
    assert verdict.verdict == "blessed"
    assert verdict.sentence == (
        "blessed: accuracy 0.9500 on 400 test images; there is no baseline yet, so only the "
        "absolute rules were asked"
    )
    assert verdict.as_json()["baseline"] == {"version": None, "reason": "there is no baseline yet"}
    assert not {"not_worse", "max_drop"} & {rule.name for rule in verdict.rules}


def test_the_first_candidate_can_be_refused_by_policy() -> None:
    verdict = judge(predictions(right(95, 5)), Evaluation(no_baseline="refuse"), NONE)
    assert verdict.verdict == "refused"
    assert "evaluation.no_baseline is refuse" in verdict.sentence


def test_a_model_equal_to_the_baseline_is_not_worse_and_not_better() -> None:
    same = predictions(right(480, 20), right(480, 20))
    assert judge(same, Evaluation(), SERVED).verdict == "blessed"
    refused = judge(same, Evaluation(require="better"), SERVED)
    assert refused.verdict == "refused"
    assert "not shown at 99 % that it is better" in refused.sentence


def test_a_baseline_that_cannot_be_evaluated_is_set_aside_or_refused_with_the_reason() -> None:
    lost = replace(SERVED, unusable="version 7 was set aside, for its folder is gone")
    verdict = judge(predictions(right(95, 5)), Evaluation(), lost)
    assert verdict.verdict == "blessed"
    assert "version 7 was set aside" in verdict.sentence
    assert verdict.as_json()["baseline"] == {"version": None, "reason": lost.unusable}
    strict = Evaluation(unusable_baseline="refuse")
    assert judge(predictions(right(95, 5)), strict, lost).verdict == "refused"


def with_labels(ours: tuple[str, ...], theirs: tuple[str, ...], label: list[str]) -> Predictions:
    """Both models have every image right whose class they know."""

    def of(labels: tuple[str, ...]) -> Answers:
        known = np.array([one in labels for one in label])
        rank = np.where(known, 0, len(labels))
        return of_ranks(labels, rank)

    return Predictions(np.array(label), {}, of(ours), of(theirs))


def test_a_baseline_with_fewer_classes_is_compared_on_those_in_common() -> None:
    answers = with_labels(("a", "b", "c"), ("a", "b"), ["a"] * 200 + ["b"] * 200 + ["c"] * 50)
    verdict = judge(answers, Evaluation(), SERVED)
    assert verdict.verdict == "blessed"
    (test,) = [rule for rule in verdict.rules if rule.name == "not_worse"]
    assert test.n == 400
    assert "compared on the 400 images of the 2 classes" in verdict.as_json()["baseline"]["reason"]


def test_a_baseline_with_other_classes_can_be_set_aside() -> None:
    answers = with_labels(("a", "b", "c"), ("a", "b"), ["a"] * 200 + ["b"] * 200 + ["c"] * 50)
    verdict = judge(answers, Evaluation(other_labels="set_aside"), SERVED)
    assert verdict.verdict == "blessed"
    assert "set aside, because it knows other classes" in verdict.sentence
    few = with_labels(("a", "c"), ("a", "b"), ["a"] * 10 + ["c"] * 200)
    outcome = judge(few, Evaluation(lost_classes="allow"), SERVED)
    assert "only 10 test images are of a class that both know" in outcome.sentence


def test_a_candidate_that_has_lost_a_class_is_refused_unless_that_is_allowed() -> None:
    answers = with_labels(("a", "b"), ("a", "b", "c"), ["a"] * 200 + ["b"] * 200)
    verdict = judge(answers, Evaluation(), SERVED)
    assert verdict.verdict == "refused"
    assert "the baseline knows 'c', and the candidate does not" in verdict.sentence
    assert judge(answers, Evaluation(lost_classes="allow"), SERVED).verdict == "blessed"


def test_a_class_that_a_person_removed_may_be_lost_and_no_other() -> None:
    label = ["a"] * 200 + ["b"] * 200
    removed = judge(
        with_labels(("a", "b"), ("a", "b", "c"), label), Evaluation(), SERVED, removed=["c", "x"]
    )
    assert removed.verdict == "blessed"
    (rule,) = [rule for rule in removed.rules if rule.name == "lost_classes"]
    assert rule.reason.endswith("'c', and the candidate does not; it was removed from the schema")
    answers = with_labels(("a", "b"), ("a", "b", "c", "my d"), label)
    refused = judge(answers, Evaluation(), SERVED, removed=["c"])
    assert refused.sentence.startswith(
        "refused: lost_classes: the baseline knows 'c' and 'my d', and the candidate does not; of "
        "these, only 'c' was removed from the schema; if meant: thaw schema remove CONFIG "
        "'label=my d' --by NAME; "
    )
    assert "thaw schema remove CONFIG label=c 'label=my d'" in (
        judge(answers, Evaluation(), SERVED, removed=[]).sentence
    )


def test_a_forced_blessing_names_who_and_why_and_the_rules_that_it_overrides() -> None:
    forced = Override(by="Ada", reason="the test split is wrong")
    verdict = judge(predictions(right(10, 90)), Evaluation(), NONE, forced=forced)
    assert verdict.verdict == "forced"
    assert verdict.passed
    assert "min_accuracy" in verdict.sentence
    assert verdict.sentence.endswith("forced by Ada: the test split is wrong")
    assert verdict.as_json()["forced"] == {"by": "Ada", "reason": "the test split is wrong"}


def test_what_needs_no_force_is_blessed_and_what_cannot_be_served_is_not_forced() -> None:
    forced = Override(by="Ada", reason="in a hurry")
    good = predictions(right(95, 5))
    assert judge(good, Evaluation(), NONE, forced=forced).verdict == "blessed"
    unfit = judge(good, Evaluation(), NONE, fit=[broken("infra_check")], forced=forced)
    assert unfit.verdict == "refused"
    assert unfit.sentence.startswith("refused: infra_check: it hangs; try again; accuracy 0.950")


def test_a_refusal_begins_with_three_broken_rules_and_their_remedies() -> None:
    label = [one for one in "abcdef" for _ in range(10)]
    hits = [place % 10 < 8 for place in range(60)]
    options = Evaluation(min_class_accuracy=0.9)
    verdict = judge(predictions(hits, label=label), options, NONE)
    first = (
        "refused: min_class_accuracy (label=a): accuracy 0.80, must be at least 0.9; add training "
        "images of that kind, or lower evaluation.min_class_accuracy; min_class_accuracy (label=b)"
    )
    assert verdict.sentence.startswith(first)
    assert "; and 3 more rules are broken; accuracy 0.800 on 60 test images; " in verdict.sentence
    assert "\n" not in verdict.sentence


def test_two_models_are_compared_on_the_same_images_in_the_sentence_too() -> None:
    label = ["a"] * 154 + ["b"] * 154 + ["c"] * 64
    hit = np.array([True] * 263 + [False] * 45 + [True] * 47 + [False] * 17)
    known = np.array([one != "c" for one in label])
    ours = of_ranks(("a", "b", "c"), np.where(hit, 0, 1))
    ranks = np.where(np.arange(372) < 253, 0, 1)
    theirs = of_ranks(("a", "b"), np.where(known, ranks, 2))
    verdict = judge(Predictions(np.array(label), {}, ours, theirs), Evaluation(), SERVED)
    assert verdict.sentence.startswith(
        "blessed: accuracy 0.8333 on 372 test images; accuracy 0.8539 on the 308 of classes that "
        "both know; version 7 has 0.8214 there; 10 images gained, 0 lost: not worse"
    )


def test_a_class_that_went_as_another_came_may_have_been_renamed() -> None:
    answers = with_labels(("a", "cats"), ("a", "cat"), ["a"] * 400 + ["cats"] * 200)
    verdict = judge(answers, Evaluation(), SERVED)
    assert verdict.sentence.startswith(
        "refused: lost_classes: the baseline knows 'cat', and the candidate does not, but knows "
        "'cats': renamed?; if meant: --set evaluation.lost_classes=allow; accuracy "
    )


@pytest.mark.parametrize(
    ("images", "margin", "takes"),
    [(40, 0.195, 330), (81, 0.12, 330)],
)
def test_the_first_push_says_which_margin_few_images_can_show(
    images: int, margin: float, takes: int
) -> None:
    verdict = judge(predictions(right(images, 0)), Evaluation(), NONE)
    assert verdict.verdict == "blessed"
    assert verdict.sentence.endswith(
        f"later models will be compared with this one by a margin of {margin}, the smallest that "
        f"{images} test images can show; a margin of 0.05 takes {takes}"
    )
    again = judge(predictions(right(images, 0), right(images, 0)), Evaluation(), SERVED)
    assert again.verdict == "blessed"
    can_show = f"by {margin} or more, the smallest margin that {images} test images can show, at"
    assert can_show in again.sentence


def test_the_first_push_says_when_a_margin_of_ones_own_can_never_be_shown() -> None:
    options = Evaluation(margin=0.05)
    verdict = judge(predictions(right(81, 0)), options, NONE)
    assert verdict.verdict == "blessed"
    assert verdict.sentence.endswith(
        "no later model can be shown to be not worse by 0.05: that takes at least 97 test images, "
        "and there are 81; add some, or set evaluation.margin to auto"
    )
    same = judge(predictions(right(81, 0), right(81, 0)), options, SERVED)
    assert same.sentence.startswith("refused: not_worse: 0 images gained, 0 lost: not shown")
    assert "81 test images cannot show that of any model, which takes at least 97" in same.sentence
    assert "no later model" not in judge(predictions(right(97, 0)), options, NONE).sentence


@pytest.mark.parametrize("images", [0, 5, 29])
def test_too_few_images_are_never_blessed(images: int) -> None:
    verdict = judge(predictions([True] * images), Evaluation(min_accuracy=0.0), NONE)
    assert verdict.verdict == "refused"


def test_answers_of_a_part_are_those_of_its_images() -> None:
    whole = answers([True, False, True])
    assert list(whole.of(np.array([True, False, False])).hit) == [True]
