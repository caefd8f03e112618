"""The node: images in, Examples with three splits out, and a list of what was left out."""

from pathlib import Path
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.types import standard_artifacts
from tfx.types.component_spec import ChannelParameter, ExecutionParameter

from components.artifacts import Ingestion, Quarantine
from components.driver import PropertiesDriver
from components.image_example_gen import executor, listing_file
from components.image_example_gen.io import LISTING, PLACE, VERIFY
from components.image_example_gen.sources import spans
from components.records.data import FINGERPRINT
from modules.settings import Ingest


class ImageExampleGenSpec(types.ComponentSpec):
    """Inputs, outputs and execution properties."""

    PARAMETERS = {  # noqa: RUF012 TFX's form
        "options": ExecutionParameter(type=str),
        "source": ExecutionParameter(type=str),
        LISTING: ExecutionParameter(type=str),
        VERIFY: ExecutionParameter(type=str),
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

    The executor gets the place and the listing: a span, or an image, may arrive in between.
    """

    def changes(self, properties: dict[str, Any], inputs: dict[str, list[Any]]) -> dict[str, str]:
        """Lists the images, and reads those that may have changed since the last run."""
        del inputs
        options = Ingest.model_validate_json(properties["options"])
        place = spans.find(options)
        path = Path(properties[LISTING]) if properties.get(LISTING) else None
        known = listing_file.read(path) if path and not properties.get(VERIFY) else None
        listing = listing_file.take(place.options(options), known)
        if path:
            listing_file.write(path, listing)
        return {
            FINGERPRINT: listing.fingerprint,
            PLACE: place.model_dump_json(),
            VERIFY: "",  # How the fingerprint was taken is no part of the cache's key.
        }


class ImageExampleGen(base_beam_component.BaseBeamComponent):
    """Lists images of any form; writes their encoded bytes, labels, facts and further columns.

    Args:
        options: where they are, and how they are split.
        source: fingerprint of the code, for the cache's key.
        listing: the file in which the driver keeps what it has listed and read, and in which it
            finds what the last run has read; empty keeps nothing.
        verify: whether the driver reads every image, whatever the last run has read.
    """

    SPEC_CLASS = ImageExampleGenSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(executor.Executor)
    DRIVER_CLASS = Driver

    def __init__(
        self, options: Ingest, source: str, *, listing: str = "", verify: bool = False
    ) -> None:
        super().__init__(
            spec=ImageExampleGenSpec(
                options=options.model_dump_json(),
                source=source,
                listing=listing,
                verify="yes" if verify else "",
                examples=types.Channel(type=standard_artifacts.Examples),
                ingestion=types.Channel(type=Ingestion),
                quarantine=types.Channel(type=Quarantine),
            )
        )
