"""The node; ``selection`` has the rule."""

from pathlib import Path
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import standard_artifacts
from tfx.types.component_spec import ChannelParameter, ExecutionParameter

from components.artifacts import Baseline as BaselineArtifact
from components.baseline.selection import choose
from components.driver import PropertiesDriver
from components.records.baseline import write_choice

_CHOICE = "choice"


class BaselineSpec(types.ComponentSpec):
    """Inputs, outputs and execution properties."""

    PARAMETERS = {  # noqa: RUF012 TFX's form
        "serving_dir": ExecutionParameter(type=str),
        "source": ExecutionParameter(type=str),
        # Filled in by the driver, not by the caller.
        _CHOICE: ExecutionParameter(type=str, optional=True),
    }
    INPUTS = {"model": ChannelParameter(type=standard_artifacts.Model)}  # noqa: RUF012
    OUTPUTS = {"baseline": ChannelParameter(type=BaselineArtifact)}  # noqa: RUF012


class Driver(PropertiesDriver):
    """Looks into the serving folder, so that the cache key sees what is served."""

    def changes(self, properties: dict[str, Any], inputs: dict[str, list[Any]]) -> dict[str, str]:
        """The choice, as a property."""
        (model,) = inputs["model"]
        return {_CHOICE: choose(Path(properties["serving_dir"]), model.uri).as_text()}


class Executor(base_executor.BaseExecutor):
    """Writes the choice down."""

    def Do(  # noqa: N802 TFX's name
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Called by TFX."""
        del input_dict
        (baseline,) = output_dict["baseline"]
        write_choice(Path(baseline.uri), exec_properties[_CHOICE])


class Baseline(base_component.BaseComponent):
    """Chooses what the candidate is compared with.

    Args:
        model: the candidate.
        serving_dir: the folder of the versions.
        source: fingerprint of the code, for the cache's key.
    """

    SPEC_CLASS = BaselineSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)
    DRIVER_CLASS = Driver

    def __init__(self, model: types.BaseChannel, serving_dir: str, source: str) -> None:
        super().__init__(
            spec=BaselineSpec(
                model=model,
                serving_dir=serving_dir,
                source=source,
                baseline=types.Channel(type=BaselineArtifact),
            )
        )
