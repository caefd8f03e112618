"""From a CSV manifest with broken rows to a pushed model; a later version, with too many."""

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from components.serving.versions import list_versions
from modules import features
from tests.conftest import PROJECT
from tests.e2e.thaw import DIGITS, Done, summary_in, thaw

pytestmark = pytest.mark.e2e

IMAGES = PROJECT / "data" / "digits"
SHORT = ("--set", "finetune.stages=[{name: head, unfreeze: none, epochs: 3, learning_rate: 0.01}]")
LENIENT = (
    *("--set", "evaluation.min_accuracy=0.5", "--set", "evaluation.min_class_accuracy=0.0"),
    *("--set", "data.max_bad_fraction=0.05"),
)


def manifest(folder: Path, *, labels: str = "0123456789") -> Path:
    """Forty images a class, the last five held out for testing; two scanners, and broken rows."""
    folder.mkdir(parents=True)
    rows = ["path,label,split,scanner"]
    for label in labels:
        (folder / label).mkdir()
        for number, path in enumerate(sorted((IMAGES / label).iterdir())[:40]):
            shutil.copy(path, folder / label / path.name)
            split = "test" if number >= 35 else ""
            rows.append(f"{label}/{path.name},{label},{split},{'AB'[number % 2]}")
    first = rows[1].split(",")[0]
    (folder / "broken.png").write_bytes((folder / first).read_bytes()[:60])
    shutil.copy(folder / first, folder / "copy.png")
    rows += ["broken.png,0,,A", "missing.png,0,,A", "copy.png,7,,A"]
    path = folder / "images.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("manifest")
    manifest(folder / "span-1" / "v-1")
    return folder


def run(root: Path, path: str) -> Done:
    return thaw(
        "run", DIGITS, "--root", root / "root", "--set", f"data.path={path}", *SHORT, *LENIENT
    )


@pytest.fixture(scope="module")
def first(root: Path) -> dict[str, Any]:
    done = run(root, f"{root}/span-{{SPAN}}/v-{{VERSION}}/images.csv")
    assert done.code == 0, done.out + done.err
    assert "4 could not be used (2 two labels, 1 " in done.out
    return summary_in(root / "root")


def test_rows_are_trained_on_and_what_is_broken_is_named(first: dict[str, Any]) -> None:
    data = first["data"]
    assert data["images"]["test"] == dict.fromkeys("0123456789", 5)
    assert sum(sum(counts.values()) for counts in data["images"].values()) == 399
    assert data["images"]["validation"]
    kinds = {"not a whole image": 1, "two labels": 2, "unreadable": 1}
    assert data["quarantined"]["by_reason"] == kinds
    assert data["duplicates"] == 1
    assert (data["span"], data["version"]) == (1, 1)
    lines = Path(data["quarantined"]["list"]).read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert [row["path"] for row in rows][1:] == ["broken.png", "copy.png", "missing.png"]
    assert all(set(row) == {"path", "reason", "sha256"} for row in rows)
    assert [len(row["sha256"]) for row in rows] == [64, 64, 64, 0]
    assert data["bytes_written"] > data["bytes_read"] > 399 * 60


def test_further_columns_are_features(root: Path, first: dict[str, Any]) -> None:
    shards = sorted((root / "root").glob("artifacts/ImageExampleGen/examples/*/Split-*/images-*"))
    scanners: Counter[bytes] = Counter()
    for record in tf.data.TFRecordDataset([str(path) for path in shards]):
        feature = tf.train.Example.FromString(record.numpy()).features.feature
        scanners[feature["scanner"].bytes_list.value[0]] += 1
        assert features.IMAGE_BYTES in feature
    assert scanners == {b"A": 199, b"B": 200}
    statistics = list((root / "root").glob("artifacts/StatisticsGen/statistics/*/Split-train/*"))
    assert b"scanner" in statistics[0].read_bytes()
    assert first["status"] == "pushed"


def test_a_later_version_is_taken_and_too_much_that_is_broken_stops_the_run(
    root: Path, first: dict[str, Any]
) -> None:
    later = manifest(root / "span-1" / "v-2")
    with later.open("a") as rows:
        rows.writelines(f"missing-{number}.png,1,,A\n" for number in range(40))
    done = run(root, f"{root}/span-{{SPAN}}/v-{{VERSION}}/images.csv")
    assert done.code == 2
    assert "data.path: 41 of 443 files cannot be used (41 unreadable; such as missing" in done.err
    assert "Traceback" not in done.err
    assert list_versions(root / "root" / "serving") == [first["model_version"]]
