"""TFX's Pusher with our way of writing a version; ``versions`` does it."""

import os
from pathlib import Path
from typing import Any

from tfx.components.pusher import component as tfx_pusher
from tfx.components.pusher import executor as tfx_executor
from tfx.dsl.components.base import executor_spec
from tfx.proto import pusher_pb2
from tfx.types import artifact_utils, standard_component_specs
from tfx.utils import proto_utils

from components.pusher import versions

RUN_ID = "run_id"  # of the run that pushed, on the PushedModel artifact


class Executor(tfx_executor.Executor):
    """Pushes to ``push_destination.filesystem.base_directory``."""

    def Do(  # noqa: N802 TFX's name
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Called by TFX; marks the ``pushed_model`` artifact as pushed or not."""
        pushed = artifact_utils.get_single_instance(
            output_dict[standard_component_specs.PUSHED_MODEL_KEY]
        )
        # TFX hashes the folder of every output artifact, so one has to be there.
        os.makedirs(pushed.uri, exist_ok=True)
        run_id = str(self._context.pipeline_run_id) if self._context else ""
        pushed.set_string_custom_property(RUN_ID, run_id)
        if not self.CheckBlessing(input_dict):
            self._MarkNotPushed(pushed)
            return
        destination = pusher_pb2.PushDestination()
        proto_utils.json_to_proto(
            exec_properties[standard_component_specs.PUSH_DESTINATION_KEY], destination
        )
        serving_dir = Path(destination.filesystem.base_directory)
        version = versions.push(Path(self.GetModelPath(input_dict)), serving_dir, {RUN_ID: run_id})
        self._MarkPushed(
            pushed,
            pushed_destination=str(serving_dir / str(version)),
            pushed_version=str(version),
        )


class Pusher(tfx_pusher.Pusher):
    """A Pusher whose versions appear whole."""

    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)
