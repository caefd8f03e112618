"""From ExampleGen's records, through the transform graph, or from files to decoded images."""

import functools
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tensorflow_transform as tft

from modules import features
from modules.errors import InputError
from modules.images import image, shards
from modules.images.datasets import as_it_is, untuned
from modules.images.feature_cache import Storage, Table
from modules.settings import ImageSpec

# How many images are parsed, and looked up in the vocabulary, at a time.
_PARSE_BATCH = 64


@dataclass(frozen=True, eq=False)
class Images:
    """The images of one split.

    Attributes:
        dataset: of uint8 [height, width, 3], decoded each time it is read, always in one order.
        labels: the class index of each, int64 [count]; -1 for a label that training does not know.
        classes: how many classes there are.
        storage: where decoded images are kept.
    """

    dataset: tf.data.Dataset
    labels: npt.NDArray[np.int64]
    classes: int
    storage: Storage

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.labels)

    @property
    def by_class(self) -> tuple[int, ...]:
        """How many of each class; images of a label that training does not know are in none."""
        known = self.labels[self.labels >= 0]
        return tuple(np.bincount(known, minlength=self.classes).tolist())

    @functools.cached_property
    def pixels(self) -> Table:
        """All of them, decoded on first use and kept."""
        table = self.storage.table([self.dataset.element_spec], self.count)
        for batch in self.dataset.batch(_PARSE_BATCH).prefetch(2):
            table.append([batch])
        return table

    def in_order(self, *, keep: bool) -> tf.data.Dataset:
        """uint8 [height, width, 3] in order, decoded on the way unless it is kept."""
        if not keep:
            return self.dataset
        table = self.pixels
        return untuned(tf.data.Dataset.range(self.count)).map(lambda place: table.take(place)[0])


def read_labels(transform: tft.TFTransformOutput) -> list[str]:
    """The labels' names; the place of each is its class index."""
    path = Path(transform.transform_savedmodel_dir) / "assets" / features.LABELS_ASSET
    with tf.io.gfile.GFile(str(path), "rb") as file:
        return [line.decode() for line in file.read().split(b"\n")[:-1]]


def read_images(
    patterns: Sequence[str],
    transform: tft.TFTransformOutput,
    spec: ImageSpec,
    *,
    classes: int,
    storage: Storage,
) -> Images:
    """Reads the labels of one split, and says how to decode its images.

    Args:
        patterns: of TFRecord files, as Trainer gets them, of one artifact or of several.
        transform: what Transform wrote; its graph turns labels into indices.
        spec: what the image function makes.
        classes: how many there are.
        storage: where decoded images are kept.

    Raises:
        InputError: when there is no image.
    """
    files = shards.find(patterns)
    records = files.records().batch(_PARSE_BATCH)
    raw_spec = transform.raw_feature_spec()
    layer = transform.transform_features_layer()
    labels: Sequence[str | bytes] | None = files.labels()
    if labels is None:
        labels = _labels_in(records, raw_spec[features.LABEL])
    if not labels:
        raise InputError(
            f"the split in {', '.join(patterns)} holds no image; add images to data.path or give "
            "the split a larger share in data.splits"
        )
    # The transform graph runs on the features that it gets: on the label alone, or the image alone.
    as_stored = tf.reshape(labels, [-1, *raw_spec[features.LABEL].shape])
    indices = layer({features.LABEL: as_stored})[features.LABEL_INDEX].numpy()

    def image_bytes(batch: tf.Tensor) -> tf.Tensor:
        of_image = {features.IMAGE_BYTES: raw_spec[features.IMAGE_BYTES]}
        return layer(tf.io.parse_example(batch, of_image))[features.IMAGE_BYTES]

    encoded = records.map(image_bytes).unbatch()
    return Images(decoded(encoded, spec), indices, classes, storage)


def _labels_in(records: tf.data.Dataset, spec: Any) -> list[bytes]:
    """The labels of batches of records; nothing else of them is parsed."""
    parsed = records.map(lambda batch: tf.io.parse_example(batch, {features.LABEL: spec}))
    labels: list[bytes] = []
    for batch in parsed.as_numpy_iterator():
        labels += batch[features.LABEL].ravel().tolist()
    return labels


def read_files(
    paths: Sequence[str], labels: Sequence[int], spec: ImageSpec, *, classes: int, storage: Storage
) -> Images:
    """Images that lie in files of their own, read each time that they are decoded.

    Args:
        paths: of files that can be decoded, at least one.
        labels: the class index of each.
        spec: what the image function makes.
        classes: how many there are.
        storage: where decoded images are kept.
    """
    # As bytes: a file's name need not be valid Unicode.
    names = tf.data.Dataset.from_tensor_slices([os.fsencode(path) for path in paths])
    encoded = names.map(tf.io.read_file)
    return Images(decoded(encoded, spec), np.array(labels, np.int64), classes, storage)


def decoded(encoded: tf.data.Dataset, spec: ImageSpec) -> tf.data.Dataset:
    """Strings, each an encoded image, to uint8 [height, width, 3], in the same order."""
    decode = as_it_is(lambda content: image.decode(content, spec))
    return untuned(encoded.map(decode, num_parallel_calls=tf.data.AUTOTUNE))
