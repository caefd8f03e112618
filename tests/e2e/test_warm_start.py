"""Training that starts from the served version, over runs, new images and a rollback."""

import shutil
from pathlib import Path
from typing import Any

import pytest

import thaw as api
from components.records.summary import Summary
from components.serving.versions import list_versions
from modules import model_layout
from tests.conftest import PROJECT
from tests.e2e.thaw import DIGITS, thaw

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

COLD = [
    {"name": "head", "epochs": 4, "learning_rate": 0.003},
    {"name": "full", "unfreeze": "all", "epochs": 4, "learning_rate": 0.001},
]
WARM = [{"name": "on", "unfreeze": "all", "epochs": 2, "learning_rate": 0.0003}]
LOOSE = {"min_accuracy": 0.5, "margin": 0.5, "max_drop": 0.5, "max_class_drop": 1.0}


def overrides(data: Path) -> dict[str, Any]:
    return {
        "data.path": str(data),
        "finetune.stages": COLD,
        "finetune.warm_start": {"from": "served", "stages": WARM},
        "evaluation": LOOSE,
    }


def add_digits(data: Path, first: int, last: int) -> None:
    """Adds some of each digit's images."""
    for folder in sorted((PROJECT / "data" / "digits").iterdir()):
        if folder.is_dir():
            (data / folder.name).mkdir(parents=True, exist_ok=True)
            for path in sorted(folder.iterdir())[first:last]:
                shutil.copy(path, data / folder.name)


def epochs_of(summary: Summary) -> int:
    return sum(stage.epochs for stage in summary.stages)


def test_each_training_starts_from_what_is_served_and_a_second_run_does_nothing(
    tmp_path: Path,
) -> None:
    root, data = tmp_path / "root", tmp_path / "data"

    def run(**options: Any) -> Summary:
        return api.run(DIGITS, root=root, overrides=overrides(data), **options)

    def base_of(summary: Summary) -> tuple[bool, int | None]:
        assert summary.warm_start is not None
        return summary.warm_start.warm, summary.warm_start.version

    add_digits(data, 0, 60)
    first = run()
    assert (first.status, base_of(first)) == ("pushed", (False, None))
    assert first.schedule is not None
    assert first.schedule.chosen_by == "config"
    again = run()
    assert (again.status, again.model_version) == ("unchanged", first.model_version)

    add_digits(data, 60, 100)
    second = run()
    assert (second.status, base_of(second)) == ("pushed", (True, first.model_version))
    assert second.schedule is not None
    assert second.schedule.chosen_by == "warm_start"
    assert [stage.name for stage in second.stages] == ["on"]
    assert epochs_of(second) < epochs_of(first)
    extra = root / "serving" / str(second.model_version) / model_layout.EXTRA
    sentence = f"warm start: from version {first.model_version}, which was served"
    assert sentence in (extra / "model_card.md").read_text(encoding="utf-8")
    assert run().status == "unchanged"
    assert list_versions(root / "serving") == [first.model_version, second.model_version]

    done = thaw("rollback", DIGITS, "--root", root)
    assert done.code == 0, done.err
    withdrawn = run()
    assert (withdrawn.status, base_of(withdrawn)) == ("rejected", (True, first.model_version))

    add_digits(data, 100, 130)
    third = run()
    assert (third.status, base_of(third)) == ("pushed", (True, first.model_version))

    cold = run(cold=True)
    assert (cold.status, base_of(cold)) == ("pushed", (False, None))
    assert [stage.name for stage in cold.stages] == ["head", "full"]
    after = run()
    assert (after.status, after.model_version) == ("unchanged", cold.model_version)
