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
        name: for the table.
        folder: a folder of images for each class.
        handle: the backbone.
        side: pixels that it takes.
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
        """Some of them, by a slice or a mask."""
        return Pixels(self.images[chosen], self.labels[chosen])


@cache
def decoded(corpus: Corpus, seed: int) -> tuple[Pixels, Pixels]:
    """All images for training, and those for the test, of a split."""
    parts = photos.split(seed, 0.8, corpus.folder)
    return _decode(parts.train, corpus.side), _decode(parts.validation, corpus.side)


def _decode(rows: list[photos.Photo], side: int) -> Pixels:
    paths, labels = photos.columns(rows)
    encoded = tf.data.Dataset.from_tensor_slices(paths).map(tf.io.read_file)
    images = inputs.decoded(encoded, ImageSpec(height=side, width=side)).batch(len(rows))
    return Pixels(next(iter(images)).numpy(), np.array(labels, np.int64))


@dataclass(frozen=True)
class Fit:
    """What training came to.

    Attributes:
        task: with the trained model.
        results: of the stages.
        seconds: from pixels to the last stage's end.
        images: makes of further pixels what the task measures.
    """

    task: TrainingContext
    results: list[StageResult]
    seconds: float
    images: Callable[[Pixels], inputs.Images]


@contextlib.contextmanager
def fitted(
    corpus: Corpus, train: Pixels, validation: Pixels, options: dict[str, Any]
) -> Iterator[Fit]:
    """Trains; what is kept on disk goes with the context.

    Args:
        corpus: whose backbone.
        train: to learn from.
        validation: chooses epoch and stage.
        options: of ``Finetune``, ``stages`` and ``seed`` among them.
    """
    finetune = Finetune.model_validate({"early_stopping": None, **options})
    tf_keras.backend.clear_session()
    tf_keras.utils.set_random_seed(finetune.seed)
    module = backbone.load(str(corpus.handle))
    found = blocks.blocks_of(module)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        storage = Storage(finetune.cache_mb, finetune.cache_disk_mb, Path(folder))

        def images(pixels: Pixels) -> inputs.Images:
            dataset = tf.data.Dataset.from_tensor_slices(pixels.images)
            return inputs.Images(dataset, pixels.labels, photos.CLASSES, storage)

        labels = [str(label) for label in range(photos.CLASSES)]
        model = Classifier(module, photos.CLASSES)
        spec = ImageSpec(height=corpus.side, width=corpus.side)
        task = TrainingContext(
            model, found, labels, images(train), images(validation), finetune, spec
        )
        results = training.fit(task, schedule.plan(finetune.stages, found))
        yield Fit(task, results, time.monotonic() - started, images)
