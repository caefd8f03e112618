"""Models that have learned nothing, or nothing of a class."""

import pytest

from modules.gate import skill
from modules.gate.verdict import Baseline, judge
from modules.settings import Evaluation
from tests.modules.gate.answers import predictions, right

NONE = Baseline(None, "there is no baseline yet")


def test_a_model_that_always_names_the_commonest_class_is_refused_by_both_rules() -> None:
    constant = predictions(right(24, 16), label=["a"] * 24 + ["b"] * 16)
    verdict = judge(constant, Evaluation(), NONE)
    assert verdict.verdict == "refused"
    assert {rule.name for rule in verdict.rules if not rule.passed} == {"no_skill", "zero_recall"}
    assert verdict.sentence.startswith(
        "refused: no_skill: accuracy 0.600, and always answering 'a' has 0.600 on the same 40 test "
        "images: not shown to be better at 99 %; train for longer, on more images, or from another "
        "backbone; if meant: --set evaluation.no_skill=allow; zero_recall: no test image of 'b' "
        "(16 test images) is recognised; check the images and labels of these classes, and add "
        "some; if meant: --set evaluation.zero_recall=allow; accuracy 0.600 on 40 test images"
    )


def test_each_of_both_can_be_allowed_by_its_own_key() -> None:
    constant = predictions(right(24, 16), label=["a"] * 24 + ["b"] * 16)
    allowed = judge(constant, Evaluation(no_skill="allow", zero_recall="allow"), NONE)
    assert allowed.verdict == "blessed"
    reasons = {rule.name: rule.reason for rule in allowed.rules}
    assert "evaluation.no_skill is allow" in reasons["no_skill"]
    assert "evaluation.zero_recall is allow" in reasons["zero_recall"]
    (broken,) = (
        r for r in judge(constant, Evaluation(no_skill="allow"), NONE).rules if not r.passed
    )
    assert broken.name == "zero_recall"


@pytest.mark.parametrize(("gained", "shown"), [(6, False), (7, True)])
def test_seven_hits_beside_the_commonest_class_are_the_fewest_that_show_skill(
    gained: int, shown: bool
) -> None:
    few = predictions([True] * 90 + [True] * gained, label=["a"] * 90 + ["b"] * gained)
    rule = skill.no_skill(Evaluation(), few)
    assert rule.passed is shown
    assert ("takes at least 7 test images of other classes, and there are 6" in rule.remedy) is (
        not shown
    )


def test_what_it_gets_wrong_of_the_commonest_class_counts_against_it() -> None:
    label = ["a"] * 60 + ["b"] * 40
    noise = predictions([True] * 40 + [False] * 20 + [True] * 20 + [False] * 20, label=label)
    assert not skill.no_skill(Evaluation(), noise).passed  # as good as a coin that knows the shares
    honest = predictions([True] * 55 + [False] * 5 + [True] * 30 + [False] * 10, label=label)
    assert skill.no_skill(Evaluation(), honest).passed


@pytest.mark.parametrize(("images", "unknown"), [(1, False), (5, False), (6, True)])
def test_a_class_of_few_images_is_not_called_unknown(images: int, unknown: bool) -> None:
    missed = predictions(right(60, images), label=["a"] * 60 + ["b"] * images)
    assert skill.zero_recall(Evaluation(), missed).passed is not unknown


def test_with_many_classes_it_takes_more_images_to_call_one_unknown() -> None:
    label = [f"{place:03}" for place in range(100) for _ in range(11)]
    hits = [place >= 11 for place in range(1100)]
    assert not skill.zero_recall(Evaluation(), predictions(hits, label=label)).passed
    fewer = [f"{place:03}" for place in range(100) for _ in range(10)]
    few = predictions([place >= 10 for place in range(1000)], label=fewer)
    assert skill.zero_recall(Evaluation(), few).passed


def test_one_hit_is_enough_for_a_class() -> None:
    one = predictions(right(61, 19), label=["a"] * 60 + ["b"] * 20)
    assert skill.zero_recall(Evaluation(), one).passed
