"""A served version's answers to the images of ExampleGen's records, a few at a time."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from components.span_review.agreement import Answer
from components.span_review.contact_sheet import AnsweredImage
from modules import features, model_layout
from modules.images.datasets import untuned

# One of these kinds says something about an image; any other, that the model cannot be asked.
_OF_IMAGE = (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError)


class ServedModel:
    """A version that Thaw exported, loaded.

    Args:
        folder: the SavedModel's.

    Raises:
        Exception: whatever TensorFlow raises for a model that it cannot load.
    """

    def __init__(self, folder: Path) -> None:
        self.labels = model_layout.read_labels(folder)
        self._loaded = tf.saved_model.load(str(folder))  # Its signatures do not keep it alive.
        self._serve = self._loaded.signatures[model_layout.SERVE_IMAGES]

    def scores(self, contents: Sequence[bytes]) -> list[Any]:
        """The scores of some images, float32 [classes] each; None for one that cannot be read.

        Args:
            contents: the bytes of image files, at least one.

        Raises:
            ValueError: when the scores are not those of the labels.
            tf.errors.OpError: when the model fails for another reason than an image.
        """
        try:
            scores = self._serve(image_bytes=tf.constant(contents))[model_layout.SCORES].numpy()
        except _OF_IMAGE:
            if len(contents) == 1:
                return [None]
            return [self.scores([content])[0] for content in contents]
        if scores.shape != (len(contents), len(self.labels)) or not np.isfinite(scores).all():
            raise ValueError("its scores are not one finite number for each of its labels")
        return list(scores)


def answers(
    model: ServedModel, shards: Mapping[str, Sequence[str]]
) -> Iterator[AnsweredImage | None]:
    """The model's answer to each image, with its name and content, in the order of the records.

    No more than ``model_layout.IMAGES_AT_ONCE`` images are in memory at once, and as many that are
    read ahead.

    Args:
        model: what is asked.
        shards: by split, TFRecord files of ExampleGen's Examples.

    Yields:
        None for an image that the model cannot read.
    """
    text = tf.io.FixedLenFeature((), tf.string)
    spec = {
        features.IMAGE_BYTES: text,
        features.LABEL: text,
        features.PATH: tf.io.FixedLenFeature((), tf.string, default_value=""),
    }
    for split, files in shards.items():
        batches = untuned(tf.data.TFRecordDataset(sorted(files)))
        batches = batches.batch(model_layout.IMAGES_AT_ONCE).prefetch(1)
        for records in batches:
            parsed = tf.io.parse_example(records, spec)
            contents, labels, names = (parsed[name].numpy().tolist() for name in spec)
            for content, label, name, scores in zip(
                contents, labels, names, model.scores(contents), strict=True
            ):
                if scores is None:
                    yield None
                    continue
                place = int(scores.argmax())
                answer = Answer(label.decode(), model.labels[place], float(scores[place]), split)
                yield AnsweredImage(answer, name.decode(errors="replace"), content)
