"""A golden set over two runs: never trained on, and what a model has forgotten is seen on it."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import thaw as api
from components.records.summary import Summary
from modules import model_layout
from tests.conftest import PROJECT, encoded
from tests.e2e.thaw import DIGITS, thaw

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

STAGES = [{"name": "head", "epochs": 4, "learning_rate": 0.01}]
LOOSE = {"min_accuracy": 0.5, "margin": 0.2, "max_drop": 0.2, "max_class_drop": 0.5}


def digits(target: Path, first: int, last: int, leave_out: str = "") -> None:
    """Copies some of each digit's images into folders of its class."""
    for folder in sorted((PROJECT / "data" / "digits").iterdir()):
        if folder.is_dir() and folder.name != leave_out:
            (target / folder.name).mkdir(parents=True, exist_ok=True)
            for path in sorted(folder.iterdir())[first:last]:
                shutil.copy(path, target / folder.name)


def names_in(quarantine: str) -> list[str]:
    lines = Path(quarantine).read_text(encoding="utf-8").splitlines()
    return sorted(row["path"] for row in map(json.loads, lines))


def test_a_candidate_that_forgot_a_class_is_refused_though_its_test_images_lack_that_class(
    tmp_path: Path,
) -> None:
    data, golden = tmp_path / "data", tmp_path / "golden"
    digits(data / "train", 0, 40)
    digits(data / "validation", 40, 50)
    digits(data / "test", 50, 60, leave_out="9")
    digits(golden, 39, 41, leave_out="8")  # the last of train, and the first of validation
    digits(golden, 60, 70, leave_out="8")
    (golden / "x").mkdir()
    shutil.copy(PROJECT / "data/digits/8/0008.png", golden / "x" / "eight.png")

    def run(**overrides: Any) -> Summary:
        asked = {
            "data.path": str(data),
            "finetune.stages": STAGES,
            "evaluation": {**LOOSE, "golden": str(golden), **overrides},
        }
        return api.run(DIGITS, root=tmp_path / "root", overrides=asked)

    first = run()
    assert first.status == "pushed"
    assert first.data.golden is not None
    assert first.data.quarantined is not None
    taken_out = names_in(str(first.data.quarantined.listed_in))
    assert first.data.golden == len(taken_out) == 2 * 9 + 1
    assert first.data.images is not None
    assert set(first.data.images) == {"train", "validation", "test"}
    assert first.data.images["train"] == dict.fromkeys("0123456789", 39)

    shown = first.metrics.golden
    assert shown is not None
    assert (shown.images, shown.baseline) == (109, None)
    assert (shown.missing_labels, shown.unknown_labels) == (("8",), ("x",))
    assert shown.candidate.accuracy > 0.8
    assert first.metrics.candidate is not None
    assert first.metrics.candidate.overall.images == 90
    assert first.gate is not None
    assert "golden accuracy" in first.gate.sentence
    extra = tmp_path / "root/serving" / str(first.model_version) / model_layout.EXTRA
    assert "golden" in (extra / "model_card.md").read_text(encoding="utf-8")

    again = run()
    assert (again.status, again.model_version) == ("unchanged", first.model_version)

    # The class stays, and nothing in it is that digit any more.
    random = np.random.default_rng(0)
    for path in (data / "train/9").iterdir():
        path.write_bytes(encoded(random.integers(0, 255, (8, 8, 3), dtype=np.uint8)))
    second = run()
    assert second.status == "rejected"
    assert second.gate is not None
    broken = [rule for rule in second.gate.rules if not rule.passed]
    assert [rule.name for rule in broken] == ["golden_drop"]
    assert "of them of '9'" in broken[0].reason
    assert second.metrics.golden is not None
    assert second.metrics.golden.baseline == shown.candidate

    (row,) = json.loads(thaw("versions", DIGITS, "--root", tmp_path / "root", "--json").out)
    assert row["golden"]["accuracy"] == shown.candidate.accuracy
