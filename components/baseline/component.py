"""The node; ``selection`` has the rule."""

from pathlib import Path
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import standard_artifacts

from components.artifacts import Baseline as BaselineArtifact
from components.baseline.selection import choose
from components.driver import PropertiesDriver
from components.node_spec import filled, node_spec
from components.records.baseline import write_choice

_CHOICE = "choice"


class Driver(PropertiesDriver):
    """Looks into the serving folder, so that the cache's key depends on what is served."""

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
    """Chooses the model that the candidate is compared with.

    Args:
        model: the candidate.
        serving_dir: the folder of the versions.
        source: fingerprint of the code, for the cache's key.
    """

    SPEC_CLASS = node_spec(
        properties={"serving_dir": str, "source": str},
        inputs={"model": standard_artifacts.Model},
        outputs={"baseline": BaselineArtifact},
        by_driver=[_CHOICE],
    )
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)
    DRIVER_CLASS = Driver

    def __init__(self, model: types.BaseChannel, serving_dir: str, source: str) -> None:
        channels = {"model": model}
        super().__init__(filled(self.SPEC_CLASS, channels, serving_dir=serving_dir, source=source))
