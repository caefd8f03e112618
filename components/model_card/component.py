"""The node; ``records.card`` has the form."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import standard_artifacts
from tfx.utils import path_utils

from components.artifacts import Exports, Ingestion, folder_of
from components.artifacts import ModelCard as ModelCardArtifact
from components.node_spec import filled, node_spec
from components.records import window_data
from components.records.card import Card
from components.records.evaluation import read_golden
from components.records.gate import read_gate
from components.records.infra import read_infra
from components.records.model import read_exports
from modules import model_layout
from modules.gate import golden, predictions, tfma_config

_OF_SPANS = ("examples", "ingestion")  # inputs of which there may be several, with spans


class Executor(base_executor.BaseExecutor):
    """Gathers the model's card from the files of all earlier nodes."""

    def Do(  # noqa: N802 TFX's name
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Called by TFX with the inputs and outputs of ``SPEC_CLASS``."""
        single = [key for key, value in input_dict.items() if value and key not in _OF_SPANS]
        folders = {key: folder_of(input_dict, key) for key in single}
        examples = input_dict["examples"]
        candidate, baseline = tfma_config.read_scores(str(folders["evaluation"]))
        history = model_layout.read_history(folders["model_run"])
        model = Path(path_utils.serving_model_path(str(folders["model"])))
        data = window_data.read(
            [artifact.uri for artifact in examples],
            [Path(artifact.uri) for artifact in input_dict["ingestion"]],
        )
        fields = {
            "labels": model_layout.read_labels(model),
            "metrics": {
                "candidate": vars(candidate),
                "baseline": vars(baseline) if baseline else None,
                "golden": golden_figures(folders["evaluation"]),
            },
            "gate": read_gate(folders["model_blessing"])[0],
            "infra": read_infra(folders["infra_blessing"]),
            "exports": read_exports(folders["exports"]) if "exports" in folders else (),
            "schedule": history["schedule"],
            "warm_start": history["warm_start"],
            "stages": history["stages"],
            "shipped": history["shipped"],
            "data": data.model_copy(update={"fingerprint": window_data.fingerprint(examples)}),
            "versions": json.loads(exec_properties["versions"]),
            "backbone": json.loads(exec_properties["backbone"]),
            "source": exec_properties["source"],
        }
        Card.model_validate(fields).write(folder_of(output_dict, "card"))


def golden_figures(evaluation: Path) -> dict[str, Any] | None:
    """What the golden set shows, for a ``GoldenRecord``; None where an evaluation has none."""
    fingerprint = read_golden(evaluation)
    if not fingerprint:
        return None
    answers = predictions.read(str(evaluation), predictions.GOLDEN_ROWS)
    return {**asdict(golden.figures(answers)), "fingerprint": fingerprint}


class ModelCard(base_component.BaseComponent):
    """Writes down what is known of a model, so that it can travel with it.

    Args:
        versions: of the packages.
        backbone: its ``handle`` and ``sha256``.
        source: fingerprint of the code.
        **inputs: the channels of ``SPEC_CLASS.INPUTS``, None for one that is left out.
    """

    SPEC_CLASS = node_spec(
        properties={"versions": str, "backbone": str, "source": str},
        inputs={
            "examples": standard_artifacts.Examples,
            "ingestion": Ingestion,
            "model": standard_artifacts.Model,
            "model_run": standard_artifacts.ModelRun,
            "evaluation": standard_artifacts.ModelEvaluation,
            "model_blessing": standard_artifacts.ModelBlessing,
            "infra_blessing": standard_artifacts.InfraBlessing,
            "exports": Exports,
        },
        outputs={"card": ModelCardArtifact},
        optional=["exports"],
    )
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        versions: dict[str, str],
        backbone: dict[str, str],
        source: str,
        **inputs: types.BaseChannel | None,
    ) -> None:
        super().__init__(
            filled(
                self.SPEC_CLASS,
                inputs,
                versions=json.dumps(versions),
                backbone=json.dumps(backbone),
                source=source,
            )
        )
