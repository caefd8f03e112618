"""Takes in the spans that are new, each by a graph of its own, and enters them in the root."""

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
from pipeline.continuous.spans.kept_data import agreeing_spans, look_with_root
from pipeline.continuous.spans.scan import (
    AS_BEFORE,
    Look,
    SpanOnDisk,
    keep_read,
    look,
    window_of,
)
from pipeline.continuous.spans.span_records import accepted_record, refused_record
from pipeline.data_size import DataSize
from pipeline.golden import check_labels
from pipeline.runners.begin import Run
from pipeline.runners.local import connected, run_graph
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
        todo, taken_in = seen.to_take_in, set[int]()
        while todo:
            for span in todo:
                records, problem = _take_in_one(this, span, connection)
                refused += [f"span {span.number}: {problem}"] if problem else []
            taken_in |= {span.number for span in todo}
            todo = _due_now(this, seen, records, taken_in)
    check_none_is_refused([*refused, *refused_before(seen, records)])
    return records


def _due_now(
    this: Run, seen: Look, records: Mapping[int, SpanRecord], taken_in: Collection[int]
) -> list[SpanOnDisk]:
    """What is to be taken in because of what this run has just taken in, the earliest first.

    Args:
        this: the run.
        seen: what there was at its beginning.
        records: of all spans.
        taken_in: the numbers of those that it has taken in.
    """
    due: dict[int, SpanOnDisk] = {}
    if any(records[number].state == "quarantined" for number in taken_in):
        # The window reaches back to earlier spans.
        again = look(this.config, records).to_take_in
        due = {span.number: span for span in again if span.number not in taken_in}
    # Spans that were corrected one after the other agree now, and the first one does not know it.
    agreeing = agreeing_spans(this.root, records)
    due |= {span.number: span for span in seen.spans if span.number in agreeing}
    return [due[number] for number in sorted(due)]


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
        record = span_decisions.refused(refused_record(this, span, problem), previous)
    else:
        ingestion = NodeRun(compiled.pipeline, run, "ImageExampleGen")
        taken_in = accepted_record(this, span, ingestion, connection)
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
