"""From a backbone that brings a table to a version, and from that version to the next."""

import json
import shutil
from pathlib import Path

import pytest

from modules.backbones import backbone
from tests.conftest import GLYPHS, PROJECT
from tests.e2e.thaw import DIGITS, summary_in, thaw
from tests.modules.small_modules import save_with_table

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

SETTINGS = [
    "finetune={stages: [{name: head, epochs: 3, learning_rate: 0.01}, "
    "{name: all, unfreeze: all, epochs: 1, learning_rate: 0.001}]}",
    "evaluation.min_accuracy=0.8",
]


def run(handle: str, root: Path) -> tuple[str, Path]:
    """What a run printed, and the version that it pushed."""
    chosen = [part for setting in SETTINGS for part in ("--set", setting)]
    done = thaw("run", DIGITS, "--root", root, "--set", f"backbone.handle={handle}", *chosen)
    assert done.code == 0, done.out + done.err
    summary = summary_in(root)
    return done.out, Path(summary["serving_dir"]) / str(summary["model_version"])


def test_a_model_with_a_table_is_pushed_moved_and_fine_tuned_further(tmp_path: Path) -> None:
    handle = save_with_table(tmp_path / "module", backbone.load(str(GLYPHS)))
    out, version = run(handle, tmp_path / "one")
    assert "without its head" not in out
    assert (version / "assets" / "words.txt").is_file()
    shutil.rmtree(tmp_path / "module")
    moved = tmp_path / "elsewhere" / "1"
    shutil.copytree(version, moved)
    shutil.rmtree(tmp_path / "one")

    image = PROJECT / "data" / "digits" / "7" / "0007.png"
    done = thaw("predict", moved, image, "--json")
    assert done.code == 0, done.err
    scores = json.loads(done.out)[0]["scores"]
    assert sum(scores.values()) == pytest.approx(1.0, abs=1e-5)

    out, again = run(str(moved), tmp_path / "two")
    assert f"{moved} is a model that Thaw trained from {tmp_path / 'module'}" in out
    assert "its backbone is used with the weights that it learned, and without its head" in out
    remembered = json.loads((again / "assets.extra" / "backbone.json").read_text())
    assert remembered["handle"] == str(moved)
    assert remembered["input_range"] == [0.0, 1.0]
