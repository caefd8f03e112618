"""Evaluates a candidate, and in the same pass the baseline, if that can be evaluated."""

import logging
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from components.records.baseline import BaselineChoice
from components.serving.compatibility import problem_of, problem_of_loading
from modules import model_layout
from modules.gate.analysis import analyse
from modules.gate.predictions import BASELINE, CANDIDATE
from modules.gate.verdict import Baseline
from modules.settings import Evaluation


def evaluate(
    make_pipeline: Callable[[], Any],
    *,
    patterns: Sequence[str],
    schema: Any,
    candidate: str,
    choice: BaselineChoice,
    options: Evaluation,
    folder: Path,
    golden: str = "",
) -> Baseline:
    """Writes the metrics and the answers of both models, as ``modules.gate.analysis`` does.

    Args:
        make_pipeline: makes a Beam pipeline, which runs when its ``with`` block ends.
        patterns: of the TFRecord files of the test split, of one artifact or of several.
        schema: of the Examples in them.
        candidate: a SavedModel's folder.
        choice: the baseline.
        options: what the gate asks.
        folder: to write to.
        golden: the pattern of the TFRecord files of the golden set; empty for none.

    Returns:
        The baseline; ``unusable`` says why it could not be evaluated, if so.
    """

    def run(models: dict[str, str]) -> None:
        labels = {name: model_layout.read_labels(Path(path)) for name, path in models.items()}
        with make_pipeline() as pipeline:
            analyse(
                pipeline,
                patterns=patterns,
                schema=schema,
                models=models,
                labels=labels,
                options=options,
                folder=folder,
                golden=golden,
            )

    models = {CANDIDATE: candidate}
    unusable = ""
    if choice.version is not None or choice.folder:
        models[BASELINE] = choice.folder
        unusable = problem_of(Path(choice.folder))
    if not unusable:
        try:
            run(models)
        except Exception:
            unusable = problem_of_loading(Path(choice.folder)) if BASELINE in models else ""
            if not unusable:
                raise
            logging.getLogger("thaw").exception("the baseline is set aside")
            shutil.rmtree(folder)
    if unusable:
        run({CANDIDATE: candidate})
        name = f"version {choice.version}" if choice.version else "the baseline"
        unusable = f"{name} was set aside, for {unusable}"
    return Baseline(choice.version, choice.reason, unusable)
