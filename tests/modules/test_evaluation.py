"""The gate's rules in words and numbers."""

from modules.evaluation import Scores, rules, sentence
from modules.settings import Evaluation


def scores(*accuracies: float) -> Scores:
    by_class = {
        label: {"accuracy": value, "images": 10}
        for label, value in zip("abc", accuracies, strict=True)
    }
    return Scores({"accuracy": sum(accuracies) / 3, "images": 30}, by_class)


def test_the_first_run_is_asked_the_absolute_rules_alone_and_says_so() -> None:
    found = rules(Evaluation(min_accuracy=0.6), scores(1.0, 0.8, 0.3), None)
    assert [rule["name"] for rule in found] == ["min_accuracy", "min_class_accuracy (c)"]
    assert all(rule["passed"] for rule in found)
    assert "no baseline yet" in sentence("blessed", scores(1.0, 0.8, 0.3), None, found)


def test_a_class_that_fell_is_named_though_the_whole_held() -> None:
    options = Evaluation(max_drop=0.05, max_class_drop=0.1)
    found = rules(options, scores(1.0, 1.0, 0.6), scores(0.9, 0.9, 0.8))
    passed = {str(rule["name"]): rule["passed"] for rule in found}
    assert passed == {
        "min_accuracy": True,
        "min_class_accuracy (c)": True,
        "max_drop": True,
        "max_class_drop (c)": False,
    }
    told = sentence("refused", scores(1.0, 1.0, 0.6), scores(0.9, 0.9, 0.8), found)
    assert told.startswith("refused: accuracy 0.8667 on 30 test images; the baseline has 0.8667")
    assert "max_class_drop (c) is -0.2000, and must be at least -0.1" in told


def test_a_drop_of_exactly_the_margin_is_allowed() -> None:
    found = rules(Evaluation(max_drop=0.1, max_class_drop=0.1), scores(0.8, 0.8, 0.8),
                  scores(0.9, 0.9, 0.9))  # fmt: skip
    assert all(rule["passed"] for rule in found)
