"""A version that tells real digits apart by the mean picture of each class, and spans of digits."""

import functools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from sklearn.datasets import load_digits

from modules import features, model_layout
from tests.conftest import encoded

LABELS = tuple("0123456789")
_TRAINED_ON = 600  # the first of scikit-learn's digits; spans are of the others
_SHARPNESS = 12.0
Pixels = npt.NDArray[np.uint8]


@functools.cache
def digits() -> tuple[Pixels, list[str]]:
    """All pictures, uint8 [n, 8, 8], and their labels."""
    data = load_digits()
    return np.round(data.images * 255 / 16).astype(np.uint8), [str(t) for t in data.target]


class MeanPictures(tf.Module):
    """Scores a PNG by its distance from each class's mean picture; right on 9 of 10 digits."""

    def __init__(self) -> None:
        pictures, labels = digits()
        known = np.array(labels[:_TRAINED_ON])
        trained_on = pictures[:_TRAINED_ON] / 255
        means = [trained_on[known == label].mean(axis=0).ravel() for label in LABELS]
        self.means = tf.constant(np.stack(means), tf.float32)

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, name=features.IMAGE_BYTES)])
    def serve(self, image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        """The scores of a batch."""
        pixels = tf.map_fn(
            lambda content: tf.ensure_shape(tf.io.decode_png(content, channels=1), (8, 8, 1)),
            image_bytes,
            fn_output_signature=tf.uint8,
        )
        flat = tf.reshape(tf.cast(pixels, tf.float32) / 255, (-1, 1, 64))
        distance = tf.reduce_mean(tf.square(flat - self.means), axis=-1) * 10
        return {model_layout.SCORES: tf.nn.softmax(-_SHARPNESS * distance)}


def write_version(folder: Path, accuracy: Mapping[str, tuple[float, int]] | None = None) -> None:
    """Writes a version as a push leaves it.

    Args:
        folder: the version's.
        accuracy: what its summary says of the test images: the accuracy and the number of images of
            each class; None for no summary.
    """
    model = MeanPictures()
    tf.saved_model.save(model, str(folder), {model_layout.SERVE_IMAGES: model.serve})
    model_layout.write_labels(LABELS, folder)
    if accuracy:
        by_class = {
            label: {"accuracy": value, "images": images}
            for label, (value, images) in accuracy.items()
        }
        metrics = {"overall": {"accuracy": 0.9, "images": 300}, "by_class": by_class}
        summary = folder / model_layout.EXTRA / "summary.json"
        summary.write_text(json.dumps({"metrics": {"candidate": metrics}}))


def span(count: int = 300, start: int = _TRAINED_ON) -> tuple[list[bytes], list[str]]:
    """PNG files of digits that the version was not made from, and their labels."""
    pictures, labels = digits()
    chosen = slice(start, start + count)
    return [encoded(picture) for picture in pictures[chosen]], labels[chosen]


def write_split(
    file: Path, contents: Sequence[bytes], labels: Sequence[str], names: Sequence[str] = ()
) -> str:
    """Writes ExampleGen's records to a TFRecord file, and returns its path."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(file)) as writer:
        for place, (content, label) in enumerate(zip(contents, labels, strict=True)):
            name = names[place] if names else f"{place:04d}.png"
            writer.write(_record(content, label, name))
    return str(file)


def _record(content: bytes, label: str, name: str) -> bytes:
    values = {features.IMAGE_BYTES: content, features.LABEL: label.encode()}
    feature: dict[str, Any] = {
        key: tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
        for key, value in {**values, features.PATH: name.encode()}.items()
    }
    return bytes(tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString())
