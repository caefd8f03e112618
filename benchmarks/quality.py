"""Accuracy of head-only, full, automatic and hand-written schedules by the size of the data.

And of a hand-written one with augmentation, by how many variations of each image are kept.

    python -m benchmarks.quality [--seeds N] [--only TEXT] [--table]

Each run trains on some images of each class, of which a fifth chooses epoch and stage, and is
tested on a fifth of all images that no run trains on. A line for each run is appended to
``results/quality.jsonl``; runs that stand there are not done again.
"""

import argparse
import itertools
import json
import tempfile
import time
from collections.abc import Iterator
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
from modules.backbones import backbone, blocks
from modules.finetune import schedule, training
from modules.finetune.auto import Facts, choose_stages
from modules.finetune.classifier import Classifier
from modules.finetune.task import Task
from modules.images import inputs
from modules.images.table import Storage
from modules.settings import Finetune, ImageSpec

RESULTS = Path(__file__).parent / "results" / "quality.jsonl"
PROJECT = Path(__file__).parent.parent
SIZES = (10, 25, 100, None)  # images a class; None for all
METHODS = ("head", "full", "hand", "auto")
# How many variations of each image are kept; 0 for new ones in every epoch.
VARIANTS = {f"{kept} kept": kept for kept in (0, 1, 2, 4, 8)}
COSINE = {"decay": "cosine", "warmup_epochs": 1}


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
class Case:
    """One run."""

    corpus: Corpus
    per_class: int | None
    method: str
    seed: int

    @property
    def key(self) -> list[Any]:
        """What names it in the results."""
        return [self.corpus.name, self.per_class, self.method, self.seed]


@dataclass(frozen=True)
class Pixels:
    """Decoded images, uint8 [n, side, side, 3], and their labels, int64 [n]."""

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]


def stages_of(method: str, facts: Facts) -> list[dict[str, Any]]:
    """A method's stages."""
    if method == "auto":
        return choose_stages(facts)
    head = {"name": "head", "epochs": 20, "learning_rate": {"peak": 0.01, "decay": "cosine"}}
    if method == "head":
        return [{**head, "epochs": 40}]
    if method == "full":
        rate = {"peak": 1e-3, **COSINE}
        return [{"name": "full", "unfreeze": "all", "epochs": 12, "learning_rate": rate}]
    partial = {"name": "partial", "unfreeze": {"fraction": 0.4}, "epochs": 12}
    partial |= {"learning_rate": {"peak": 1e-3, **COSINE}, "ema": 0.98}
    if method in VARIANTS:
        augmentation = {"crop": 0.7, "color": 0.2}
        partial |= {"augmentation": augmentation, "cached_variants": VARIANTS[method]}
    return [head, partial]


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


def some(pixels: Pixels, per_class: int | None, share: float) -> tuple[Pixels, Pixels]:
    """The first images of each class, and of them the last share apart."""
    first, second = list[int](), list[int]()
    for label in range(photos.CLASSES):
        places = np.flatnonzero(pixels.labels == label)[:per_class].tolist()
        kept = len(places) - max(1, round(share * len(places)))
        first += places[:kept]
        second += places[kept:]
    parts = (Pixels(pixels.images[one], pixels.labels[one]) for one in (first, second))
    return next(parts), next(parts)


def run(case: Case) -> dict[str, Any]:
    """Trains one, and tests what it would ship."""
    tf_keras.backend.clear_session()
    tf_keras.utils.set_random_seed(case.seed)
    corpus = case.corpus
    spec = ImageSpec(height=corpus.side, width=corpus.side)
    everything, test = decoded(corpus, case.seed)
    train, validation = some(everything, case.per_class, 0.2)
    module = backbone.load(str(corpus.handle))
    found = blocks.blocks_of(module)
    facts = Facts(
        len(train.labels),
        photos.CLASSES,
        corpus.side,
        len(found),
        sum(block.parameters for block in found),
    )
    options = Finetune.model_validate(
        {
            "early_stopping": None,
            "label_smoothing": 0.1,
            "stages": stages_of(case.method, facts),
            "seed": case.seed,
        }
    )
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        storage = Storage(options.cache_mb, options.cache_disk_mb, Path(folder))

        def images(pixels: Pixels) -> inputs.Images:
            dataset = tf.data.Dataset.from_tensor_slices(pixels.images)
            return inputs.Images(dataset, pixels.labels, photos.CLASSES, storage)

        labels = [str(label) for label in range(photos.CLASSES)]
        model = Classifier(module, photos.CLASSES)
        task = Task(model, found, labels, images(train), images(validation), options, spec)
        results = training.fit(task, schedule.plan(options.stages, found))
        seconds = time.monotonic() - started
        held_out = images(test)
        measured = task.measure(held_out.pixels, held_out.labels)
    shipped = next(one.name for one in results if one.shipped)
    return {
        "case": case.key,
        "accuracy": measured.accuracy,
        "seconds": round(seconds, 1),
        "shipped": shipped,
        "stages": [[one.name, one.epochs, one.held_out["accuracy"]] for one in results],
    }


def cases(seeds: int) -> Iterator[Case]:
    """All runs, one seed of each first; then those that keep variations."""
    for seed, corpus, size, method in itertools.product(range(seeds), CORPORA, SIZES, METHODS):
        yield Case(corpus, size, method, seed)
    for seed, size, method in itertools.product(range(seeds), (25, 100), VARIANTS):
        yield Case(CORPORA[1], size, method, seed)


def done() -> list[dict[str, Any]]:
    """The runs that stand in the results."""
    if not RESULTS.exists():
        return []
    return [json.loads(line) for line in RESULTS.read_text(encoding="utf-8").splitlines()]


def main() -> None:
    """Does what is not yet done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", default="", help="runs whose name holds this text")
    arguments = parser.parse_args()
    RESULTS.parent.mkdir(exist_ok=True)
    known = [one["case"] for one in done()]
    for case in cases(arguments.seeds):
        if case.key in known or arguments.only not in json.dumps(case.key):
            continue
        result = run(case)
        with RESULTS.open("a", encoding="utf-8") as file:
            file.write(json.dumps(result) + "\n")
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
