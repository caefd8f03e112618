"""The driver of a node whose cache key depends on more than its inputs."""

import abc
from typing import Any

from tfx.dsl.components.base import base_driver as component_driver
from tfx.orchestration import data_types_utils
from tfx.orchestration.portable import base_driver
from tfx.proto.orchestration import driver_output_pb2


class PropertiesDriver(component_driver.BaseDriver, base_driver.BaseDriver, abc.ABC):
    """Changes the execution's properties before TFX looks the execution up in its cache.

    TFX checks that a component's driver is of the first base class, and runs it as the second.
    """

    def __init__(self, metadata_handle: Any) -> None:
        component_driver.BaseDriver.__init__(self, metadata_handle)
        base_driver.BaseDriver.__init__(self, metadata_handle)

    @abc.abstractmethod
    def changes(self, properties: dict[str, Any], inputs: dict[str, list[Any]]) -> dict[str, str]:
        """The properties to add or replace.

        Args:
            properties: the execution's, as the graph gives them.
            inputs: its input artifacts by key.
        """

    def run(self, execution_info: Any) -> driver_output_pb2.DriverOutput:
        """Called by TFX when the node's turn has come."""
        properties = dict(execution_info.exec_properties)
        properties |= self.changes(properties, execution_info.input_dict)
        result = driver_output_pb2.DriverOutput()
        for key, value in properties.items():
            if value is not None:
                data_types_utils.set_metadata_value(result.exec_properties[key], value)
        return result
