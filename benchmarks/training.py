"""Trains on the benchmarks' images as Trainer does, without a pipeline."""

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import modules  # noqa: F401 chooses Keras 2 before TensorFlow is imported

# isort: split

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tf_keras

from benchmarks import photos
from modules.backbones import backbone
from modules.backbones.blocks import blocks
from modules.finetune import schedule, training
from modules.finetune.classifier import Classifier
from modules.finetune.context import TrainingContext
from modules.finetune.results import StageResult
from modules.images import inputs
from modules.images.feature_cache import Storage
from modules.settings import Finetune, ImageSpec

PROJECT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Corpus:
    """Images and a backbone for them.

    Attributes:
        name: the name in the table.
        folder: a folder with a folder of images for each class.
        handle: the backbone.
        side: the side of the backbone's images, in pixels.
    """

    name: str
    folder: Path
    handle: Path
    side: int


CORPORA = (
    Corpus("digits", PROJECT / "data/digits", PROJECT / "data/backbones/glyphs_cnn_32", 32),
    Corpus("sign language", photos.DATA, photos.MODULE, photos.SIZE),
)


@dataclass(frozen=True)
class Pixels:
    """Decoded images, uint8 [n, side, side, 3], and their labels, int64 [n]."""

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]

    def part(self, chosen: Any) -> "Pixels":
        """Selects some of them by a slice or a mask."""
        return Pixels(self.images[chosen], self.labels[chosen])


@cache
def decoded(corpus: Corpus, seed: int) -> tuple[Pixels, Pixels]:
    """Decodes a split's images for training, and those for the test."""
    parts = photos.split(seed, 0.8, corpus.folder)
    return _decode(parts.train, corpus.side), _decode(parts.validation, corpus.side)


def _decode(rows: list[photos.Photo], side: int) -> Pixels:
    paths, labels = photos.columns(rows)
    encoded = tf.data.Dataset.from_tensor_slices(paths).map(tf.io.read_file)
    images = inputs.decoded(encoded, ImageSpec(height=side, width=side)).batch(len(rows))
    return Pixels(next(iter(images)).numpy(), np.array(labels, np.int64))


@dataclass(frozen=True)
class Fit:
    """The outcome of training.

    Attributes:
        context: with the trained model.
        results: the stages' results.
        seconds: from the pixels to the end of the last stage.
        images: turns further pixels into images that the context can evaluate.
    """

    context: TrainingContext
    results: list[StageResult]
    seconds: float
    images: Callable[[Pixels], inputs.Images]


@contextlib.contextmanager
def fitted(
    corpus: Corpus, train: Pixels, validation: Pixels, options: dict[str, Any]
) -> Iterator[Fit]:
    """Trains; what is cached on disk is removed at the end of the ``with`` block.

    Args:
        corpus: names the backbone.
        train: the training images.
        validation: the images that choose epoch and stage.
        options: those of ``Finetune``, ``stages`` and ``seed`` among them.
    """
    finetune = Finetune.model_validate({"early_stopping": None, **options})
    tf_keras.backend.clear_session()
    tf_keras.utils.set_random_seed(finetune.seed)
    module = backbone.load(str(corpus.handle))
    backbone_blocks = blocks.blocks_of(module)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        storage = Storage(finetune.cache_mb, finetune.cache_disk_mb, Path(folder))

        def images(pixels: Pixels) -> inputs.Images:
            dataset = tf.data.Dataset.from_tensor_slices(pixels.images)
            return inputs.Images(dataset, pixels.labels, photos.CLASSES, storage)

        labels = [str(label) for label in range(photos.CLASSES)]
        model = Classifier(module, photos.CLASSES)
        spec = ImageSpec(height=corpus.side, width=corpus.side)
        context = TrainingContext(
            model=model,
            blocks=backbone_blocks,
            labels=labels,
            train=images(train),
            validation=images(validation),
            options=finetune,
            image=spec,
        )
        results = training.fit(context, schedule.plan(finetune.stages, backbone_blocks))
        yield Fit(context, results, time.monotonic() - started, images)
