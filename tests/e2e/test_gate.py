"""Whole runs through the gate: what is compared with what, withdrawn, forced, set aside."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PROJECT
from tests.e2e.thaw import DIGITS, Done, summary_in, thaw, tree

pytestmark = pytest.mark.e2e

IMAGES = PROJECT / "data" / "digits"
LIGHT = (
    "--set", "finetune.stages=[{name: head, epochs: 2, learning_rate: 0.01}]",
    "--set", "evaluation={min_accuracy: 0.5, margin: 0.2, max_drop: 0.2, max_class_drop: 0.5, "
    "rules: [{metric: ece, max: 0.9}, {slice: brightness, min: 0.3}]}",
)  # fmt: skip


def seed(number: int) -> tuple[str, ...]:
    return (*LIGHT, "--set", f"finetune.seed={number}")


def run(root: Path, *more: str) -> tuple[Done, dict[str, Any]]:
    done = thaw("run", DIGITS, "--root", root, *more)
    assert done.code in (0, 3), done.out + done.err
    return done, summary_in(root)


def versions(root: Path) -> list[dict[str, Any]]:
    record = json.loads(thaw("versions", DIGITS, "--root", root, "--json").out)
    assert isinstance(record, list)
    return [row for row in record if not row["withdrawn"]]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with two pushed versions, of two seeds."""
    folder = tmp_path_factory.mktemp("gate")
    for number in (0, 1):
        done, summary = run(folder, *seed(number))
        assert summary["status"] == "pushed", done.out
    return folder


def test_the_second_candidate_is_compared_with_the_version_that_is_served(root: Path) -> None:
    summary = summary_in(root)
    first, second = versions(root)
    assert [row["serving"] for row in (first, second)] == [False, True]
    gate = summary["gate"]
    assert gate["verdict"] == "blessed"
    assert gate["baseline"]["version"] == first["version"]
    names = {rule["name"] for rule in gate["rules"]}
    assert {"min_examples", "not_worse", "max_drop", "max_class_drop", "lost_classes"} <= names
    assert {"max_ece", "tfma_thresholds", "serving_parity", "infra_check"} <= names
    by_brightness = [r for r in gate["rules"] if "brightness" in (r["slice"] or "")]
    assert sum(rule["n"] for rule in by_brightness) == gate["n"]
    assert summary["metrics"]["baseline"]["overall"] == first["metrics"]["overall"]
    text = json.dumps({key: summary[key] for key in ("metrics", "gate", "stages", "shipped")})
    assert not re.search(r"\d\.\d{7}", text)


def test_accuracies_of_the_rules_are_those_of_tfma(root: Path) -> None:
    summary = summary_in(root)
    rules = summary["gate"]["rules"]
    (overall,) = [rule for rule in rules if rule["name"] == "min_accuracy" and not rule["slice"]]
    measured = summary["metrics"]["candidate"]
    assert overall["value"] == pytest.approx(measured["overall"]["accuracy"], abs=1e-5)
    by_class = {
        rule["slice"].removeprefix("label="): rule["value"]
        for rule in rules
        if rule["name"] == "min_class_accuracy"
    }
    assert by_class == {
        label: pytest.approx(values["accuracy"], abs=1e-5)
        for label, values in measured["by_class"].items()
    }


def test_summary_card_and_warm_up_requests_travel_with_the_version(root: Path) -> None:
    newest = versions(root)[-1]
    extra = root / "serving" / str(newest["version"]) / "assets.extra"
    summary = json.loads((extra / "summary.json").read_text(encoding="utf-8"))
    assert summary["model_version"] == newest["version"]
    assert summary["gate"] == summary_in(root)["gate"]
    assert "## How it was judged" in (extra / "model_card.md").read_text(encoding="utf-8")
    assert (extra / "tf_serving_warmup_requests").stat().st_size > 0


def test_any_two_models_can_be_judged_without_a_pipeline(root: Path, tmp_path: Path) -> None:
    before = tree(root / "serving")
    first, second = (str(root / "serving" / str(row["version"])) for row in versions(root))
    common = ("gate", DIGITS, "--root", root, *LIGHT, "--json", "--candidate")
    done = thaw(*common, second, "--baseline", first)
    assert done.code == 0, done.err
    gate = json.loads(done.out)["gate"]
    ran = summary_in(root)["gate"]
    assert [rule["name"] for rule in gate["rules"]] == [rule["name"] for rule in ran["rules"]]
    values = {(rule["name"], rule["slice"]): rule["value"] for rule in gate["rules"]}
    for rule in ran["rules"]:
        if rule["name"] != "serving_parity":
            assert values[rule["name"], rule["slice"]] == pytest.approx(rule["value"], abs=1e-5)
    (tmp_path / "7").mkdir()
    for path in sorted((IMAGES / "7").iterdir())[:30]:
        shutil.copy(path, tmp_path / "7")
    strict = ("--set", "evaluation.min_accuracy=1.0", "--set", f"evaluation.golden={tmp_path}")
    refused = thaw(*common, second, "--baseline", first, *strict)
    assert refused.code == 3
    with_golden = json.loads(refused.out)["gate"]
    by_name = {rule["name"]: rule for rule in with_golden["rules"]}
    assert by_name["golden_accuracy"]["n"] == by_name["golden_drop"]["n"] == 30
    # No other rule sees the golden images, and none of them is a test image any more.
    assert gate["n"] - 30 < with_golden["n"] == by_name["max_drop"]["n"] < gate["n"]
    wrong = thaw(*common, str(IMAGES))
    assert wrong.code == 2
    assert "holds no saved_model.pb" in wrong.err
    assert tree(root / "serving") == before


def test_a_withdrawn_model_is_not_pushed_again_until_it_is_restored_or_forced(root: Path) -> None:
    first, second = (row["version"] for row in versions(root))
    assert thaw("rollback", DIGITS, "--root", root).code == 0
    assert thaw("restore", DIGITS, str(second), "--root", root).code == 0
    assert [row["version"] for row in versions(root)] == [first, second]
    done, summary = run(root, *seed(1))
    assert (done.code, summary["status"], summary["model_version"]) == (0, "unchanged", second)
    assert thaw("rollback", DIGITS, "--root", root, "--by", "Ada").code == 0
    assert [row["version"] for row in versions(root)] == [first]
    done, summary = run(root, *seed(1))
    assert done.code == 3
    assert "withdrawn" in summary["gate"]["sentence"]
    assert summary["gate"]["baseline"]["version"] == first
    lacking = thaw("run", DIGITS, "--root", root, *seed(1), "--force-by", "Ada")
    assert lacking.code == 2
    assert "--force-reason" in lacking.err
    force = ("--force-by", "Ada", "--force-reason", "it was the server")
    done, summary = run(root, *seed(1), *force)
    assert (done.code, summary["status"], summary["gate"]["verdict"]) == (0, "pushed", "forced")
    assert summary["gate"]["forced"] == {"by": "Ada", "reason": "it was the server"}
    assert summary["model_version"] > second
    done, summary = run(root, *seed(1))
    assert (done.code, summary["status"], summary["gate"]["verdict"]) == (0, "unchanged", "forced")


def test_a_candidate_that_lost_a_class_is_refused(root: Path, tmp_path: Path) -> None:
    served = tree(root / "serving")
    shutil.copytree(IMAGES, tmp_path / "digits", ignore=shutil.ignore_patterns("7"))
    done, summary = run(root, *seed(1), "--set", f"data.path={tmp_path / 'digits'}")
    assert done.code == 3
    assert "the baseline knows '7', and the candidate does not" in summary["gate"]["sentence"]
    assert tree(root / "serving") == served


def test_a_served_version_that_cannot_be_loaded_is_set_aside_with_the_reason(root: Path) -> None:
    newest = versions(root)[-1]["version"]
    for path in (root / "serving" / str(newest) / "variables").iterdir():
        path.write_bytes(b"damaged")
    done, summary = run(root, *seed(2))
    assert done.code == 0, done.out
    gate = summary["gate"]
    assert gate["baseline"]["version"] is None
    assert f"version {newest} was set aside, for it cannot be loaded" in gate["baseline"]["reason"]
    assert summary["metrics"]["baseline"] is None
