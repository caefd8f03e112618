"""One small record for each class, so that a vocabulary can be made without reading an image."""

from collections.abc import Iterable, Mapping, Sequence

import tensorflow as tf

from modules import features
from modules.images.shard_labels import split_of

FILE = "labels.tfrecord"


def of_training(labels: Mapping[str, Sequence[str]]) -> list[str]:
    """The classes that have an image in the train split, sorted.

    Args:
        labels: of the records of each shard of an artifact, by its name in ``shard_labels``.
    """
    in_train = (names for shard, names in labels.items() if split_of(shard) == features.TRAIN)
    return sorted({label for names in in_train for label in names})


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
