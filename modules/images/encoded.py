"""The encoded images of ExampleGen's records, one at a time."""

from collections.abc import Iterator, Sequence

import tensorflow as tf

from modules import features
from modules.images import shards


def read(patterns: Sequence[str]) -> Iterator[bytes]:
    """The bytes of each image that is used, in the order that ``shards`` gives.

    Args:
        patterns: of TFRecord files of ``tf.Example``s, of one artifact or of several.
    """
    for record in shards.find(patterns).records().as_numpy_iterator():
        example = tf.train.Example.FromString(record)
        yield example.features.feature[features.IMAGE_BYTES].bytes_list.value[0]
