"""Takes the data's fingerprint when the node runs, so that its cache key sees every image."""

from typing import Any

from tfx.dsl.components.base import base_driver as component_driver
from tfx.orchestration import data_types_utils
from tfx.orchestration.portable import base_driver
from tfx.orchestration.portable import data_types as portable_data_types
from tfx.proto.orchestration import driver_output_pb2

from components.image_example_gen.files import fingerprint, list_images

FINGERPRINT = "input_fingerprint"


class Driver(component_driver.BaseDriver, base_driver.BaseDriver):
    """Adds ``input_fingerprint`` to the execution's properties.

    TFX asks that a component's driver is the one class, and runs it as the other.
    """

    def __init__(self, metadata_handle: Any) -> None:
        component_driver.BaseDriver.__init__(self, metadata_handle)
        base_driver.BaseDriver.__init__(self, metadata_handle)

    def run(
        self, execution_info: portable_data_types.ExecutionInfo
    ) -> driver_output_pb2.DriverOutput:
        """Called by TFX before it looks the execution up in its cache."""
        properties = dict(execution_info.exec_properties)
        properties[FINGERPRINT] = fingerprint(list_images(properties["path"]))
        result = driver_output_pb2.DriverOutput()
        for key, value in properties.items():
            if value is not None:
                data_types_utils.set_metadata_value(result.exec_properties[key], value)
        return result
