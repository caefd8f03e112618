"""The node: images in, Examples with three splits out, and a list of what was left out."""

from typing import Any

from tfx import types
from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.types import standard_artifacts
from tfx.types.component_spec import ChannelParameter, ExecutionParameter

from components.artifacts import Ingestion, Quarantine
from components.driver import PropertiesDriver
from components.image_example_gen import executor
from components.image_example_gen.io import PLACE, fingerprint
from components.image_example_gen.sources import list_all, spans
from components.records.data import FINGERPRINT
from modules.settings import Ingest


class ImageExampleGenSpec(types.ComponentSpec):
    """Inputs, outputs and execution properties."""

    PARAMETERS = {  # noqa: RUF012 TFX's form
        "options": ExecutionParameter(type=str),
        "source": ExecutionParameter(type=str),
        # Filled in by the driver, not by the caller.
        FINGERPRINT: ExecutionParameter(type=str, optional=True),
        PLACE: ExecutionParameter(type=str, optional=True),
    }
    INPUTS: dict[str, ChannelParameter] = {}  # noqa: RUF012
    OUTPUTS = {  # noqa: RUF012
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "ingestion": ChannelParameter(type=Ingestion),
        "quarantine": ChannelParameter(type=Quarantine),
    }


class Driver(PropertiesDriver):
    """Finds where the data lies, and takes its fingerprint, so that the cache key sees every image.

    The executor gets the place: a span may arrive while the images are read here.
    """

    def changes(self, properties: dict[str, Any], inputs: dict[str, list[Any]]) -> dict[str, str]:
        """Reads every image's name and content."""
        del inputs
        options = Ingest.model_validate_json(properties["options"])
        place = spans.find(options)
        files = list_all(place.options(options))
        return {FINGERPRINT: fingerprint(files), PLACE: place.model_dump_json()}


class ImageExampleGen(base_beam_component.BaseBeamComponent):
    """Lists images of any form; writes their encoded bytes, labels, facts and further columns.

    Args:
        options: where they are, and how they are split.
        source: fingerprint of the code, for the cache's key.
    """

    SPEC_CLASS = ImageExampleGenSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(executor.Executor)
    DRIVER_CLASS = Driver

    def __init__(self, options: Ingest, source: str) -> None:
        super().__init__(
            spec=ImageExampleGenSpec(
                options=options.model_dump_json(),
                source=source,
                examples=types.Channel(type=standard_artifacts.Examples),
                ingestion=types.Channel(type=Ingestion),
                quarantine=types.Channel(type=Quarantine),
            )
        )
