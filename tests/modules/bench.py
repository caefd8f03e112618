"""A small real training context: the backbone that ships, and a few handwritten digits."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits

from modules.backbones import backbone
from modules.backbones.blocks import blocks
from modules.finetune import schedule, training
from modules.finetune.classifier import Classifier
from modules.finetune.context import TrainingContext
from modules.finetune.results import StageResult
from modules.images.feature_cache import Storage
from modules.images.inputs import Images
from modules.settings import Finetune, HeadOptions, ImageSpec, LinearHead, Stage
from tests.conftest import GLYPHS

SPEC = ImageSpec(height=32, width=32)
LINEAR = LinearHead()
LABELS = [str(digit) for digit in range(10)]


def digit_images(start: int, count: int) -> Images:
    """Some of scikit-learn's digits, as ``inputs.read_images`` would return them."""
    digits = load_digits()
    grey = digits.images[start : start + count, ..., None] * (255 / 16)
    pixels = tf.cast(tf.round(tf.image.resize(np.repeat(grey, 3, -1), (32, 32))), tf.uint8)
    labels = digits.target[start : start + count].astype(np.int64)
    storage = Storage(64, 0, Path(tempfile.gettempdir()) / "thaw-tests")
    return Images(tf.data.Dataset.from_tensor_slices(pixels), labels, 10, storage)


TRAIN, VALIDATION = digit_images(0, 240), digit_images(240, 60)


class Bench:
    """A new model with what it takes to fit it; ``overrides`` go to the ``TrainingContext``."""

    def __init__(self, head: HeadOptions = LINEAR, **overrides: Any) -> None:
        self.module = backbone.load(str(GLYPHS))
        self.blocks = blocks.blocks_of(self.module)
        self.model = Classifier(self.module, 10, head)
        self._overrides = overrides

    def context(self, finetune: Finetune) -> TrainingContext:
        images = {"train": TRAIN, "validation": VALIDATION}
        return TrainingContext(
            model=self.model,
            blocks=self.blocks,
            labels=LABELS,
            options=finetune,
            image=SPEC,
            **{**images, **self._overrides},
        )

    def fit(self, *stages: Stage, seed: int = 0) -> list[StageResult]:
        finetune = Finetune(stages=stages, seed=seed)
        return training.fit(self.context(finetune), schedule.plan(finetune.stages, self.blocks))

    def weights(self) -> dict[str, Any]:
        return {blocks.full_name(v): v.numpy() for v in self.model.everything}


def stage(**values: object) -> Stage:
    return Stage.model_validate({"name": "s", "epochs": 1, **values})


def changed(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    return {name for name, value in before.items() if not np.array_equal(value, after[name])}
