"""``configs/sign_language.yaml`` on a few of its photos, its module coming from the web."""

import shutil
from pathlib import Path

import pytest

from tests.conftest import PROJECT
from tests.e2e.thaw import summary_in, thaw, tree
from tests.e2e.web import serving

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PER_CLASS = 30
CONFIG = PROJECT / "configs" / "sign_language.yaml"


def test_photos_of_any_size_are_learnt_with_a_module_from_the_web(
    shared: Path, tmp_path: Path
) -> None:
    photos = shared / "data" / "sign_language_digits"
    count = 0
    for label in map(str, range(10)):
        (tmp_path / "photos" / label).mkdir(parents=True)
        largest_first = sorted((photos / label).iterdir(), key=lambda path: -path.stat().st_size)
        for path in largest_first[:PER_CLASS]:
            shutil.copy(path, tmp_path / "photos" / label)
            count += 1
    with serving(shared / "backbones" / "mobilenet_v1_025_224", "mobilenet/1") as address:
        done = thaw(
            "run", CONFIG, "--root", tmp_path / "root",
            "--set", f"data.path={tmp_path / 'photos'}",
            "--set", f"backbone.handle={address}/mobilenet/1",
            "--set", "finetune.stages.1.epochs=3",
            "--set", "evaluation.min_accuracy=0.3", "--set", "evaluation.min_examples=5",
            "--set", "evaluation.no_skill=allow",
            TFHUB_CACHE_DIR=str(tmp_path / "cache"),
        )  # fmt: skip
    assert done.code == 0, done.out + done.err
    summary = summary_in(tmp_path / "root")
    assert summary["status"] == "pushed"
    assert [stage["blocks"] for stage in summary["stages"]] == [
        [],
        [f"conv_{number}" for number in range(6, 14)],
    ]
    assert sum(sum(split.values()) for split in summary["data"]["images"].values()) == count
    read = sum(len(content) for content in tree(tmp_path / "photos").values())
    written = sum(len(content) for content in tree(tmp_path / "root" / "artifacts").values())
    model = sum(len(content) for content in tree(tmp_path / "root" / "serving").values())
    assert written <= 3 * read + model
