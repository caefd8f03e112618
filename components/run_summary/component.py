"""The node; ``summary`` has the form."""

import json
import os
from pathlib import Path
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import artifact_utils, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ExecutionParameter
from tfx.utils import path_utils

from components.artifacts import Ingestion
from components.artifacts import RunSummary as RunSummaryArtifact
from components.image_example_gen.contents import FINGERPRINT
from components.image_example_gen.report import REPORT_FILE
from components.infra_check.outcome import OUTCOME_FILE
from components.pusher.component import RUN_ID
from components.run_summary.summary import SUMMARY_FILE, Summary, status_of
from modules import evaluation, export, trainer
from modules.settings import Evaluation


def _read_json(folder: str, name: str) -> Any:
    return json.loads(Path(folder, name).read_text(encoding="utf-8"))


class Executor(base_executor.BaseExecutor):
    """Reads each artifact's file and writes ``summary.json``."""

    def Do(  # noqa: N802 TFX's name
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Called by TFX with the inputs and outputs of ``RunSummarySpec``."""
        given = {key: artifact_utils.get_single_instance(v) for key, v in input_dict.items() if v}
        run_id = str(self._context.pipeline_run_id) if self._context else ""
        pushed, blessing = given["pushed_model"], given["model_blessing"]
        infra = _read_json(given["infra_blessing"].uri, OUTCOME_FILE)
        blessed = blessing.get_int_custom_property("blessed") == 1
        options = Evaluation.model_validate_json(exec_properties["asked"])
        metrics, gate = evaluation.report(given["evaluation"].uri, options, blessed=blessed)
        history = _read_json(given["model_run"].uri, trainer.HISTORY_FILE)
        version = pushed.get_string_custom_property("pushed_version")
        model = Path(path_utils.serving_model_path(given["model"].uri))
        summary = Summary(
            run_id=run_id,
            status=status_of(
                blessed=blessed,
                infra_passed=infra["passed"],
                pushed_by=pushed.get_string_custom_property(RUN_ID),
                run_id=run_id,
            ),
            model_version=int(version) if version else None,
            serving_dir=exec_properties["serving_dir"],
            labels=export.read_labels(model),
            metrics=metrics,
            gate=gate,
            infra=infra,
            schedule=history["schedule"],
            stages=history["stages"],
            shipped=history["shipped"],
            data={
                **_read_json(given["ingestion"].uri, REPORT_FILE),
                "fingerprint": given["examples"].get_string_custom_property(FINGERPRINT),
            },
            versions=json.loads(exec_properties["versions"]),
            source=exec_properties["source"],
        )
        output = artifact_utils.get_single_instance(output_dict["summary"])
        summary.write(Path(os.fspath(output.uri), SUMMARY_FILE))


class RunSummarySpec(types.ComponentSpec):
    """Inputs, outputs and execution properties."""

    PARAMETERS = {  # noqa: RUF012 TFX's form
        "asked": ExecutionParameter(type=str),
        "serving_dir": ExecutionParameter(type=str),
        "versions": ExecutionParameter(type=str),
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
        "pushed_model": ChannelParameter(type=standard_artifacts.PushedModel),
    }
    OUTPUTS = {"summary": ChannelParameter(type=RunSummaryArtifact)}  # noqa: RUF012


class RunSummary(base_component.BaseComponent):
    """Writes a ``Summary`` of all that came before.

    What only the runner knows, seconds and memory, the runner adds.

    Args:
        options: what the gate asked.
        serving_dir: the folder of the versions.
        versions: of the packages.
        source: fingerprint of the code.
        **inputs: the channels of ``RunSummarySpec.INPUTS``.
    """

    SPEC_CLASS = RunSummarySpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        options: Evaluation,
        serving_dir: str,
        versions: dict[str, str],
        source: str,
        **inputs: types.BaseChannel,
    ) -> None:
        super().__init__(
            spec=RunSummarySpec(
                asked=options.model_dump_json(),
                serving_dir=serving_dir,
                versions=json.dumps(versions),
                source=source,
                summary=types.Channel(type=RunSummaryArtifact),
                **inputs,
            )
        )
