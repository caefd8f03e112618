"""Trainer's entry point, named by import path: read, build, train by stage, export."""

import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import tensorflow as tf
import tensorflow_transform as tft
import tf_keras

from modules import export, features, model_layout, warmup
from modules.backbones import backbone
from modules.backbones.blocks import blocks
from modules.backbones.loading import origin
from modules.finetune import (
    auto,
    checkpoints,
    distribution,
    model_record,
    schedule,
    training,
    warm_start,
)
from modules.finetune.classifier import Classifier
from modules.finetune.context import TrainingContext
from modules.finetune.distribution import Strategy
from modules.finetune.model_record import ModelRecord, Start
from modules.finetune.results import shipped
from modules.finetune.weight_drift import Weights, pretrained_weights
from modules.images import encoded, inputs, shards
from modules.images.feature_cache import Storage
from modules.progress import report
from modules.settings import STAGES_KEY, WARM_STAGES_KEY, TrainerOptions, check_class_weights

OPTIONS = "options"  # the key of custom_config that holds TrainerOptions as a JSON object


def run_fn(fn_args: Any) -> None:
    """Trains and exports; called by TFX's Trainer with its ``FnArgs``.

    With ``multi_worker`` it is called in each process, and the chief alone exports.
    """
    options = TrainerOptions.model_validate(fn_args.custom_config[OPTIONS])
    strategy = distribution.start(options.finetune.distribution)  # before TensorFlow does anything
    transform = tft.TFTransformOutput(fn_args.transform_graph_path)
    start = model_record.read_start(Path(fn_args.base_model)) if fn_args.base_model else None
    checkpoint_folder = _checkpoint_folder(fn_args, options, transform, start)
    if checkpoint_folder and strategy.is_chief:
        checkpoints.remove_abandoned(checkpoint_folder)
    scratch = _scratch_folder(checkpoint_folder if strategy.is_chief else None)
    try:
        context = _context(
            fn_args,
            options,
            transform=transform,
            scratch=scratch,
            checkpoint_folder=checkpoint_folder,
            strategy=strategy,
        )
        own = warm_start.record_of(context.model, options.image, options.finetune.head, start)
        begun, pretrained = _begin(context, own, fn_args.base_model)
        context, planned, described = _planned(context, warm=pretrained is not None)
        results = training.fit(context, planned, pretrained)
        folder = Path(fn_args.serving_model_dir)
        if strategy.is_chief:
            held_out = _by_split(fn_args.eval_files)[features.VALIDATION]
            samples = warmup.choose(encoded.read(held_out))
            export.export(
                context.model,
                context.labels,
                options.image,
                transform=transform,
                folder=folder,
                samples=samples,
            )
            origin.write(_origin(options), folder)
            model_record.write(own, folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    # Checkpoints are kept: without them, a kill before TFX publishes the model would cost all work.
    history = {
        "schedule": described,
        "warm_start": begun.as_json() if begun else None,
        "stages": [result.as_json() for result in results],
        "shipped": shipped(results),
    }
    if strategy.is_chief:
        _write_history(history, fn_args.model_run_dir)
    # No process ends while another works, since the others would take it for dead.
    strategy.synchronize(len(results), checkpoint_folder)


def _context(
    fn_args: Any,
    options: TrainerOptions,
    *,
    transform: tft.TFTransformOutput,
    scratch: Path,
    checkpoint_folder: Path | None,
    strategy: Strategy,
) -> TrainingContext:
    """Reads the data and builds the model."""
    tf_keras.utils.set_random_seed(options.finetune.seed)
    labels = inputs.read_labels(transform)
    held_out = _by_split(fn_args.eval_files)
    storage = Storage(options.finetune.cache_mb, options.finetune.cache_disk_mb, scratch)

    def read(patterns: Sequence[str]) -> inputs.Images:
        return inputs.read_images(
            patterns, transform, options.image, classes=len(labels), storage=storage
        )

    module = backbone.load(options.handle, sha256=options.sha256)
    return TrainingContext(
        model=Classifier(module, len(labels), options.finetune.head, options.finetune.seed),
        blocks=blocks.blocks_of(module, options.blocks),
        labels=labels,
        train=read(fn_args.train_files),
        validation=read(held_out[features.VALIDATION]),
        options=options.finetune,
        image=options.image,
        earlier=read(held_out[features.EARLIER]) if features.EARLIER in held_out else None,
        checkpoints=checkpoint_folder,
        strategy=strategy,
    )


def _begin(
    context: TrainingContext, own: ModelRecord, base_model: str | None
) -> tuple[warm_start.Outcome | None, Weights | None]:
    """Starts from the base's weights if it fits.

    Returns:
        How the training begins, or None if no warm start is asked for; and the pretrained weights
        if the model now has others.
    """
    if own.start is None or base_model is None:
        return None, None
    pretrained = pretrained_weights(context.blocks)
    begun = warm_start.begin(
        context.model, context.labels, own, own.start.base, folder=Path(base_model)
    )
    report(f"trainer {begun.sentence}")
    return begun, pretrained if begun.warm else None


def _planned(
    context: TrainingContext, *, warm: bool
) -> tuple[TrainingContext, list[schedule.PlannedStage], dict[str, Any]]:
    """Resolves the schedule; returns the context with it, its stages, and what history says."""
    rule_inputs = auto.schedule_inputs(
        context.train.count, len(context.labels), context.image, context.blocks
    )
    options = context.options.warm if warm else context.options
    resolved = auto.resolve(options, rule_inputs)
    check_class_weights(resolved, context.labels)
    key = WARM_STAGES_KEY if warm else STAGES_KEY
    planned = schedule.plan(resolved.stages, context.blocks, key)
    described = auto.describe(options, resolved, rule_inputs, warm=warm)
    return replace(context, options=resolved), planned, described


def _origin(options: TrainerOptions) -> origin.Origin:
    """Returns the record of the backbone that the model keeps."""
    return origin.Origin(
        handle=options.handle,
        height=options.image.height,
        width=options.image.width,
        input_range=options.image.input_range,
        blocks=options.blocks,
    )


def _by_split(patterns: Sequence[str]) -> dict[str, list[str]]:
    """Groups patterns of files by split, which TFX names in the folder: ``Split-validation``."""
    by_split: dict[str, list[str]] = {}
    for pattern in patterns:
        by_split.setdefault(Path(pattern).parent.name.removeprefix("Split-"), []).append(pattern)
    return by_split


def _checkpoint_folder(
    fn_args: Any, options: TrainerOptions, transform: tft.TFTransformOutput, start: Start | None
) -> Path | None:
    """Returns the folder of this task's checkpoints: by data, code, config and base."""
    if not options.checkpoints:
        return None
    files = shards.find([*fn_args.train_files, *fn_args.eval_files])
    # Each stage has a key of its own, so that after a change only it and later stages train again.
    shared = options.model_dump(mode="json") | {
        "finetune": options.finetune.model_dump(mode="json", include={"seed", "head"})
    }
    # Paths are not part of the key, since a root may be moved.
    shared |= {"checkpoints": "", "handle": "" if options.sha256 else options.handle}
    config = json.dumps({**fn_args.custom_config, OPTIONS: shared}, sort_keys=True)
    # With the labels of the records comes the fingerprint of all that they hold.
    data = [*inputs.read_labels(transform), *files.texts]
    base = [start.base.sha256] if start and start.base.sha256 else []
    key = checkpoints.fingerprint([config, *data, *base], files.paths)
    return Path(options.checkpoints) / key


def _scratch_folder(checkpoint_folder: Path | None) -> Path:
    """Returns an empty folder for cached images; a killed run's is removed beside checkpoints."""
    if checkpoint_folder is None:
        return Path(tempfile.mkdtemp(prefix="thaw-images-"))
    folder = checkpoint_folder / "images"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _write_history(history: dict[str, Any], folder: str) -> None:
    tf.io.gfile.makedirs(folder)
    with tf.io.gfile.GFile(f"{folder}/{model_layout.HISTORY}", "w") as file:
        file.write(json.dumps(history, indent=1))
