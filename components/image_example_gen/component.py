"""The node: a folder of images per class in, Examples with three splits out."""

import json
from collections.abc import Mapping
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.types import standard_artifacts
from tfx.types.component_spec import ChannelParameter, ExecutionParameter

from components.artifacts import Ingestion
from components.driver import PropertiesDriver
from components.image_example_gen import executor
from components.image_example_gen.files import FINGERPRINT, fingerprint, list_all


class ImageExampleGenSpec(types.ComponentSpec):
    """Inputs, outputs and execution properties."""

    PARAMETERS = {  # noqa: RUF012 TFX's form
        "path": ExecutionParameter(type=str),
        "earlier": ExecutionParameter(type=str),
        "splits": ExecutionParameter(type=str),
        "max_bad_fraction": ExecutionParameter(type=float),
        "source": ExecutionParameter(type=str),
        # Filled in by the driver, not by the caller.
        FINGERPRINT: ExecutionParameter(type=str, optional=True),
    }
    INPUTS: dict[str, ChannelParameter] = {}  # noqa: RUF012
    OUTPUTS = {  # noqa: RUF012
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "ingestion": ChannelParameter(type=Ingestion),
    }


class Driver(PropertiesDriver):
    """Takes the data's fingerprint, so that the cache key sees every image."""

    def changes(self, properties: dict[str, Any], inputs: dict[str, list[Any]]) -> dict[str, str]:
        """Reads every image's name and content."""
        del inputs
        return {FINGERPRINT: fingerprint(list_all(properties["path"], properties["earlier"]))}


class ImageExampleGen(base_beam_component.BaseBeamComponent):
    """Reads ``path/<class>/**``; writes the encoded bytes, the label and the image's facts.

    Args:
        path: the folder.
        earlier: one of earlier images, which go to a split of their own; empty for none.
        splits: each split's share of the images, adding up to 1.
        max_bad_fraction: the run fails when a greater share of the files cannot be used.
        source: fingerprint of the code, for the cache's key.
    """

    SPEC_CLASS = ImageExampleGenSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(executor.Executor)
    DRIVER_CLASS = Driver

    def __init__(
        self,
        path: str,
        splits: Mapping[str, float],
        max_bad_fraction: float,
        source: str,
        earlier: str = "",
    ) -> None:
        super().__init__(
            spec=ImageExampleGenSpec(
                path=path,
                earlier=earlier,
                splits=json.dumps(dict(splits)),
                max_bad_fraction=max_bad_fraction,
                source=source,
                examples=types.Channel(type=standard_artifacts.Examples),
                ingestion=types.Channel(type=Ingestion),
            )
        )
