"""TFX's Evaluator with our pass; it blesses nothing. ``evaluate`` does the work."""

from typing import Any

from tfx import types
from tfx.dsl.components.base import base_beam_component, base_beam_executor, executor_spec
from tfx.types import artifact_utils, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ExecutionParameter
from tfx.utils import io_utils, path_utils

from components.artifacts import Baseline as BaselineArtifact
from components.artifacts import folder_of
from components.evaluator.evaluate import evaluate
from components.records.baseline import read_choice
from components.records.evaluation import write_compared
from modules import features
from modules.settings import Evaluation


class EvaluatorSpec(types.ComponentSpec):
    """Inputs, outputs and execution properties."""

    PARAMETERS = {  # noqa: RUF012 TFX's form
        "options": ExecutionParameter(type=str),
        "source": ExecutionParameter(type=str),
    }
    INPUTS = {  # noqa: RUF012
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "schema": ChannelParameter(type=standard_artifacts.Schema),
        "model": ChannelParameter(type=standard_artifacts.Model),
        "baseline": ChannelParameter(type=BaselineArtifact),
    }
    OUTPUTS = {"evaluation": ChannelParameter(type=standard_artifacts.ModelEvaluation)}  # noqa: RUF012


class Executor(base_beam_executor.BaseBeamExecutor):
    """Evaluates on the test split."""

    def Do(  # noqa: N802 TFX's name
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Called by TFX."""
        split = artifact_utils.get_split_uri(input_dict["examples"], features.TEST)
        schema = artifact_utils.get_single_uri(input_dict["schema"])
        model = artifact_utils.get_single_uri(input_dict["model"])
        folder = folder_of(output_dict, "evaluation")
        baseline = evaluate(
            self._make_beam_pipeline,
            io_utils.all_files_pattern(split),
            io_utils.SchemaReader().read(io_utils.get_only_uri_in_dir(schema)),
            path_utils.serving_model_path(model),
            read_choice(folder_of(input_dict, "baseline")),
            Evaluation.model_validate_json(exec_properties["options"]),
            folder,
        )
        write_compared(folder, baseline)


class Evaluator(base_beam_component.BaseBeamComponent):
    """Evaluates a candidate and its baseline on images that no training saw.

    Args:
        examples: with a test split.
        schema: of the Examples.
        model: the candidate.
        baseline: the choice.
        options: what the gate asks.
        source: fingerprint of the code, for the cache's key.
    """

    SPEC_CLASS = EvaluatorSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)

    def __init__(
        self,
        examples: types.BaseChannel,
        schema: types.BaseChannel,
        model: types.BaseChannel,
        baseline: types.BaseChannel,
        options: Evaluation,
        source: str,
    ) -> None:
        super().__init__(
            spec=EvaluatorSpec(
                examples=examples,
                schema=schema,
                model=model,
                baseline=baseline,
                options=options.model_dump_json(),
                source=source,
                evaluation=types.Channel(type=standard_artifacts.ModelEvaluation),
            )
        )
