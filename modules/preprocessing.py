"""Transform's user code: it maps labels to indices, and leaves the images' bytes as they are."""

import os
from typing import Any

import apache_beam as beam
import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam

from modules import features


def preprocessing_fn(inputs: dict[str, Any]) -> dict[str, Any]:
    """Maps an Example's features to what Trainer and Evaluator read.

    Args:
        inputs: ``image_bytes`` and ``label``, string [batch, 1]; the image's metadata is not read.

    Returns:
        ``image_bytes``, string [batch], unchanged, and ``label_index``, int64 [batch]: the place of
        the label among the sorted labels of the train split, -1 for a label not among them.
    """
    label = tf.reshape(inputs[features.LABEL], [-1])
    return {
        features.IMAGE_BYTES: tf.reshape(inputs[features.IMAGE_BYTES], [-1]),
        features.LABEL_INDEX: tft.apply_vocabulary(
            label, _sorted_vocabulary(label), default_value=-1
        ),
    }


def _sorted_vocabulary(label: tf.Tensor) -> Any:
    """Returns the distinct labels as an asset of the transform graph, sorted by their UTF-8 bytes.

    ``tft.vocabulary`` sorts by frequency, which changes as data grows: a class would not keep its
    index from one model to the next.
    """
    (path,) = tft.experimental.ptransform_analyzer(
        [label],
        _WriteSortedLabels(),
        output_dtypes=[tf.string],
        output_shapes=[[]],
        output_asset_default_values=[b"unknown"],
    )
    return path


class _WriteSortedLabels(tft_beam.experimental.PTransformAnalyzer):
    """Writes the vocabulary of batches of labels, and returns its path."""

    def expand(self, batches: beam.PCollection) -> beam.PCollection:
        """Maps a collection of ``([labels],)`` to one path."""
        return (
            batches
            | "Labels" >> beam.FlatMap(lambda batch: set(batch[0].tolist()))
            | "Distinct" >> beam.Distinct()
            | "ToList" >> beam.combiners.ToList()
            | "Write" >> beam.Map(write_labels, folder=self.base_temp_dir)
        )


def write_labels(labels: list[bytes], folder: str) -> bytes:
    """Writes the labels, sorted, a line each, into a folder; returns the file's path."""
    tf.io.gfile.makedirs(folder)
    path = os.path.join(folder, features.LABELS_ASSET)
    with tf.io.gfile.GFile(path, "wb") as file:
        file.write(b"".join(label + b"\n" for label in sorted(labels)))
    return path.encode()
