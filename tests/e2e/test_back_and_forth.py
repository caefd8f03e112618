"""A config that is changed and changed back, from Python: what is served follows it."""

import shutil
from pathlib import Path

import pytest

import thaw
from components.records.summary import read_summary
from components.serving.versions import list_versions
from tests.e2e.thaw import DIGITS

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

LOOSE = {"evaluation": {"min_accuracy": 0.5, "margin": 0.5, "max_drop": 0.5, "max_class_drop": 1.0}}
OTHER = {**LOOSE, "finetune.stages": [{"name": "only", "epochs": 2, "learning_rate": 0.01}]}


def test_what_is_served_follows_the_config_back_and_forth(tmp_path: Path) -> None:
    root = tmp_path / "root"
    accuracies = []
    for overrides in (LOOSE, OTHER, LOOSE, OTHER):
        summary = thaw.run(DIGITS, root=root, overrides=overrides)
        assert summary == read_summary(root / "summary.json")
        assert summary.status == "pushed"
        assert summary.model_version == list_versions(root / "serving")[-1]
        assert summary.metrics.candidate is not None
        accuracies.append(summary.metrics.candidate.overall.accuracy)
    assert accuracies[0] == accuracies[2] != accuracies[1] == accuracies[3]
    assert thaw.run(DIGITS, root=root, overrides=OTHER).status == "unchanged"
    shutil.rmtree(root / "serving")
    assert thaw.run(DIGITS, root=root, overrides=OTHER).status == "pushed"
    (model,) = (root / "serving").glob("*/saved_model.pb")
    judgement = thaw.gate(DIGITS, model.parent, root=root, overrides=OTHER)
    assert judgement.gate.verdict == "blessed"
    assert judgement.infra.passed
