"""One small record for each class, so that a vocabulary can be made without reading an image."""

from collections import Counter
from collections.abc import Iterable

import tensorflow as tf

from modules import features

FILE = "labels.tfrecord"


def of_training(counts: Counter[tuple[str, str]]) -> list[str]:
    """The classes that have an image in the train split, sorted.

    Args:
        counts: usable images by (split, label).
    """
    return sorted(label for (split, label), n in counts.items() if split == features.TRAIN and n)


def write(folder: str, labels: Iterable[str]) -> None:
    """Writes the records into a split's folder, which is made.

    Each record has the label, and in place of an image no bytes: the schema asks for both.
    """
    tf.io.gfile.makedirs(folder)
    with tf.io.TFRecordWriter(f"{folder}/{FILE}") as writer:
        for label in labels:
            example = tf.train.Example()
            feature = example.features.feature
            feature[features.LABEL].bytes_list.value.append(label.encode())
            feature[features.IMAGE_BYTES].bytes_list.value.append(b"")
            writer.write(example.SerializeToString(deterministic=True))
