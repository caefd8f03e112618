"""The node; ``records.summary`` has the form."""

from typing import Any

from tfx import types
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import artifact_utils, standard_artifacts

from components.artifacts import ModelCard, folder_of
from components.artifacts import RunSummary as RunSummaryArtifact
from components.node_spec import filled, node_spec
from components.records.card import read_card
from components.records.summary import SUMMARY_FILE, status_of
from components.serving.versions import RUN_ID


class Executor(base_executor.BaseExecutor):
    """Adds what the run did to what is known of its model, and writes ``summary.json``."""

    def Do(  # noqa: N802 TFX's name
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Called by TFX with the inputs and outputs of ``SPEC_CLASS``."""
        card = read_card(folder_of(input_dict, "card"))
        pushed = artifact_utils.get_single_instance(input_dict["pushed_model"])
        run_id = str(self._context.pipeline_run_id) if self._context else ""
        version = pushed.get_string_custom_property("pushed_version")
        pushed_by = pushed.get_string_custom_property(RUN_ID)
        summary = card.summary_of(
            run_id=run_id,
            status=status_of(version=version, pushed_by=pushed_by, run_id=run_id),
            model_version=int(version) if version else None,
            serving_dir=exec_properties["serving_dir"],
        )
        summary.write(folder_of(output_dict, "summary") / SUMMARY_FILE)


class RunSummary(base_component.BaseComponent):
    """Writes the run's ``Summary``.

    The runner adds what it alone knows: seconds and memory.

    Args:
        serving_dir: the folder of the versions.
        source: fingerprint of the code.
        **inputs: the channels of ``SPEC_CLASS.INPUTS``.
    """

    SPEC_CLASS = node_spec(
        properties={"serving_dir": str, "source": str},
        inputs={"card": ModelCard, "pushed_model": standard_artifacts.PushedModel},
        outputs={"summary": RunSummaryArtifact},
    )
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, serving_dir: str, source: str, **inputs: types.BaseChannel) -> None:
        super().__init__(filled(self.SPEC_CLASS, inputs, serving_dir=serving_dir, source=source))
