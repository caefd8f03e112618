"""What the registry says of a span that this run has ingested, before its review decides."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from components.image_example_gen import listing_file
from components.image_example_gen.listing_file import DigestedListing
from components.image_example_gen.sources import further_features
from components.records import split_book
from components.records.data import FINGERPRINT, read_report
from components.records.spans import THAW, SpanRecord
from components.serving.versions import utc_now
from components.window.selection import EXAMPLES, INGESTION, OLDER, REVIEW, STATISTICS
from modules import features
from pipeline.continuous.spans.scan import (
    SpanOnDisk,
    digest_without_listing,
    golden_digests,
    options_digest,
    pinned,
    window_of,
)
from pipeline.golden import names
from pipeline.runners.begin import Run
from pipeline.state import executions
from pipeline.state.executions import NodeRun


def invalid_record(run: Run, span: SpanOnDisk, problem: str) -> SpanRecord:
    """The record of a span whose images cannot be used as they are, for the reason given."""
    listing = listing_file.read(run.root.listing_of(span.number))
    content = listing.fingerprint if listing else ""
    now = utc_now()
    return SpanRecord(
        span=span.number,
        version=span.source.version or 0,
        # The listing is then that of what the span held before.
        content_digest=digest_without_listing(span.problem) if span.problem else content,
        options_digest=options_digest(run.config, _golden(run, listing), is_invalid=True),
        state="invalid",
        reason=problem,
        decided_by=THAW,
        decided_at=now,
        ingested_at=now,
        run_id=run.run_id,
        images={},
    )


def accepted_record(run: Run, span: SpanOnDisk, ingestion: NodeRun, connection: Any) -> SpanRecord:
    """The record of a span that ImageExampleGen has ingested."""
    statistics = replace(ingestion, node_id="StatisticsGen")
    review = replace(ingestion, node_id="SpanReview")
    outputs = {
        **executions.outputs_of(connection, ingestion),
        **executions.outputs_of(connection, statistics),
        **executions.outputs_of(connection, review),
    }
    # Without data.window.older, the artifact is there and holds nothing.
    older = (OLDER,) if window_of(run.config).older else ()
    kinds = (EXAMPLES, *older, INGESTION, STATISTICS, REVIEW)
    folders = {kind: outputs[kind][-1].uri for kind in kinds if kind in outputs}
    fingerprint = outputs[EXAMPLES][-1].custom_properties[FINGERPRINT].string_value
    listing = listing_file.read(run.root.listing_of(span.number))
    now = utc_now()
    return SpanRecord(
        span=span.number,
        version=span.source.version or 0,
        content_digest=listing.fingerprint if listing else "",
        options_digest=options_digest(run.config, _golden(run, listing)),
        fingerprint=fingerprint,
        state="accepted",
        reason="its images fit the schema",
        decided_by=THAW,
        decided_at=now,
        ingested_at=now,
        run_id=run.run_id,
        images=read_report(Path(folders[INGESTION])).images or {},
        columns=tuple(further_features(pinned(run.config, span.source))),
        contradicted=_contradicted(run, span, listing),
        artifacts={
            kind: str(Path(folder).relative_to(run.root.path)) for kind, folder in folders.items()
        },
    )


def _contradicted(run: Run, span: SpanOnDisk, listing: DigestedListing | None) -> dict[str, str]:
    """``SpanRecord.contradicted``: without images that have two labels in the span itself."""
    labels: dict[str, set[str]] = {}
    for file in listing.files if listing else ():
        if file.digest and not file.problem and file.split != features.EARLIER:
            labels.setdefault(file.digest, set()).add(file.label)
    of_one_label = {digest: names.pop() for digest, names in labels.items() if len(names) == 1}
    return split_book.read(run.root.split_book).contradicted(span.number, of_one_label)


def _golden(run: Run, listing: DigestedListing | None) -> list[str]:
    return golden_digests(listing, names(run.config))
