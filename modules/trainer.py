"""Trainer's entry point, named by import path: read, build, train by stage, export."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import tensorflow as tf
import tensorflow_transform as tft
import tf_keras

from modules import backbone, blocks, export, inputs, schedule, training
from modules.classifier import Classifier
from modules.settings import TrainerOptions

OPTIONS = "options"  # the key of custom_config that holds TrainerOptions as a JSON object
HISTORY_FILE = "history.json"  # in the model run's folder: {"stages": [StageResult, ...]}


def run_fn(fn_args: Any) -> None:
    """Trains and exports; called by TFX's Trainer with its ``FnArgs``."""
    options = TrainerOptions.model_validate(fn_args.custom_config[OPTIONS])
    transform = tft.TFTransformOutput(fn_args.transform_graph_path)
    scratch = Path(tempfile.mkdtemp(prefix="thaw-images-"))
    try:
        results = _train_and_export(fn_args, options, transform, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    history = {"stages": [result.as_json() for result in results]}
    tf.io.gfile.makedirs(fn_args.model_run_dir)
    with tf.io.gfile.GFile(f"{fn_args.model_run_dir}/{HISTORY_FILE}", "w") as file:
        file.write(json.dumps(history, indent=1))


def _train_and_export(
    fn_args: Any, options: TrainerOptions, transform: tft.TFTransformOutput, scratch: Path
) -> list[training.StageResult]:
    tf_keras.utils.set_random_seed(options.finetune.seed)
    labels = inputs.read_labels(transform)
    # The two splits share the memory set aside, an eighth for validation.
    budget = options.finetune.cache_mb
    train, validation = (
        inputs.read_images(
            patterns, transform, options.image, cache_mb=share, cache_dir=scratch / name
        )
        for name, patterns, share in (
            ("train", fn_args.train_files, budget - budget // 8),
            ("validation", fn_args.eval_files, budget // 8),
        )
    )
    module = backbone.load(options.handle)
    parts = blocks.blocks_of(module)
    model = Classifier(module, len(labels))
    planned = schedule.plan(options.finetune.stages, parts)
    task = training.Task(model, parts, train, validation, options.finetune, options.image)
    results = training.fit(task, planned)
    export.export(model, labels, options.image, transform, Path(fn_args.serving_model_dir))
    return results
