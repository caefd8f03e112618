"""The three recipes do what they say at their head."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PROJECT
from tests.e2e.thaw import summary_in, thaw

pytestmark = pytest.mark.e2e

RECIPES = PROJECT / "configs" / "recipes"


def promised(recipe: str) -> float:
    """The accuracy that the recipe's head says to expect at least."""
    text = (RECIPES / f"{recipe}.yaml").read_text(encoding="utf-8")
    match = re.search(r"accuracy (?:of )?(0\.\d+)", text)
    assert match, recipe
    return float(match[1])


def run(recipe: str, root: Path, *changes: str) -> dict[str, Any]:
    options = [part for change in changes for part in ("--set", change)]
    done = thaw("run", RECIPES / f"{recipe}.yaml", "--root", root, *options)
    assert done.code == 0, done.out + done.err
    assert "schedule: " in done.out
    return summary_in(root)


@pytest.mark.slow
def test_feature_extraction_leaves_the_backbone_as_it_was(tmp_path: Path) -> None:
    summary = run("feature_extraction", tmp_path / "root")
    (stage,) = summary["stages"]
    assert (stage["blocks"], stage["weight_drift"]) == ([], {})
    assert stage["trained_variables"] == ["head/kernel", "head/bias"]
    assert (stage["cache"], stage["cache_reason"]) == ("embeddings", "the whole backbone is frozen")
    assert summary["shipped"]["compared_with"] is None
    accuracy = summary["metrics"]["candidate"]["overall"]["accuracy"]
    assert accuracy >= promised("feature_extraction") - 0.02


@pytest.mark.slow
def test_partial_fine_tuning_moves_the_last_blocks_alone(tmp_path: Path) -> None:
    summary = run("partial", tmp_path / "root")
    head, partial = summary["stages"]
    assert partial["blocks"] == list(partial["weight_drift"]) == ["block_3", "block_4"]
    assert head["weight_drift"] == {}
    assert [stage["cache"] for stage in (head, partial)] == ["embeddings", "activations"]
    # One pass filled both, and the stage that came first paid for it.
    assert partial["cache_mb"] > head["cache_mb"] > 0
    assert summary["schedule"]["chosen_by"] == "config"
    assert summary["shipped"]["stage"] == "partial"
    assert summary["shipped"]["compared_with"] == "head"
    accuracy = summary["metrics"]["candidate"]["overall"]["accuracy"]
    assert accuracy >= promised("partial") - 0.02


@pytest.mark.slow
def test_full_fine_tuning_ships_its_best_stage_and_tells_what_earlier_images_lost(
    tmp_path: Path,
) -> None:
    for label in ("3", "8"):
        (tmp_path / "earlier" / label).mkdir(parents=True)
        for image in sorted((PROJECT / "data" / "digits" / label).iterdir())[:20]:
            shutil.copy(image, tmp_path / "earlier" / label)
    summary = run("full", tmp_path / "root", f"data.earlier={tmp_path / 'earlier'}")
    assert summary["data"]["images"]["earlier"] == {"3": 20, "8": 20}
    stages = summary["stages"]
    assert [stage["earlier"]["images"] for stage in stages] == [40] * 3
    assert stages[0]["earlier"]["before"] is None
    assert stages[1]["earlier"]["before"] == stages[0]["earlier"]["after"]
    assert len(stages[2]["weight_drift"]) == 5
    assert stages[2]["cache"] == "none"
    assert "augmentation makes other images" in stages[2]["cache_reason"]
    best = max(stages, key=lambda stage: stage["held_out"]["accuracy"])
    shipped = summary["shipped"]
    assert shipped["accuracy"] == best["held_out"]["accuracy"]
    assert shipped["interval"][0] < shipped["accuracy"] <= shipped["interval"][1]
    assert [stage["name"] for stage in stages if stage["shipped"]] == [shipped["stage"]]
    accuracy = summary["metrics"]["candidate"]["overall"]["accuracy"]
    assert accuracy >= promised("full") - 0.02


def test_a_schedule_that_chooses_itself_tells_what_it_chose(tmp_path: Path) -> None:
    for label in map(str, range(10)):
        (tmp_path / "photos" / label).mkdir(parents=True)
        for image in sorted((PROJECT / "data" / "digits" / label).iterdir())[:40]:
            shutil.copy(image, tmp_path / "photos" / label)
    config = tmp_path / "configs" / "own.yaml"
    config.parent.mkdir()
    backbone = PROJECT / "data" / "backbones" / "glyphs_cnn_32"
    config.write_text(
        "data: {path: ../photos}\n"
        f"backbone: {{handle: {backbone}}}\n"
        "finetune: {schedule: auto, label_smoothing: 0.05}\n",
        encoding="utf-8",
    )
    inspected = thaw("inspect", config)
    assert "stage partial" in inspected.out, inspected.out + inspected.err
    done = thaw("run", config)
    assert done.code == 0, done.out + done.err
    summary = summary_in(tmp_path / ".thaw" / "own")
    chosen = summary["schedule"]
    assert chosen["chosen_by"] == "auto"
    assert chosen["facts"]["images"] == sum(summary["data"]["images"]["train"].values())
    names = [stage["name"] for stage in summary["stages"]]
    assert names == [stage["name"] for stage in chosen["stages"]] == ["head", "partial"]
    assert {stage["label_smoothing"] for stage in chosen["stages"]} == {0.05}
    assert summary["metrics"]["candidate"]["overall"]["accuracy"] >= 0.9
