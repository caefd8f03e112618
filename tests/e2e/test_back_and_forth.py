"""A config that is changed and changed back: what is served follows it."""

import shutil
from pathlib import Path

import pytest

from components.serving.versions import list_versions
from tests.e2e.thaw import DIGITS, summary_in, thaw

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_what_is_served_follows_the_config_back_and_forth(tmp_path: Path) -> None:
    root = tmp_path / "root"
    asked = "{min_accuracy: 0.5, margin: 0.5, max_drop: 0.5, max_class_drop: 1.0}"
    loose = ("--set", f"evaluation={asked}")
    other = ("--set", "finetune.stages=[{name: only, epochs: 2, learning_rate: 0.01}]")
    accuracies = []
    for options in (loose, loose + other, loose, loose + other):
        done = thaw("run", DIGITS, "--root", root, *options)
        assert done.code == 0, done.out + done.err
        summary = summary_in(root)
        assert summary["model_version"] == list_versions(root / "serving")[-1]
        accuracies.append(summary["metrics"]["candidate"]["overall"]["accuracy"])
    assert accuracies[0] == accuracies[2] != accuracies[1] == accuracies[3]
    assert summary_in(root)["status"] == "pushed"
    assert thaw("run", DIGITS, "--root", root, *loose, *other).code == 0
    assert summary_in(root)["status"] == "unchanged"
    shutil.rmtree(root / "serving")
    assert thaw("run", DIGITS, "--root", root, *loose, *other).code == 0
    assert summary_in(root)["status"] == "pushed"
    assert len(list((root / "serving").glob("*/saved_model.pb"))) == 1
