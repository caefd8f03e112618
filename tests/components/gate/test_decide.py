"""Evaluation, parity and infra check come together in one verdict."""

from pathlib import Path
from typing import Any

import pytest

from components.evaluator.component import write_baseline
from components.gate.decide import decide, fit_rules
from modules.gate import predictions, tfma_config
from modules.gate.verdict import Baseline
from modules.settings import Evaluation, Forced
from tests.modules.gate import answers

GOOD = {
    "passed": True,
    "problems": [],
    "parity": {"images": 16, "max_difference": 1e-7, "tolerance": 1e-4},
}
NONE = Baseline(None, "there is no baseline yet")


@pytest.fixture
def evaluation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An evaluation of a good model, without TFMA's files."""
    found = answers.predictions(answers.right(95, 5))
    monkeypatch.setattr(predictions, "read", lambda folder: found)
    monkeypatch.setattr(tfma_config, "threshold_failures", lambda folder: [])
    write_baseline(tmp_path, NONE)
    return str(tmp_path)


def changed(**more: Any) -> dict[str, Any]:
    return {**GOOD, **more}


def test_a_good_model_is_blessed(evaluation: str) -> None:
    found = decide(evaluation, GOOD, Evaluation())
    assert found.verdict == "blessed"
    assert {"tfma_thresholds", "serving_parity", "infra_check"} <= {r.name for r in found.rules}


@pytest.mark.parametrize(
    ("infra", "told"),
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
    evaluation: str, infra: dict[str, Any], told: str
) -> None:
    forced = Forced(by="Ada", reason="in a hurry")
    found = decide(evaluation, infra, Evaluation(), forced=forced)
    assert found.verdict == "refused"
    assert told in found.sentence


def test_tfmas_own_verdict_counts(evaluation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told = ["accuracy of all images: too low"]
    monkeypatch.setattr(tfma_config, "threshold_failures", lambda folder: told)
    found = decide(evaluation, GOOD, Evaluation())
    assert found.verdict == "refused"
    assert "tfma_thresholds: accuracy of all images: too low" in found.sentence


def test_a_withdrawn_model_is_refused_unless_it_is_forced(evaluation: str) -> None:
    told = "this model was version 7, withdrawn 2026-01-01T00:00:00Z"
    found = decide(evaluation, GOOD, Evaluation(), withdrawn=told)
    assert found.verdict == "refused"
    assert told in found.sentence
    forced = Forced(by="Ada", reason="it was the server")
    assert decide(evaluation, GOOD, Evaluation(), told, forced).verdict == "forced"


def test_no_parity_is_no_rule_of_its_own() -> None:
    assert [rule.name for rule in fit_rules(changed(parity=None))] == ["infra_check"]
