"""The records of a split, of one artifact or of several, and their labels."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from modules import features
from modules.images import encoded as stored
from modules.images import inputs, shard_labels, shards
from modules.images.feature_cache import Storage
from modules.images.shard_labels import SpanPart
from modules.settings import ImageSpec
from tests.conftest import encoded, picture

LABELS = {"a.tfrecord": ["cat", "dog", "cat"], "b.tfrecord": [], "c.tfrecord": ["bird"]}
IN_ORDER = ["cat", "dog", "cat", "bird"]


def write_records(path: Path, rows: Sequence[tuple[bytes, str]]) -> None:
    """A shard of images with their labels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for content, label in rows:
            example = tf.train.Example()
            feature = example.features.feature
            feature[features.LABEL].bytes_list.value.append(label.encode())
            feature[features.IMAGE_BYTES].bytes_list.value.append(content)
            writer.write(example.SerializeToString())


def write_span(folder: Path, rows: Sequence[tuple[bytes, str]], part: SpanPart) -> str:
    """An artifact with a shard of the train split; gives its pattern.

    The digest of an image is made of its bytes, which are few.
    """
    write_records(folder / "Split-train" / "images", rows)
    name = "Split-train/images"
    digests = {name: "".join(content.hex().rjust(shard_labels.DIGITS, "0") for content, _ in rows)}
    span = SpanPart(part.number, part.version, part.older, digests, part.contradicted)
    shard_labels.write(str(folder), "f", {name: [label for _, label in rows]}, span)
    return f"{folder}/Split-train/*"


@pytest.fixture
def pattern(tmp_path: Path) -> str:
    """Three shards of the train split, one of them empty, with no file beside the split."""
    for name, labels in LABELS.items():
        path = tmp_path / "Split-train" / name
        write_records(path, [(encoded(picture()), label) for label in labels])
    return f"{tmp_path}/Split-train/*"


def write(folder: Path, fingerprint: str = "f", split: str = "train") -> None:
    labels = {f"Split-{split}/{name}": labels for name, labels in LABELS.items()}
    shard_labels.write(str(folder), fingerprint, labels)


def test_the_labels_come_shard_after_shard(tmp_path: Path, pattern: str) -> None:
    write(tmp_path)
    assert shards.find([pattern]).labels() == IN_ORDER
    assert shards.find([]).labels() == []


@pytest.mark.parametrize("split", ["", "test"])
def test_shards_that_no_file_lists_have_no_known_labels(
    tmp_path: Path, pattern: str, split: str
) -> None:
    if split:
        write(tmp_path, split=split)
    assert shards.find([pattern]).labels() is None
    assert len(list(stored.read([pattern]))) == 4


def test_spans_come_in_the_order_of_their_numbers_whatever_their_folders_are_called(
    tmp_path: Path,
) -> None:
    patterns = [
        write_span(tmp_path / folder, [(folder.encode(), "cat")], SpanPart(number, older=older))
        for folder, number, older in [("2", 10, False), ("3", 9, False), ("10", 9, True)]
    ]
    for order in (patterns, patterns[::-1]):
        found = shards.find(order)
        assert [path.split("/")[-3] for path in found.paths] == ["3", "10", "2"]
        assert found.are_used_whole
        assert list(stored.read(order)) == [b"3", b"10", b"2"]
        assert len(found.texts) == 3


def test_records_that_are_not_used_are_passed_over(tmp_path: Path) -> None:
    patterns = [
        write_span(tmp_path / "1", [(b"a", "cat"), (b"b", "dog"), (b"c", "ox")], SpanPart(1)),
        write_span(tmp_path / "2", [(b"d", "bird"), (b"a", "cat")], SpanPart(2)),
        write_span(
            tmp_path / "3", [(b"e", "cat")], SpanPart(3, contradicted=["63".rjust(32, "0")])
        ),
    ]
    found = shards.find(patterns)
    assert found.labels() == ["dog", "bird", "cat", "cat"]
    assert list(stored.read(patterns)) == [b"b", b"d", b"a", b"e"]
    assert [shard.mask is None for shard in found.shards] == [False, True, True]
    images = inputs.read_images(
        patterns,
        Transform(),
        ImageSpec(height=8, width=8, input_range=(0, 1)),
        classes=2,
        storage=Storage(1, 0, tmp_path),
    )
    assert images.labels.tolist() == [-1, 0, 1, 1]


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
    tmp_path: Path, pattern: str, monkeypatch: pytest.MonkeyPatch, is_listed: bool
) -> None:
    if is_listed:
        write(tmp_path)
        monkeypatch.delattr(inputs, "_labels_in")
    images = inputs.read_images(
        [pattern],
        Transform(),
        ImageSpec(height=8, width=8, input_range=(0, 1)),
        classes=2,
        storage=Storage(1, 0, tmp_path),
    )
    assert images.labels.tolist() == [1, -1, 1, 0]
    assert images.labels.dtype == np.int64
    assert images.by_class == (1, 2)
    assert sum(1 for _ in images.dataset) == 4
