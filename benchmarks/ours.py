"""Fine-tunes with Thaw on the peers' photos, without the pipeline around it.

    python -m benchmarks.ours {head,block,third,all,schedule} [--seed N] [--epochs N]

The first four modes train what ``benchmarks.expert`` trains, at its rate (``all`` with an epoch of
warm-up), for as many epochs.
``schedule`` is what Thaw is for: a head and then the last blocks, in the fewest seconds to a good
model. The last line printed is a JSON object, as ``benchmarks.expert`` prints it, with each stage's
``cache`` and ``seconds`` besides; ``step_ms`` is that of the last stage.
"""

import json
import logging
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import modules  # noqa: F401 chooses Keras 2 before TensorFlow is imported

# isort: split

import tf_keras

from benchmarks import photos
from modules.backbones import backbone
from modules.backbones.blocks import blocks
from modules.finetune import schedule, stage_run, steps, training
from modules.finetune.classifier import Classifier
from modules.finetune.context import TrainingContext
from modules.images import inputs
from modules.images.feature_cache import Storage
from modules.progress import LOGGER
from modules.settings import Finetune, ImageSpec

RATE = 1e-3
# The module's blocks by their names; the last third of its variables starts within conv_9.
LAST_THIRD = 5
MODES: dict[str, list[dict[str, Any]]] = {
    "head": [{"name": "head", "epochs": 25}],
    "block": [{"name": "block", "epochs": 8, "unfreeze": {"last": 1}}],
    "third": [{"name": "third", "epochs": 8, "unfreeze": {"last": LAST_THIRD}}],
    # At the full rate from the first step, some seeds destroy the module's features for good.
    "all": [
        {
            "name": "all",
            "epochs": 8,
            "unfreeze": "all",
            "learning_rate": {"peak": RATE, "warmup_epochs": 1},
        }
    ],
    "schedule": [
        {"name": "head", "epochs": 10, "learning_rate": {"peak": 0.01, "decay": "cosine"}},
        {
            "name": "partial",
            "epochs": 8,
            "unfreeze": {"last": 6},
            "learning_rate": {"peak": 0.002, "warmup_epochs": 1, "decay": "cosine"},
            "ema": 0.95,
        },
    ],
}
SPEC = ImageSpec(height=photos.SIZE, width=photos.SIZE)


class Clock(logging.Handler):
    """Records when each epoch ended, and how long each step took."""

    def __init__(self) -> None:
        super().__init__()
        self.started = time.monotonic()
        self.epochs: list[float] = []
        self.steps: list[list[float]] = [[]]

    def emit(self, record: logging.LogRecord) -> None:
        """Handles a report of ``modules.progress``."""
        if "epoch=" in record.getMessage():
            self.epochs.append(time.monotonic() - self.started)
            self.steps.append([])

    def timed(self, run: Any) -> Any:
        """Wraps a call of several steps, to record the milliseconds of one."""

        def timed(batches: Any, count: int) -> Any:
            began = time.monotonic()
            taken = run(batches, count)
            self.steps[-1].append(1000.0 * (time.monotonic() - began) / taken.steps)
            return taken

        return timed


def images(rows: Sequence[photos.Photo], storage: Storage) -> inputs.Images:
    """Returns photos as Trainer would read them, but from files."""
    paths, labels = photos.columns(rows)
    return inputs.read_files(paths, labels, SPEC, classes=photos.CLASSES, storage=storage)


def train(mode: str, seed: int, epochs: int | None = None) -> dict[str, Any]:
    """Trains once; returns the record to print."""
    stages = [
        {"learning_rate": RATE, **stage, "epochs": epochs or stage["epochs"]}
        for stage in MODES[mode]
    ]
    options = Finetune.model_validate({"stages": stages, "seed": seed, "early_stopping": None})
    tf_keras.utils.set_random_seed(seed)
    module = backbone.load(str(photos.MODULE))
    clock = Clock()
    setattr(stage_run, "train_steps", lambda step: clock.timed(steps.train_steps(step)))  # noqa: B010
    LOGGER.addHandler(clock)
    LOGGER.setLevel(logging.INFO)
    with tempfile.TemporaryDirectory() as folder:
        storage = Storage(options.cache_mb, options.cache_disk_mb, Path(folder))
        rows = photos.split(seed)
        backbone_blocks = blocks.blocks_of(module)
        context = TrainingContext(
            model=Classifier(module, photos.CLASSES),
            blocks=backbone_blocks,
            labels=[str(label) for label in range(photos.CLASSES)],
            train=images(rows.train, storage),
            validation=images(rows.validation, storage),
            options=options,
            image=SPEC,
        )
        results = training.fit(context, schedule.plan(options.stages, backbone_blocks))
    accuracies = [value for result in results for value in result.validation_accuracy]
    last = clock.steps[-1 - results[-1].epochs :]
    return {
        "mode": mode,
        "seed": seed,
        "epochs": [
            {"seconds": seconds, "accuracy": accuracy}
            for seconds, accuracy in zip(clock.epochs, accuracies, strict=True)
        ],
        "seconds": clock.epochs[-1],
        "step_ms": statistics.median(step for epoch in (last[1:] or last) for step in epoch),
        "stages": [
            {"name": result.name, "cache": result.cache, "seconds": result.seconds}
            for result in results
        ],
    }


def main() -> None:
    """Entry point."""
    arguments = photos.arguments(list(MODES), __doc__)
    print(json.dumps(train(arguments.mode, arguments.seed, arguments.epochs)))


if __name__ == "__main__":
    main()
