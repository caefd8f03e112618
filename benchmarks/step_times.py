"""Times steps of Thaw's and of the expert's code by turns in one process, so noise affects both.

    python -m benchmarks.step_times [--steps N]

It uses the first 320 photos of the split and a rate of 1e-6, so that neither model changes much,
and prints a table of medians with quartiles, and the ratio of the medians. Caches are filled
beforehand.
"""

import argparse
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import modules  # noqa: F401 chooses Keras 2 before TensorFlow is imported

# isort: split

import tensorflow as tf
import tensorflow_hub as hub
import tf_keras

from benchmarks import expert, ours, photos
from modules.backbones import backbone
from modules.backbones.blocks import blocks
from modules.finetune import schedule
from modules.finetune.classifier import Classifier
from modules.finetune.context import TrainingContext
from modules.finetune.stage_data import StageData
from modules.finetune.stage_run import StageRun
from modules.finetune.weight_drift import pretrained_weights
from modules.images.feature_cache import Storage
from modules.settings import Finetune

MODES = ("block", "third", "all")
RATE = 1e-6
COUNT = 320


def expert_steps(mode: str, rows: list[photos.Photo]) -> Callable[[], object]:
    """Returns a function that takes one step each time it is called."""
    module = hub.load(str(photos.MODULE))

    def forward(batch: tf.Tensor) -> tf.Tensor:
        return module(tf.cast(batch, tf.float32) / 255.0, training=False)

    head = tf_keras.layers.Dense(photos.CLASSES, kernel_initializer="zeros")
    head.build((None, module.trainable_variables[-1].shape[0]))
    variables = [*expert.trained_variables(module, mode), *head.trainable_variables]
    data = expert.images(rows)
    run = expert.trainer(expert.Model(forward, head, variables), data)
    orders: Iterator[tf.Tensor] = itertools.chain.from_iterable(
        expert.calls_of_epoch(COUNT, whole=False) for _ in itertools.count()
    )
    return lambda: run(next(orders))


def our_steps(mode: str, rows: list[photos.Photo], folder: Path) -> Callable[[], object]:
    """Returns a function that takes one step each time it is called."""
    stages = [{**stage, "learning_rate": RATE} for stage in ours.MODES[mode]]
    options = Finetune.model_validate({"stages": stages, "early_stopping": None})
    module = backbone.load(str(photos.MODULE))
    backbone_blocks = blocks.blocks_of(module)
    storage = Storage(options.cache_mb, options.cache_disk_mb, folder)
    images = ours.images(rows, storage)
    labels = [str(label) for label in range(photos.CLASSES)]
    model = Classifier(module, photos.CLASSES)
    context = TrainingContext(
        model=model,
        blocks=backbone_blocks,
        labels=labels,
        train=images,
        validation=images,
        options=options,
        image=ours.SPEC,
    )
    planned = schedule.plan(options.stages, backbone_blocks)
    data = StageData(context, planned)
    run = StageRun(
        context,
        planned[0],
        0,
        data=data,
        pretrained=pretrained_weights(backbone_blocks),
        folder=None,
    )
    losses = itertools.chain.from_iterable(run.batch_losses(n) for n in itertools.count(1))
    return lambda: next(losses)


def by_turns(steps: list[Callable[[], object]], count: int) -> list[list[float]]:
    """Returns the milliseconds of the steps of each, after two steps of each that do not count."""
    taken: list[list[float]] = [[] for _ in steps]
    for number in range(count + 2):
        for step, times in zip(steps, taken, strict=True):
            began = time.monotonic()
            step()
            if number >= 2:
                times.append(1000.0 * (time.monotonic() - began))
    return taken


def cell(times: list[float]) -> str:
    """Formats the median and the quartiles."""
    low, middle, high = statistics.quantiles(times, n=4)
    return f"{middle:.1f} ({low:.1f} to {high:.1f})"


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=40)
    count = parser.parse_args().steps
    expert.LEARNING_RATE = RATE
    rows = photos.split(0).train[:COUNT]
    print("| unfrozen | expert: ms a step | Thaw: ms a step | ratio |\n| --- | --- | --- | --- |")
    for mode in MODES:
        with tempfile.TemporaryDirectory() as folder:
            pair = [expert_steps(mode, rows), our_steps(mode, rows, Path(folder))]
            theirs, own = by_turns(pair, count)
        ratio = statistics.median(theirs) / statistics.median(own)
        print(f"| {mode} | {cell(theirs)} | {cell(own)} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    main()
