"""TFX's Evaluator with our own pass. It blesses nothing; ``evaluate`` does the work."""

from typing import Any

from tfx import types
from tfx.dsl.components.base import base_beam_component, base_beam_executor, executor_spec
from tfx.types import artifact_utils, standard_artifacts
from tfx.utils import io_utils, path_utils

from components.artifacts import Baseline as BaselineArtifact
from components.artifacts import folder_of, patterns_of
from components.evaluator.evaluate import evaluate
from components.node_spec import filled, node_spec
from components.records.baseline import read_choice
from components.records.data import FINGERPRINT
from components.records.evaluation import write_compared, write_golden
from modules import features
from modules.settings import Evaluation


class Executor(base_beam_executor.BaseBeamExecutor):
    """Evaluates on the test split."""

    def Do(  # noqa: N802 TFX's name
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Called by TFX."""
        schema = artifact_utils.get_single_uri(input_dict["schema"])
        model = artifact_utils.get_single_uri(input_dict["model"])
        folder = folder_of(output_dict, "evaluation")
        golden = input_dict.get("golden")
        baseline = evaluate(
            self._make_beam_pipeline,
            patterns=patterns_of(input_dict, features.TEST),
            schema=io_utils.SchemaReader().read(io_utils.get_only_uri_in_dir(schema)),
            candidate=path_utils.serving_model_path(model),
            choice=read_choice(folder_of(input_dict, "baseline")),
            options=Evaluation.model_validate_json(exec_properties["options"]),
            folder=folder,
            golden=io_utils.all_files_pattern(artifact_utils.get_split_uri(golden, features.GOLDEN))
            if golden
            else "",
        )
        write_compared(folder, baseline)
        if golden:
            (set_,) = golden
            write_golden(folder, set_.get_string_custom_property(FINGERPRINT))


class Evaluator(base_beam_component.BaseBeamComponent):
    """Evaluates a candidate and its baseline on images that no training saw.

    Args:
        options: what the gate asks.
        source: fingerprint of the code, for the cache's key.
        **inputs: the channels of ``SPEC_CLASS.INPUTS``, None for one that is left out; each of the
            examples has a test split, and those of the golden set its own.
    """

    SPEC_CLASS = node_spec(
        properties={"options": str, "source": str},
        inputs={
            "examples": standard_artifacts.Examples,
            "schema": standard_artifacts.Schema,
            "model": standard_artifacts.Model,
            "baseline": BaselineArtifact,
            "golden": standard_artifacts.Examples,
        },
        outputs={"evaluation": standard_artifacts.ModelEvaluation},
        optional=["golden"],
    )
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)

    def __init__(
        self, options: Evaluation, source: str, **inputs: types.BaseChannel | None
    ) -> None:
        super().__init__(
            filled(self.SPEC_CLASS, inputs, options=options.model_dump_json(), source=source)
        )
