"""TFX's Pusher with our way of writing a version; ``versions`` does it."""

import os
import time
from pathlib import Path
from typing import Any

from tfx.components.pusher import component as tfx_pusher
from tfx.components.pusher import executor as tfx_executor
from tfx.dsl.components.base import executor_spec
from tfx.proto import pusher_pb2
from tfx.types import artifact_utils, standard_component_specs
from tfx.utils import json_utils, proto_utils

from components.driver import PropertiesDriver
from components.pusher import versions
from components.pusher.push import push

RUN_ID = versions.RUN_ID  # of the run that pushed, on the PushedModel artifact
_STATE = "state"


def _serving_dir(exec_properties: dict[str, Any]) -> Path:
    destination = pusher_pb2.PushDestination()
    proto_utils.json_to_proto(
        exec_properties[standard_component_specs.PUSH_DESTINATION_KEY], destination
    )
    return Path(destination.filesystem.base_directory)


class Driver(PropertiesDriver):
    """Lets the cache be used only where the model is the one that is served already.

    What TFX knows of the inputs does not say what lies in the serving folder: it may have been
    emptied, or hold a newer version of another model since.
    """

    def changes(self, properties: dict[str, Any], inputs: dict[str, list[Any]]) -> dict[str, str]:
        """Says in ``custom_config`` which version is served, or makes it like no other."""
        (model,) = inputs[standard_component_specs.MODEL_KEY]
        served = versions.served_version(_serving_dir(properties), model.uri)
        state = f"version {served}" if served else f"not served, {time.time_ns()}"
        key = standard_component_specs.CUSTOM_CONFIG_KEY
        return {key: json_utils.dumps({**json_utils.loads(properties[key]), _STATE: state})}


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
        if not self.CheckBlessing(input_dict):
            self._MarkNotPushed(pushed)
            return
        serving_dir = _serving_dir(exec_properties)
        (model,) = input_dict[standard_component_specs.MODEL_KEY]
        version = versions.served_version(serving_dir, model.uri)
        if version is None:
            note = {RUN_ID: run_id, versions.MODEL: model.uri}
            version = push(Path(self.GetModelPath(input_dict)), serving_dir, note)
        pushed_by = str(versions.read_note(serving_dir, version)[RUN_ID])
        pushed.set_string_custom_property(RUN_ID, pushed_by)
        self._MarkPushed(
            pushed,
            pushed_destination=str(serving_dir / str(version)),
            pushed_version=str(version),
        )


class Pusher(tfx_pusher.Pusher):
    """A Pusher whose versions appear whole."""

    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)
    DRIVER_CLASS = Driver
