"""Metrics: those of the table, and a user's own in a rule."""

import json
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from modules.errors import InputError
from modules.gate import rules
from modules.gate.metrics import ACCURACY, ECE, TABLE, ShareMetric, StatisticMetric, metric_of
from modules.gate.predictions import Answers, answers_of
from modules.gate.result import RuleResult
from modules.settings import BOUNDS, METRICS, Evaluation, Rule, metric_form
from modules.text import as_json
from tests.modules.gate.answers import predictions, right

SCORES = np.array([[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.2, 0.3, 0.5], [0.4, 0.4, 0.2]])
ANSWERS = answers_of(("a", "b", "c"), SCORES, np.array([0, 2, 2, -1]))


def _harmless(answers: Answers) -> Any:
    """Right, or not so wrong as to take class 0 for class 1."""
    return answers.hit | (answers.true != 0) | (answers.predicted != 1)


# Plug-ins, as a user would write them.
harmless = ShareMetric(_harmless)
brier = StatisticMetric(
    columns=lambda answers: np.stack([answers.confidence, answers.hit], axis=1),
    statistic=lambda columns: ((columns[..., 0] - columns[..., 1]) ** 2).mean(axis=-1),
    higher_is_better=False,
)
as_numbers = ShareMetric(lambda answers: answers.confidence)  # type: ignore[arg-type,return-value]
too_large = StatisticMetric(
    columns=lambda answers: answers.confidence[:, None],
    statistic=lambda columns: 9 + 0 * columns.mean(axis=(-2, -1)),
    higher_is_better=True,
)
in_lists = ShareMetric(lambda answers: answers.hit.tolist())
# Has no value where no image is wrong.
wrong_confidence = StatisticMetric(
    columns=lambda answers: np.stack([answers.confidence, ~answers.hit], axis=1).tolist(),
    statistic=lambda columns: (
        columns.prod(axis=-1).sum(axis=-1) / np.where(columns[..., 1].any(axis=-1), 1, np.nan)
    ).clip(0, 1),
    higher_is_better=False,
)
fails = ShareMetric(lambda answers: answers.scores)  # type: ignore[attr-defined]
function = _harmless


def own(name: str) -> str:
    return f"{__name__}:{name}"


def named(results: list[RuleResult], name: str) -> RuleResult:
    (result,) = [result for result in results if result.name == name]
    return result


def test_the_table_has_every_metric_of_the_settings() -> None:
    assert tuple(TABLE) == METRICS


@pytest.mark.parametrize(
    ("name", "form"),
    [("accuracy", ("accuracy", 0)), ("ece", ("ece", 0)), ("top_12", ("top_N", 12)),
     ("top_0", ("top_0", 0)), ("top_N", ("top_N", 0)), ("recall", ("recall", 0))],
)  # fmt: skip
def test_a_name_is_a_form_with_or_without_a_number(name: str, form: tuple[str, int]) -> None:
    assert metric_form(name) == form


def test_each_metric_says_its_name_value_and_direction() -> None:
    values = {name: metric_of(name).value(ANSWERS) for name in ("accuracy", "top_1", "top_3")}
    assert values == {"accuracy": 0.5, "top_1": 0.5, "top_3": 0.75}
    assert [metric_of(name).name for name in ("accuracy", "top_3", "ece")] == [
        "accuracy", "top_3", "ece",
    ]  # fmt: skip
    assert (ACCURACY.higher_is_better, ECE.higher_is_better) == (True, False)


def test_answers_hold_what_was_predicted_and_what_is_true() -> None:
    assert ANSWERS.predicted.tolist() == [0, 1, 2, 0]
    assert ANSWERS.true.tolist() == [0, 2, 2, -1]
    assert ANSWERS.of(np.array([1, 3])).true.tolist() == [2, -1]


@pytest.mark.parametrize("metric", ["", "recall", "top_0", "top_", "Accuracy", "a.b"])
def test_a_metric_that_there_is_not_is_refused(metric: str) -> None:
    with pytest.raises(ValidationError, match=r"must be accuracy, top_N, ece or package\.module"):
        Rule(metric=metric, min=0.5)


def test_a_rule_gives_its_bounds_by_what_they_bound() -> None:
    rule = Rule(min=0.1, max_rise=0.2)
    assert [(bound.key, number) for bound, number in rule.bounds(compares=False)] == [("min", 0.1)]
    (change,) = rule.bounds(compares=True)
    assert change == (BOUNDS[3], 0.2)
    assert {bound.key for bound in BOUNDS} < set(Rule.model_fields)


def test_the_tables_of_rules_are_keys_of_the_settings() -> None:
    assert {*rules.ABSOLUTE, *rules.COMPARING} < set(Evaluation.model_fields)


def test_a_users_own_share_is_bounded_and_tested_like_ours() -> None:
    options = Evaluation(rules=(Rule(metric=own("harmless"), min=0.99, max_drop=0.01),))
    # All of the classes a, b, c in turn; the wrong ones of class a are harmful.
    made_up = predictions(right(54, 6), right(60, 0))
    assert options.plugins == {own("harmless"): "evaluation.rules"}
    value = named(list(rules.absolute(options, made_up)), "min_harmless")
    assert (value.value, value.passed, value.kind, value.metric) == (
        0.9,
        False,
        "value",
        "harmless",
    )
    assert value.reason == "harmless 0.900, must be at least 0.99"
    assert value.interval is not None
    assert value.interval[0] < 0.9 < value.interval[1]
    change = named(list(rules.comparing(options, made_up)), "max_drop_harmless")
    assert (change.passed, change.kind) == (False, "change")
    assert change.value == pytest.approx(-0.1)


def test_a_users_own_statistic_has_bootstrap_intervals() -> None:
    options = Evaluation(rules=(Rule(metric=own("brier"), max=0.05, max_rise=0.01),))
    made_up = predictions(right(50, 10), right(58, 2))
    value = named(list(rules.absolute(options, made_up)), "max_brier")
    assert value.value == pytest.approx((50 * 0.01 + 10 * 0.81) / 60)
    assert value.interval is not None
    assert value.interval[0] < 8.6 / 60 < value.interval[1]
    assert value.remedy.startswith("train for longer")  # A lower one is better.
    change = named(list(rules.comparing(options, made_up)), "max_rise_brier")
    assert change.value == pytest.approx(8 * (0.81 - 0.01) / 60)
    assert not change.passed


def test_a_users_own_metric_may_give_lists() -> None:
    options = Evaluation(rules=(Rule(metric=own("in_lists"), min=0.5, max_drop=0.01),))
    both = predictions(right(54, 6), right(60, 0))
    assert named(list(rules.absolute(options, both)), "min_in_lists").value == 0.9
    assert not named(list(rules.comparing(options, both)), "max_drop_in_lists").passed


def test_a_metric_without_a_value_breaks_its_rule_and_is_null_in_records() -> None:
    options = Evaluation(rules=(Rule(metric=own("wrong_confidence"), max=1.0),))
    result = named(list(rules.absolute(options, predictions(right(60, 0)))), "max_wrong_confidence")
    assert not result.passed
    record = result.as_json()
    assert (record["value"], record["interval"], record["bound"]) == (None, None, 1.0)
    assert json.loads(as_json(record)) == record
    assert "NaN" not in as_json(record)


def test_a_model_that_is_better_than_a_rule_allows_is_no_reason_to_train_more() -> None:
    options = Evaluation(rules=(Rule(metric="accuracy", max=0.9),))
    result = named(list(rules.absolute(options, predictions(right(60, 0)))), "max_accuracy")
    assert result.remedy == (
        "see why the model is better than the rule allows, or raise the bound in evaluation.rules"
    )


def test_a_further_rule_says_that_its_bound_is_in_the_rules() -> None:
    options = Evaluation(min_accuracy=0.0, rules=(Rule(metric="accuracy", min=0.9),))
    ours, further = [
        result for result in rules.absolute(options, predictions(right(30, 30)))
        if result.name == "min_accuracy"
    ]  # fmt: skip
    assert ours.remedy.endswith("or lower evaluation.min_accuracy")
    assert further.remedy.endswith("or lower the bound in evaluation.rules")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("as_numbers", "gives float64 [4] of 4 images, must give bool [4]"),
        ("too_large", "gives [9.0, 9.0] for two samples, must be an array of two numbers in "
         "[0, 1]"),
        ("fails", "failed: AttributeError: 'Answers' object has no attribute 'scores'; correct it"),
        ("function", "is of type function, must be a ShareMetric or a StatisticMetric of "
         "modules.gate.metrics; name one"),
    ],
)  # fmt: skip
def test_what_is_no_metric_is_refused_in_one_line(name: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        metric_of(own(name))
    assert str(error.value) == f"evaluation.rules: {own(name)} {message}"
