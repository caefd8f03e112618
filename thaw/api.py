"""The functions of ``import thaw``: the commands, for programs and notebooks."""

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from components.records.summary import Summary
from modules.errors import InputError
from modules.settings import Override
from pipeline.commands import gate as gate_command
from pipeline.commands import inspect as inspect_command
from pipeline.commands import predict as predict_command
from pipeline.commands.gate import Judgement
from pipeline.commands.inspect import Inspection
from pipeline.commands.predict import Prediction
from pipeline.configuration import loading
from pipeline.configuration.config import Config
from pipeline.continuous import retraining
from pipeline.continuous.retraining import Outcome

AnyPath = str | os.PathLike[str]
Overrides = Mapping[str, Any]


def load_config(
    file: AnyPath, *, overrides: Overrides | None = None, root: AnyPath | None = None
) -> Config:
    """Reads and checks a configuration.

    Args:
        file: a YAML file. Relative paths in it start at its folder.
        overrides: values by key, such as ``{"finetune.seed": 1}``, that replace those of the file;
            relative paths in them, and in ``root``, start at the current folder.
        root: the folder that everything goes to, in place of the file's ``root``.

    Raises:
        InputError: when anything in the configuration is wrong.
    """
    return loading.load(Path(file), _assignments(overrides), _path(root))


def run(
    config: Config | AnyPath,
    *,
    overrides: Overrides | None = None,
    root: AnyPath | None = None,
    summary_file: AnyPath | None = None,
    forced: Override | None = None,
    adopt: bool = False,
    cold: bool = False,
    verbose: bool = False,
) -> Summary:
    """Runs the pipeline once, as ``thaw run`` does, and shows its progress.

    Args:
        config: a YAML file, or what ``load_config`` read.
        overrides: as for ``load_config``; only for a file.
        root: likewise.
        summary_file: where the summary goes too, beside the root.
        forced: who has this candidate pushed whatever the gate decides, and why.
        adopt: takes over a root that belongs to a pipeline of another name.
        cold: starts the training from the pretrained backbone, whatever is served.
        verbose: shows TFX's log.

    Returns:
        The summary. Its ``status`` is ``pushed``, ``unchanged``, or ``rejected`` where the gate
        refused the model.

    Raises:
        InputError: when the configuration or the data is wrong.
        StageError: when a stage fails, or a disk is full.
        BusyError: when another run holds the root, or another push the serving folder.
        Interrupted: when Ctrl-C or SIGTERM ends the run; the next run goes on.
    """
    from pipeline.continuous import window_run

    return window_run.run(
        _config(config, overrides, root),
        summary_file=_path(summary_file),
        verbose=verbose,
        forced=forced,
        adopt=adopt,
        cold=cold,
    )


def retrain(
    config: Config | AnyPath,
    *,
    overrides: Overrides | None = None,
    root: AnyPath | None = None,
    dry_run: bool = False,
    cold: bool = False,
    verbose: bool = False,
) -> Outcome:
    """Ingests new spans of data, and trains if that is due, as ``thaw retrain`` does.

    Args:
        config: a YAML file, or what ``load_config`` read; with ``data.window``.
        overrides: as for ``load_config``; only for a file.
        root: likewise.
        dry_run: says what would be decided, as far as that is known without ingesting anything,
            and writes nothing.
        cold: starts the training from the pretrained backbone, whatever is served.
        verbose: shows TFX's log.

    Returns:
        The decision, and the summary of the run if there was one.

    Raises:
        InputError: when the configuration or the data is wrong, or a span is invalid.
        Exception: as ``run``.
    """
    loaded = _config(config, overrides, root)
    if dry_run:
        return Outcome(retraining.dry_run(loaded))
    return retraining.retrain(loaded, print, verbose=verbose, cold=cold)


def inspect(
    target: AnyPath, *, overrides: Overrides | None = None, root: AnyPath | None = None
) -> Inspection:
    """Looks into a backbone, as ``thaw inspect`` does.

    Args:
        target: a YAML file, a SavedModel's folder, an address, or a name of ``thaw backbones``.
        overrides: as for ``load_config``; only for a YAML file.
        root: likewise.

    Raises:
        InputError: when the configuration is wrong or the backbone cannot be used.
    """
    from pipeline import display

    with display.quiet():
        return inspect_command.inspect(os.fspath(target), _assignments(overrides), _path(root))


def predict(
    target: AnyPath,
    images: AnyPath | Sequence[AnyPath],
    *,
    overrides: Overrides | None = None,
    root: AnyPath | None = None,
) -> list[Prediction]:
    """Labels images with a pushed model, as ``thaw predict`` does.

    Args:
        target: a YAML file, whose newest version is used, or a version's folder.
        images: a file, a folder that is searched for images, or several of them.
        overrides: as for ``load_config``; only for a YAML file.
        root: likewise.

    Returns:
        A prediction for each image. One that cannot be used has an ``error`` in place of ``label``
        and ``scores``.

    Raises:
        InputError: when the configuration is wrong, or there is no model.
    """
    from pipeline import display

    model = predict_command.find_model(os.fspath(target), _assignments(overrides), _path(root))
    several = [images] if isinstance(images, str | os.PathLike) else images
    files = predict_command.images_in([Path(image) for image in several])
    with display.quiet():
        return predict_command.predict(model, files)


def gate(
    config: Config | AnyPath,
    candidate: AnyPath,
    baseline: AnyPath | None = None,
    *,
    overrides: Overrides | None = None,
    root: AnyPath | None = None,
) -> Judgement:
    """Judges a model on the config's test images, as ``thaw gate`` does.

    Args:
        config: a YAML file, or what ``load_config`` read.
        candidate: the folder of a model that Thaw exported.
        baseline: the folder of the model to compare it with; the served version if None.
        overrides: as for ``load_config``; only for a file.
        root: likewise.

    Raises:
        InputError: when the configuration is wrong, or a folder or the images cannot be used.
    """
    from pipeline import display

    loaded = _config(config, overrides, root)
    with display.quiet():
        return gate_command.judge(loaded, Path(candidate), _path(baseline))


def _config(config: Config | AnyPath, overrides: Overrides | None, root: AnyPath | None) -> Config:
    if not isinstance(config, Config):
        return load_config(config, overrides=overrides, root=root)
    if overrides or root is not None:
        raise InputError(
            "overrides, root: got a Config, which is complete; give them to load_config, or give "
            "the path of the YAML file"
        )
    return config


def _path(path: AnyPath | None) -> Path | None:
    if path is not None and not os.fspath(path):  # ``Path`` would take it for the current folder.
        raise InputError("got '', must be a path; name one or leave it out")
    return None if path is None else Path(path)


def _assignments(overrides: Overrides | None) -> list[str]:
    """The overrides in the command line's form, ``key.path=value``."""
    if not isinstance(overrides, Mapping | None):
        raise InputError(
            f"overrides: got {type(overrides).__name__}, must be a dict of values by key, such as "
            "{'finetune.seed': 1}; write it so"
        )
    return [f"{key}={_as_yaml(key, value)}" for key, value in (overrides or {}).items()]


def _as_yaml(key: str, value: Any) -> str:
    """A value as YAML on one line."""
    try:
        text = yaml.safe_dump(
            _plain(value), default_flow_style=True, allow_unicode=True, width=math.inf
        )
    except (yaml.YAMLError, RecursionError):
        raise InputError(
            f"overrides: got {type(value).__name__} for {key}, must be made of texts, numbers, "
            "lists and dicts; convert it"
        ) from None
    return str(text).removesuffix("\n").removesuffix("\n...")


def _plain(value: Any) -> Any:
    """A value with texts in place of paths, also in lists and dicts."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value
