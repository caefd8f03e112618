"""The node: images in, Examples with three splits out, and a list of what was left out."""

from pathlib import Path
from typing import Any

from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.types import standard_artifacts

from components.artifacts import Ingestion, Quarantine
from components.driver import PropertiesDriver
from components.image_example_gen import contents, executor, golden_set, listing_file, span_splits
from components.image_example_gen.io import (
    GOLDEN,
    LISTING,
    OLDER_FRACTION,
    PLACE,
    SPAN,
    SPLIT_BOOK,
    VERIFY,
)
from components.image_example_gen.sources import spans
from components.node_spec import filled, node_spec
from components.records import split_book
from components.records.data import FINGERPRINT
from modules.settings import Ingest, ingest_of


class Driver(PropertiesDriver):
    """Finds where the data lies, and takes its fingerprint, so that the cache key sees every image.

    The executor gets the place and the listing: a span, or an image, may arrive in between.
    """

    def changes(self, properties: dict[str, Any], inputs: dict[str, list[Any]]) -> dict[str, str]:
        """Lists the images, and reads those that may have changed since the last run."""
        del inputs
        options = ingest_of(properties["options"])
        number = int(properties[SPAN]) if properties.get(SPAN) else None
        place = spans.find(options, number)
        path = Path(properties[LISTING]) if properties.get(LISTING) else None
        known = listing_file.read(path) if path and not properties.get(VERIFY) else None
        options = place.options(options)
        contents.READ_BY_DRIVER.clear()
        # A span may lack classes: it is trained on beside others.
        listing = listing_file.take(
            options,
            known,
            min_classes=2 if number is None else 1,
            contents=contents.READ_BY_DRIVER,
        )
        if path and listing != known:
            listing_file.write(path, listing)
        fingerprint, taken_out = listing.fingerprint, False
        golden = golden_set.names_of(
            properties.get(GOLDEN, ""), verify=bool(properties.get(VERIFY))
        )
        if place.span is not None or golden:
            book = split_book.read(properties.get(SPLIT_BOOK))
            shares = options.splits.shares()
            assigned = span_splits.assign(
                listing.files, shares, place.span, book, golden, is_joined=number is not None
            )
            fingerprint, taken_out = assigned.fingerprint(fingerprint), bool(assigned.golden)
        return {
            FINGERPRINT: fingerprint,
            PLACE: place.model_dump_json(),
            VERIFY: "",  # How the fingerprint was taken is no part of the cache's key.
            # Nor is a golden set that shares no image with the data.
            GOLDEN: properties.get(GOLDEN, "") if taken_out else "",
        }


class ImageExampleGen(base_beam_component.BaseBeamComponent):
    """Lists images of any form; writes their encoded bytes, labels, metadata and further columns.

    Args:
        options: where they are, and how they are split.
        source: fingerprint of the code, for the cache's key.
        listing: the file in which the driver keeps what it has listed and read, and in which it
            finds what the last run has read; empty keeps nothing.
        split_book: the file that holds the splits of earlier spans; empty for none.
        verify: whether the driver reads every image, whatever the last run has read.
        span: its number; the latest if None.
        older: the share of a span's images, by hash, that are also written to the output of this
            name: those that stay in when the span is older than the window. None leaves it empty.
        golden: where the images are that are taken out; None for none.
    """

    SPEC_CLASS = node_spec(
        properties=dict.fromkeys(
            ["options", "source", LISTING, SPLIT_BOOK, VERIFY, SPAN, OLDER_FRACTION, GOLDEN], str
        ),
        inputs={},
        outputs={
            "examples": standard_artifacts.Examples,
            "older": standard_artifacts.Examples,
            "ingestion": Ingestion,
            "quarantine": Quarantine,
        },
        by_driver=[FINGERPRINT, PLACE],
    )
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(executor.Executor)
    DRIVER_CLASS = Driver

    def __init__(
        self,
        options: Ingest,
        source: str,
        *,
        listing: str = "",
        split_book: str = "",
        verify: bool = False,
        span: int | None = None,
        older: float | None = None,
        golden: golden_set.GoldenSource | None = None,
    ) -> None:
        super().__init__(
            filled(
                self.SPEC_CLASS,
                {},
                options=options.model_dump_json(),
                source=source,
                listing=listing,
                split_book=split_book,
                verify="yes" if verify else "",
                span="" if span is None else str(span),
                older_fraction="" if older is None else str(older),
                golden=golden.model_dump_json() if golden else "",
            )
        )
