"""Evaluation, parity and infra check come together in one verdict."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto.validation_result_pb2 import ValidationResult

from components.gate.judge import fit_rules, judge_candidate
from components.records.evaluation import write_compared
from components.records.infra import InfraRecord, ParityRecord
from modules.gate import predictions, tfma_config
from modules.gate.result import RuleResult
from modules.gate.verdict import Baseline
from modules.settings import Evaluation, Override, Rule
from tests.modules.gate import answers

GOOD = InfraRecord(
    passed=True,
    problems=(),
    parity=ParityRecord(images=16, max_difference=1e-7, tolerance=1e-4),
)
NONE = Baseline(None, "there is no baseline yet")


@pytest.fixture
def evaluation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An evaluation of a good model, without TFMA's files."""
    good = answers.predictions(answers.right(95, 5))
    monkeypatch.setattr(predictions, "read", lambda folder: good)
    monkeypatch.setattr(tfma_config, "threshold_failures", lambda folder: [])
    write_compared(tmp_path, NONE)
    return str(tmp_path)


def changed(**more: Any) -> InfraRecord:
    return InfraRecord.model_validate({**GOOD.model_dump(), **more})


def test_a_good_model_is_blessed(evaluation: str) -> None:
    verdict = judge_candidate(evaluation, GOOD, Evaluation())
    assert verdict.verdict == "blessed"
    assert {"tfma_thresholds", "serving_parity", "infra_check"} <= {r.name for r in verdict.rules}


@pytest.mark.parametrize(
    ("infra", "reason"),
    [
        (
            changed(parity={"images": 16, "max_difference": 0.2, "tolerance": 1e-4}),
            "served scores are not those",
        ),
        (
            changed(parity={"images": 0, "max_difference": None, "tolerance": 1e-4}),
            "served scores are not those",
        ),
        (changed(passed=False, problems=["it hangs"], parity=None), "infra_check: it hangs"),
        (changed(passed=False, problems=[]), "it did not pass"),
    ],
)
def test_what_cannot_be_served_is_refused_and_no_force_helps(
    evaluation: str, infra: InfraRecord, reason: str
) -> None:
    forced = Override(by="Ada", reason="in a hurry")
    verdict = judge_candidate(evaluation, infra, Evaluation(), forced=forced)
    assert verdict.verdict == "refused"
    assert reason in verdict.sentence


def test_tfmas_own_verdict_counts(evaluation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    failures = ["accuracy of all images: too low"]
    monkeypatch.setattr(tfma_config, "threshold_failures", lambda folder: failures)
    verdict = judge_candidate(evaluation, GOOD, Evaluation())
    assert verdict.verdict == "refused"
    assert "tfma_thresholds: accuracy of all images: too low" in verdict.sentence


def validation(*failures: dict[str, Any]) -> ValidationResult:
    """TFMA's verdict, as it writes it."""
    result = ValidationResult(validation_ok=False)
    for failure in failures:
        of_slice = result.metric_validations_per_slice.add()
        if "slice" in failure:
            key = of_slice.slice_key.single_slice_keys.add(column="label")
            key.bytes_value = failure["slice"].encode()
        one = of_slice.failures.add(message=failure.get("message", ""))
        one.metric_key.name = tfma_config.ACCURACY
        one.metric_value.double_value.value = failure.get("value", 0.0)
        if "bound" in failure:
            one.metric_threshold.value_threshold.lower_bound.value = failure["bound"]
        if "change" in failure:
            one.metric_threshold.change_threshold.absolute.value = failure["change"]
    return result


def test_a_threshold_of_tfma_that_is_not_met_is_told_in_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    result = validation(
        {"value": 0.41999998688697815, "bound": 0.5 - 1e-6},
        {"value": 0.1, "bound": 0.2 - 1e-6, "slice": "cat"},
        {"value": -0.07500004, "change": -0.02 - 1e-6},
        {"message": "Metric not\n found."},
    )
    monkeypatch.setattr(tfma, "load_validation_result", lambda folder: result)
    assert tfma_config.threshold_failures("folder") == [
        "accuracy of all images: it is 0.42, and must be at least 0.5",
        "accuracy of label=cat: it is 0.1, and must be at least 0.2",
        "accuracy of all images: it changed by -0.075, and may fall by 0.02",
        "accuracy of all images: Metric not found.",
    ]


def test_every_rule_that_can_be_broken_has_a_remedy_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = [place % 2 == 0 for place in range(40)]
    compared = replace(
        answers.predictions([False] * 40), baseline=answers.answers(half, ("a", "b", "c", "d"))
    )
    monkeypatch.setattr(predictions, "read", lambda folder: compared)
    monkeypatch.setattr(tfma_config, "threshold_failures", lambda folder: ["accuracy: too low"])
    options = Evaluation(
        min_examples=41, min_class_accuracy=0.5, no_baseline="refuse", unusable_baseline="refuse",
        rules=(Rule(min=1.0, max_drop=0.0), Rule(metric="ece", max=0.0, max_rise=0.0)),
        other_labels="set_aside", max_class_drop=0.0,
    )  # fmt: skip
    infra = changed(passed=False, parity={"images": 9, "max_difference": 1.0, "tolerance": 1e-4})
    broken: dict[str, RuleResult] = {}
    common = {"min_examples": 30, "other_labels": "common"}
    alone = replace(compared, baseline=None)
    for change, seen in (
        ({}, compared), ({}, alone), (common, compared), ({**common, "require": "better"}, compared)
    ):  # fmt: skip
        write_compared(tmp_path, Baseline(7 if seen.baseline else None, "it is"))
        monkeypatch.setattr(predictions, "read", lambda folder, seen=seen: seen)
        asked = options.model_copy(update=change)
        verdict = judge_candidate(str(tmp_path), infra, asked, withdrawn="it was", in_docker=False)
        assert verdict.verdict == "refused"
        broken |= {rule.name: rule for rule in verdict.rules if not rule.passed}
    assert set(broken) == {
        "min_examples", "min_accuracy", "min_class_accuracy", "no_skill", "zero_recall",
        "not_worse", "better", "max_drop", "max_class_drop", "lost_classes", "no_baseline",
        "unusable_baseline",
        "tfma_thresholds", "withdrawn", "serving_parity", "infra_check", "infra_validator",
        "max_ece", "max_drop_accuracy", "max_rise_ece",
    }  # fmt: skip
    for rule in broken.values():
        assert len(rule.remedy.split()) > 3, rule
        assert rule.as_json()["remedy"] == rule.remedy
        assert not rule.reason.endswith((" ", ":"))


def test_a_withdrawn_model_is_refused_unless_it_is_forced(evaluation: str) -> None:
    withdrawal = "this model was version 7, withdrawn 2026-01-01T00:00:00Z"
    verdict = judge_candidate(evaluation, GOOD, Evaluation(), withdrawn=withdrawal)
    assert verdict.verdict == "refused"
    assert withdrawal in verdict.sentence
    forced = Override(by="Ada", reason="it was the server")
    assert judge_candidate(evaluation, GOOD, Evaluation(), withdrawal, forced).verdict == "forced"


def test_no_parity_is_no_rule_of_its_own() -> None:
    assert [rule.name for rule in fit_rules(changed(parity=None))] == ["infra_check"]
