"""The encoded images of ExampleGen's records, one at a time."""

from collections.abc import Iterator, Sequence

import tensorflow as tf

from modules import features


def read(patterns: Sequence[str]) -> Iterator[bytes]:
    """The bytes of each image, in the order of the files' names and of the records.

    Args:
        patterns: of TFRecord files of ``tf.Example``s.
    """
    files = sorted(path for pattern in patterns for path in tf.io.gfile.glob(pattern))
    for record in tf.data.TFRecordDataset(files).as_numpy_iterator():
        example = tf.train.Example.FromString(record)
        yield example.features.feature[features.IMAGE_BYTES].bytes_list.value[0]
