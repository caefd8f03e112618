"""From TFRecord shards, one of them cut off, to a pushed model; and the same again."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

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


def shard(path: Path, images: Sequence[Path]) -> Path:
    """Of the features' names that most tools give; the label is the class's number."""
    with tf.io.TFRecordWriter(str(path), "GZIP" if path.suffix == ".gz" else "") as writer:
        for image in images:
            example = tf.train.Example()
            feature = example.features.feature
            feature["image/encoded"].bytes_list.value.append(image.read_bytes())
            feature["image/class/label"].int64_list.value.append(int(image.parent.name))
            writer.write(example.SerializeToString())
    return path


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty images a class, the last five held out for testing; the second shard's last is cut."""
    folder = tmp_path_factory.mktemp("shards") / "data"
    folder.mkdir()
    classes = [sorted((IMAGES / label).iterdir())[:40] for label in "0123456789"]
    ways = [image for images in zip(*classes, strict=True) for image in images]
    shard(folder / "digits-train.tfrecord-00000-of-00002.gz", ways[:200])
    cut = shard(folder / "digits-train.tfrecord-00001-of-00002", ways[200:350])
    cut.write_bytes(cut.read_bytes()[:-20])
    shard(folder / "digits-test.tfrecord-00000-of-00001", ways[350:])
    return folder


def run(shards: Path) -> Done:
    root = shards.parent / "root"
    return thaw("run", DIGITS, "--root", root, "--set", f"data.path={shards}", *SHORT, *LENIENT)


@pytest.fixture(scope="module")
def first(shards: Path) -> dict[str, Any]:
    done = run(shards)
    assert done.code == 0, done.out + done.err
    assert "1 could not be used (1 the shard is broken)" in done.out
    return summary_in(shards.parent / "root")


def test_records_are_trained_on_and_the_broken_shard_is_named(first: dict[str, Any]) -> None:
    assert first["status"] == "pushed"
    data = first["data"]
    assert data["images"]["test"] == dict.fromkeys("0123456789", 5)
    assert sum(sum(counts.values()) for counts in data["images"].values()) == 399
    assert sum(data["images"]["validation"].values()) > 0
    (row,) = map(json.loads, Path(data["quarantined"]["list"]).read_text().splitlines())
    assert row["path"] == "digits-train.tfrecord-00001-of-00002#149"


def test_the_images_bytes_are_those_of_the_shards(shards: Path, first: dict[str, Any]) -> None:
    del first
    result = sorted(
        (shards.parent / "root").glob("artifacts/ImageExampleGen/examples/*/Split-*/images-*")
    )
    written = set()
    for record in tf.data.TFRecordDataset([str(path) for path in result]):
        feature = tf.train.Example.FromString(record.numpy()).features.feature
        label = feature[features.LABEL].bytes_list.value[0].decode()
        written.add((label, feature[features.IMAGE_BYTES].bytes_list.value[0]))
    originals = {(path.parent.name, path.read_bytes()) for path in IMAGES.glob("*/*")}
    assert len(written) == 399
    assert written < originals


def test_the_same_shards_again_change_nothing(shards: Path, first: dict[str, Any]) -> None:
    done = run(shards)
    assert done.code == 0, done.out + done.err
    again = summary_in(shards.parent / "root")
    assert again["status"] == "unchanged"
    assert again["model_version"] == first["model_version"]
