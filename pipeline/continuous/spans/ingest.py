"""Takes in the spans that are new, each by a graph of its own, and enters them in the root."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from components.image_example_gen import listing_file
from components.image_example_gen.listing_file import DigestedListing
from components.records import span_decisions, spans, split_book
from components.records.data import FINGERPRINT, read_report
from components.records.spans import THAW, SpanRecord
from components.serving.versions import utc_now
from components.window.selection import (
    EXAMPLES,
    INGESTION,
    OLDER,
    REVIEW,
    STATISTICS,
    Selection,
    select,
)
from modules import features
from modules.errors import InputError
from modules.settings import check_class_weights
from pipeline import collector
from pipeline.compiled import compile_span
from pipeline.continuous.spans.kept_data import look_with_root
from pipeline.continuous.spans.scan import (
    AS_BEFORE,
    Look,
    SpanOnDisk,
    content_without_listing,
    golden_in,
    keep_read,
    recipe,
    window_of,
)
from pipeline.data_size import DataSize
from pipeline.golden import check_labels, names
from pipeline.runners.begin import Run
from pipeline.runners.local import connected, run_graph
from pipeline.state import executions
from pipeline.state.executions import NodeRun
from pipeline.state.root import shown


def take_in(this: Run) -> DataSize:
    """Takes in what is new, and says how much data the window has.

    Raises:
        InputError: when a span cannot be used as it is, or the window has none that can; the spans
            that can be used are kept.
    """
    seen = look_with_root(this.config, spans.read(this.root.spans))
    keep_read(this.config, seen)
    records = take_in_spans(this, seen)
    return window_size(this, records)


def take_in_spans(this: Run, seen: Look) -> dict[int, SpanRecord]:
    """Takes in the new and changed spans, the earliest first.

    Args:
        this: a run that has begun.
        seen: what there is.

    Returns:
        The records of all spans of the root.

    Raises:
        InputError: when a span cannot be used as it is; the others are taken in all the same.
    """
    records = spans.read(this.root.spans)
    refused: list[str] = []
    for note in seen.notes:
        this.display.say(note)
    if seen.to_take_in:
        this.display.start("prepare")
        connection = connected(this)
        this.seconds["prepare_spans"] = round(this.display.finish("prepare"), 2)
        for span in seen.to_take_in:
            records, problem = _take_in_one(this, span, connection)
            refused += [f"span {span.number}: {problem}"] if problem else []
    check_none_is_refused([*refused, *refused_before(seen, records)])
    return records


def refused_before(seen: Look, records: Mapping[int, SpanRecord]) -> list[str]:
    """A line for each span that was refused and has not changed since."""
    return [
        f"span {span.number}{AS_BEFORE}{records[span.number].reason}"
        for span in seen.spans
        if span.change == "none" and records[span.number].state == "refused"
    ]


def check_none_is_refused(lines: Sequence[str]) -> None:
    """Raises ``InputError`` with the first of the lines, if there is one."""
    if lines:
        more = f" (and {len(lines) - 1} more spans are refused)" if lines[1:] else ""
        raise InputError(lines[0] + more)


def _take_in_one(this: Run, span: SpanOnDisk, connection: Any) -> tuple[dict[int, SpanRecord], str]:
    """Runs a span's graph and enters the span; returns all records, and why it is refused."""
    problem, run = span.problem, f"{this.run_id}.span-{span.number}"
    if not problem:
        with collector.paused():
            compiled = compile_span(this.config, span.number)
        try:
            run_graph(this, compiled, run, connection, about=f"span {span.number}: ")
        except InputError as error:
            problem = str(error)
    records = spans.read(this.root.spans)
    previous = records.get(span.number)
    if problem:
        record = span_decisions.refused(_refused(this, span, problem), previous)
    else:
        ingestion = NodeRun(compiled.pipeline, run, "ImageExampleGen")
        taken_in = _accepted(this, span, ingestion, connection)
        folder = this.root.path / taken_in.artifacts[REVIEW]
        record = span_decisions.reviewed(
            taken_in,
            previous,
            span_decisions.read_review(folder),
            f"{taken_in.artifacts[REVIEW]}/{span_decisions.SHEET_FILE}",
        )
    if record.state in ("quarantined", "rejected"):
        split_book.take_labels_out(this.root.split_book, span.number)
    elif record.state == "accepted":
        # DataCheck may have been cached.
        split_book.enter(this.root.split_book, this.root.path / record.artifacts[INGESTION])
    records = dict(sorted({**records, span.number: record}.items()))
    spans.write(this.root.spans, records)
    if record.state == "quarantined":
        this.display.say(_set_aside(this, record))
    return records, problem if record.state == "refused" else ""


def _set_aside(this: Run, record: SpanRecord) -> str:
    """What a person should know of a span that is quarantined."""
    sheet = record.agreement.sheet if record.agreement else ""
    return (
        f"span {record.span} is quarantined, so no model is trained on it: {record.reason}; look "
        f"at {shown(this.root.path / sheet)}, and then accept or reject it: thaw spans accept "
        f"{shown(this.config.file)} {record.span} --by NAME --reason TEXT"
    )


def _golden(this: Run, listing: DigestedListing | None) -> list[str]:
    return golden_in(listing, names(this.config))


def _refused(this: Run, span: SpanOnDisk, problem: str) -> SpanRecord:
    listing = listing_file.read(this.root.listing_of(span.number))
    content = listing.fingerprint if listing else ""
    now = utc_now()
    return SpanRecord(
        span=span.number,
        version=span.place.version or 0,
        # The listing is then that of what the span held before.
        content=content_without_listing(span.problem) if span.problem else content,
        recipe=recipe(this.config, _golden(this, listing), refused=True),
        state="refused",
        reason=problem,
        decided_by=THAW,
        decided_at=now,
        taken_in_at=now,
        run_id=this.run_id,
        images={},
    )


def _accepted(this: Run, span: SpanOnDisk, ingestion: NodeRun, connection: Any) -> SpanRecord:
    """The record of a span that ImageExampleGen has taken in."""
    statistics = replace(ingestion, node_id="StatisticsGen")
    review = replace(ingestion, node_id="SpanReview")
    given = {
        **executions.outputs_of(connection, ingestion),
        **executions.outputs_of(connection, statistics),
        **executions.outputs_of(connection, review),
    }
    # Without data.window.older, the artifact is there and holds nothing.
    older = (OLDER,) if window_of(this.config).older else ()
    kinds = (EXAMPLES, *older, INGESTION, STATISTICS, REVIEW)
    folders = {kind: given[kind][-1].uri for kind in kinds if kind in given}
    fingerprint = given[EXAMPLES][-1].custom_properties[FINGERPRINT].string_value
    listing = listing_file.read(this.root.listing_of(span.number))
    now = utc_now()
    return SpanRecord(
        span=span.number,
        version=span.place.version or 0,
        content=listing.fingerprint if listing else "",
        recipe=recipe(this.config, _golden(this, listing)),
        fingerprint=fingerprint,
        state="accepted",
        reason="its images fit the schema",
        decided_by=THAW,
        decided_at=now,
        taken_in_at=now,
        run_id=this.run_id,
        images=read_report(Path(folders[INGESTION])).images or {},
        artifacts={
            kind: str(Path(folder).relative_to(this.root.path)) for kind, folder in folders.items()
        },
    )


def window_size(this: Run, records: Mapping[int, SpanRecord]) -> DataSize:
    """How much data the window has, before it is trained on.

    Raises:
        InputError: when there is none, or a class weight names no class.
    """
    selection = select(records, window_of(this.config))
    this.display.say(_in_words(selection))
    if not selection.whole:
        raise InputError(
            "data.window: no span has been accepted, so there is nothing to train on; thaw spans "
            "shows why"
        )
    labels: dict[str, int] = {}
    for record in selection.whole:
        for label, count in record.images[features.TRAIN].items():
            labels[label] = labels.get(label, 0) + count
    check_class_weights(this.config.finetune, set(labels))
    check_labels(this.config, labels)
    return DataSize(sum(labels.values()), len(labels))


def _in_words(selection: Selection) -> str:
    numbers = ", ".join(str(record.span) for record in selection.whole) or "none"
    older = ", ".join(str(record.span) for record in selection.older)
    return f"window: spans {numbers}{f'; a part of {older}' if older else ''}"
