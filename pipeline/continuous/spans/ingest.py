"""Ingests the spans that are new, each by a graph of its own, and enters them in the root."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from components.records import span_decisions, spans, split_book
from components.records.spans import SpanRecord
from components.window.selection import (
    INGESTION,
    REVIEW,
    Selection,
    select,
)
from modules import features
from modules.errors import InputError
from modules.settings import check_class_weights
from pipeline import collector
from pipeline.compiled import compile_span
from pipeline.continuous.spans.kept_data import agreeing_spans, scan_with_root
from pipeline.continuous.spans.scan import (
    AS_BEFORE,
    Scan,
    SpanOnDisk,
    keep_listings,
    scan_spans,
    window_of,
)
from pipeline.continuous.spans.span_records import accepted_record, invalid_record
from pipeline.data_size import DataSize
from pipeline.golden import check_labels
from pipeline.runners.begin import Run
from pipeline.runners.local import connected, run_graph
from pipeline.state.executions import NodeRun
from pipeline.state.root import shown


def ingest_window(run: Run) -> DataSize:
    """Ingests what is new, and says how much data the window has.

    Raises:
        InputError: when a span cannot be used as it is, or the window has none that can; the spans
            that can be used are kept.
    """
    scan = scan_with_root(run.config, spans.read(run.root.spans))
    keep_listings(run.config, scan)
    records = ingest_spans(run, scan)
    return window_size(run, records)


def ingest_spans(run: Run, scan: Scan) -> dict[int, SpanRecord]:
    """Ingests the new and changed spans, the earliest first.

    Args:
        run: a run that has begun.
        scan: what there is.

    Returns:
        The records of all spans of the root.

    Raises:
        InputError: when a span cannot be used as it is; the others are ingested all the same.
    """
    records = spans.read(run.root.spans)
    invalid: list[str] = []
    for note in scan.notes:
        run.display.say(note)
    if scan.to_ingest:
        split_book.read(run.root.split_book)  # If it is damaged, no span is invalid for it.
        run.display.start("prepare")
        connection = connected(run)
        run.seconds["prepare_spans"] = round(run.display.finish("prepare"), 2)
        todo, ingested = scan.to_ingest, set[int]()
        while todo:
            for span in todo:
                records, problem = _ingest_one(run, span, connection)
                invalid += [f"span {span.number}: {problem}"] if problem else []
            ingested |= {span.number for span in todo}
            todo = _due_now(run, scan, records, ingested)
    check_none_is_invalid([*invalid, *invalid_before(scan, records)])
    return records


def _due_now(
    run: Run, scan: Scan, records: Mapping[int, SpanRecord], ingested: Collection[int]
) -> list[SpanOnDisk]:
    """What is to be ingested because of what this run has just ingested, the earliest first.

    Args:
        run: the present one.
        scan: what there was at its beginning.
        records: of all spans.
        ingested: the numbers of those that it has ingested.
    """
    due: dict[int, SpanOnDisk] = {}
    if any(records[number].state == "quarantined" for number in ingested):
        # The window reaches back to earlier spans.
        again = scan_spans(run.config, records).to_ingest
        due = {span.number: span for span in again if span.number not in ingested}
    # Spans that were corrected one after the other agree now, and the first one does not know it.
    agreeing = agreeing_spans(run.root, records)
    due |= {span.number: span for span in scan.spans if span.number in agreeing}
    return [due[number] for number in sorted(due)]


def invalid_before(scan: Scan, records: Mapping[int, SpanRecord]) -> list[str]:
    """A line for each span that was invalid and has not changed since."""
    return [
        f"span {span.number}{AS_BEFORE}{records[span.number].reason}"
        for span in scan.spans
        if span.change == "none" and records[span.number].state == "invalid"
    ]


def check_none_is_invalid(lines: Sequence[str]) -> None:
    """Raises ``InputError`` with the first of the lines, if there is one."""
    if lines:
        more = f" (and {len(lines) - 1} more spans are invalid)" if lines[1:] else ""
        raise InputError(lines[0] + more)


def _ingest_one(run: Run, span: SpanOnDisk, connection: Any) -> tuple[dict[int, SpanRecord], str]:
    """Runs a span's graph and enters the span; returns all records, and why it is invalid."""
    problem, span_run_id = span.problem, f"{run.run_id}.span-{span.number}"
    if not problem:
        try:
            with collector.paused():
                compiled = compile_span(run.config, span.number)
            run_graph(run, compiled, span_run_id, connection, about=f"span {span.number}: ")
        except InputError as error:
            problem = str(error)
    records = spans.read(run.root.spans)
    previous = records.get(span.number)
    if problem:
        record = span_decisions.invalid(invalid_record(run, span, problem), previous)
    else:
        ingestion = NodeRun(compiled.pipeline, span_run_id, "ImageExampleGen")
        ingested = accepted_record(run, span, ingestion, connection)
        folder = run.root.path / ingested.artifacts[REVIEW]
        record = span_decisions.reviewed(
            ingested,
            previous,
            span_decisions.read_review(folder),
            f"{ingested.artifacts[REVIEW]}/{span_decisions.SHEET_FILE}",
        )
    if record.state in ("quarantined", "rejected"):
        split_book.take_labels_out(run.root.split_book, span.number)
    elif record.state == "accepted":
        # DataCheck may have been cached.
        split_book.enter(run.root.split_book, run.root.path / record.artifacts[INGESTION])
    records = dict(sorted({**records, span.number: record}.items()))
    spans.write(run.root.spans, records)
    if record.state == "quarantined":
        run.display.say(_quarantine_note(run, record))
    return records, problem if record.state == "invalid" else ""


def _quarantine_note(run: Run, record: SpanRecord) -> str:
    """What a person should know of a span that is quarantined."""
    sheet = record.agreement.sheet if record.agreement else ""
    return (
        f"span {record.span} is quarantined, so no model is trained on it: {record.reason}; look "
        f"at {shown(run.root.path / sheet)}, and then accept or reject it: thaw spans accept "
        f"{shown(run.config.file)} {record.span} --by NAME --reason TEXT"
    )


def window_size(run: Run, records: Mapping[int, SpanRecord]) -> DataSize:
    """How much data the window has, before it is trained on.

    Raises:
        InputError: when there is none, or a class weight names no class.
    """
    selection = select(records, window_of(run.config))
    run.display.say(_in_words(selection))
    if not selection.whole:
        raise InputError(
            "data.window: no span has been accepted, so there is nothing to train on; thaw spans "
            "shows why"
        )
    labels: dict[str, int] = {}
    for record in selection.whole:
        for label, count in record.images[features.TRAIN].items():
            labels[label] = labels.get(label, 0) + count
    check_class_weights(run.config.finetune, set(labels))
    check_labels(run.config, labels)
    return DataSize(sum(labels.values()), len(labels))


def _in_words(selection: Selection) -> str:
    numbers = ", ".join(str(record.span) for record in selection.whole) or "none"
    older = ", ".join(str(record.span) for record in selection.older)
    return f"window: spans {numbers}{f'; a part of {older}' if older else ''}"
