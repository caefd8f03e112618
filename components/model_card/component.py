"""The node; ``card`` has the form."""

import json
from pathlib import Path
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import artifact_utils, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ExecutionParameter
from tfx.utils import path_utils

from components.artifacts import Exports, Ingestion
from components.artifacts import ModelCard as ModelCardArtifact
from components.exports.convert import read
from components.gate.component import read_gate
from components.image_example_gen.io import FINGERPRINT
from components.image_example_gen.report import REPORT_FILE
from components.infra_check.outcome import OUTCOME_FILE
from components.records.card import Card
from modules import model_layout
from modules.gate import tfma_config


def _read_json(folder: str, name: str) -> Any:
    return json.loads(Path(folder, name).read_text(encoding="utf-8"))


class Executor(base_executor.BaseExecutor):
    """Reads each artifact's file."""

    def Do(  # noqa: N802 TFX's name
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Called by TFX with the inputs and outputs of ``ModelCardSpec``."""
        inputs = {key: artifact_utils.get_single_instance(v) for key, v in input_dict.items() if v}
        candidate, baseline = tfma_config.read_scores(inputs["evaluation"].uri)
        history = _read_json(inputs["model_run"].uri, model_layout.HISTORY)
        model = Path(path_utils.serving_model_path(inputs["model"].uri))
        fields = {
            "labels": model_layout.read_labels(model),
            "metrics": {
                "candidate": vars(candidate),
                "baseline": vars(baseline) if baseline else None,
            },
            "gate": read_gate(inputs["model_blessing"].uri)[0],
            "infra": _read_json(inputs["infra_blessing"].uri, OUTCOME_FILE),
            "exports": read(Path(inputs["exports"].uri)) if "exports" in inputs else (),
            "schedule": history["schedule"],
            "stages": history["stages"],
            "shipped": history["shipped"],
            "data": {
                **_read_json(inputs["ingestion"].uri, REPORT_FILE),
                "fingerprint": inputs["examples"].get_string_custom_property(FINGERPRINT),
            },
            "versions": json.loads(exec_properties["versions"]),
            "backbone": json.loads(exec_properties["backbone"]),
            "source": exec_properties["source"],
        }
        folder = Path(artifact_utils.get_single_uri(output_dict["card"]))
        Card.model_validate(fields).write(folder)


class ModelCardSpec(types.ComponentSpec):
    """Inputs, outputs and execution properties."""

    PARAMETERS = {  # noqa: RUF012 TFX's form
        "versions": ExecutionParameter(type=str),
        "backbone": ExecutionParameter(type=str),
        "source": ExecutionParameter(type=str),
    }
    INPUTS = {  # noqa: RUF012
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "ingestion": ChannelParameter(type=Ingestion),
        "model": ChannelParameter(type=standard_artifacts.Model),
        "model_run": ChannelParameter(type=standard_artifacts.ModelRun),
        "evaluation": ChannelParameter(type=standard_artifacts.ModelEvaluation),
        "model_blessing": ChannelParameter(type=standard_artifacts.ModelBlessing),
        "infra_blessing": ChannelParameter(type=standard_artifacts.InfraBlessing),
        "exports": ChannelParameter(type=Exports, optional=True),
    }
    OUTPUTS = {"card": ChannelParameter(type=ModelCardArtifact)}  # noqa: RUF012


class ModelCard(base_component.BaseComponent):
    """Writes down what is known of a model, so that it can travel with it.

    Args:
        versions: of the packages.
        backbone: its ``handle`` and ``sha256``.
        source: fingerprint of the code.
        **inputs: the channels of ``ModelCardSpec.INPUTS``, None for one that is left out.
    """

    SPEC_CLASS = ModelCardSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        versions: dict[str, str],
        backbone: dict[str, str],
        source: str,
        **inputs: types.BaseChannel | None,
    ) -> None:
        super().__init__(
            spec=ModelCardSpec(
                versions=json.dumps(versions),
                backbone=json.dumps(backbone),
                source=source,
                card=types.Channel(type=ModelCardArtifact),
                **{key: channel for key, channel in inputs.items() if channel},
            )
        )
