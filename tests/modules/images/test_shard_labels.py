"""Labels beside the splits, so that Trainer need not read the images for them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from modules import features
from modules.images import inputs, shard_labels
from modules.images.feature_cache import Storage
from modules.settings import ImageSpec
from tests.conftest import encoded, picture

LABELS = {"a.tfrecord": ["cat", "dog", "cat"], "b.tfrecord": [], "c.tfrecord": ["bird"]}
IN_ORDER = ["cat", "dog", "cat", "bird"]


@pytest.fixture
def shards(tmp_path: Path) -> list[str]:
    """Three shards of the train split, one of them empty, with no file beside the split."""
    folder = tmp_path / "Split-train"
    folder.mkdir()
    for name, labels in LABELS.items():
        with tf.io.TFRecordWriter(str(folder / name)) as writer:
            for label in labels:
                example = tf.train.Example()
                feature = example.features.feature
                feature[features.LABEL].bytes_list.value.append(label.encode())
                feature[features.IMAGE_BYTES].bytes_list.value.append(encoded(picture()))
                writer.write(example.SerializeToString())
    return [str(folder / name) for name in LABELS]


def write(folder: Path, fingerprint: str = "f", split: str = "train") -> None:
    labels = {f"Split-{split}/{name}": labels for name, labels in LABELS.items()}
    shard_labels.write(str(folder), fingerprint, labels)


def test_the_labels_come_shard_after_shard(tmp_path: Path, shards: list[str]) -> None:
    write(tmp_path)
    assert shard_labels.read(shards) == IN_ORDER
    assert shard_labels.read(shards[::-1]) == ["bird", "cat", "dog", "cat"]
    assert shard_labels.read([]) == []


def test_shards_of_several_artifacts_have_their_labels_each(
    tmp_path: Path, shards: list[str]
) -> None:
    (tmp_path / "other").mkdir()
    shard_labels.write(str(tmp_path / "other"), "g", {"Split-train/a.tfrecord": ["fox"]})
    other = str(tmp_path / "other" / "Split-train" / "a.tfrecord")
    write(tmp_path)
    assert shard_labels.read([other, shards[2]]) == ["fox", "bird"]
    assert len(shard_labels.content([other, *shards])) == 2


@pytest.mark.parametrize("split", ["", "test"])
def test_shards_that_no_file_lists_have_no_known_labels(
    tmp_path: Path, shards: list[str], split: str
) -> None:
    if split:
        write(tmp_path, split=split)
    assert shard_labels.read(shards) is None


class Transform:
    """Numbers the labels as Transform's graph does, and takes any of the features alone."""

    def raw_feature_spec(self) -> dict[str, Any]:
        return {
            features.LABEL: tf.io.FixedLenFeature([], tf.string),
            features.IMAGE_BYTES: tf.io.FixedLenFeature([], tf.string),
        }

    def transform_features_layer(self) -> Any:
        def layer(inputs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
            outputs = {}
            if features.LABEL in inputs:
                known = tf.constant(["bird", "cat"])
                same = tf.equal(inputs[features.LABEL][:, None], known[None])
                place = tf.argmax(same, axis=1)
                outputs[features.LABEL_INDEX] = tf.where(tf.reduce_any(same, 1), place, -1)
            if features.IMAGE_BYTES in inputs:
                outputs[features.IMAGE_BYTES] = inputs[features.IMAGE_BYTES]
            return outputs

        return layer


@pytest.mark.parametrize("is_listed", [True, False])
def test_images_have_their_labels_with_the_file_and_without(
    tmp_path: Path, shards: list[str], monkeypatch: pytest.MonkeyPatch, is_listed: bool
) -> None:
    if is_listed:
        write(tmp_path)
        monkeypatch.delattr(inputs, "_labels_in")
    images = inputs.read_images(
        [str(Path(shards[0]).parent / "*")],
        Transform(),
        ImageSpec(height=8, width=8, input_range=(0, 1)),
        classes=2,
        storage=Storage(1, 0, tmp_path),
    )
    assert images.labels.tolist() == [1, -1, 1, 0]
    assert images.labels.dtype == np.int64
    assert images.by_class == (1, 2)
    assert sum(1 for _ in images.dataset) == 4
