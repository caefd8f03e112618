"""What is known when it is decided whether to train."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path

from components.records.data import TrainedSpanRecord
from components.records.spans import SpanRecord
from components.records.summary import SUMMARY_FILE, trained_spans_in
from components.serving import versions
from components.window.selection import Selection, select
from modules import model_layout
from pipeline.configuration.config import Config
from pipeline.continuous.decision.decisions import (
    Decision,
    FinishedRun,
    Part,
    TrainingSpan,
    last_decision,
)
from pipeline.continuous.spans.scan import window_of
from pipeline.state.root import Root

_ENDED = ("pushed", "rejected", "unchanged")

SpanKey = tuple[int, int, str]  # of a span: its number, its version and its fingerprint


@dataclass(frozen=True)
class Version:
    """A version that was pushed.

    Attributes:
        number: of its folder.
        pushed_at: in UTC; None where it does not say so.
        spans: what it was trained on; None likewise.
    """

    number: int
    pushed_at: datetime | None
    spans: tuple[TrainedSpanRecord, ...] | None

    @property
    def span_keys(self) -> set[SpanKey]:
        """The spans that it was trained on, as far as it says so."""
        return {key_of(span) for span in self.spans or ()}


@dataclass(frozen=True)
class Situation:
    """What a decision depends on.

    Attributes:
        root: the folder that the spans' artifacts lie in.
        records: of all spans that were ingested, by number.
        window: those that a model would be trained on.
        older_share: the share of an older span's images that stays in.
        served: the version that is served; None for none.
        others: the other versions that are there, and those that were withdrawn.
        finished: the latest run that a decision asked for and that has ended; None for none.
        now: the time, in UTC.
        to_ingest: the numbers of new and changed spans that a dry run has not ingested.
        before_window: the numbers of spans on the disk that lie before the window.
    """

    root: Path
    records: Mapping[int, SpanRecord]
    window: Selection
    served: Version | None
    now: datetime
    older_share: float = 0.0
    others: tuple[Version, ...] = ()
    finished: FinishedRun | None = None
    to_ingest: tuple[int, ...] = ()
    before_window: tuple[int, ...] = ()

    @cached_property
    def spans(self) -> tuple[TrainingSpan, ...]:
        """What a model would be trained on, in rising order."""
        return (
            *(_span_of(record, "older") for record in self.window.older),
            *(_span_of(record, "whole") for record in self.window.whole),
        )

    @cached_property
    def new(self) -> tuple[SpanRecord, ...]:
        """The spans of the window that no pushed version and no finished run was trained on.

        A version that was withdrawn counts too: its spans are no news, and what was learned from
        them was withdrawn by a person.
        """
        learned = {key_of(span) for span in self.finished.spans} if self.finished else set()
        for version in (*self.others, *([self.served] if self.served else [])):
            learned |= version.span_keys
        return tuple(self.records[span.span] for span in self.spans if key_of(span) not in learned)

    @cached_property
    def is_trained_already(self) -> bool:
        """Whether a pushed version or the finished run was trained on exactly these spans."""
        trained_sets = [
            {_span_of(span, span.part) for span in version.spans}
            for version in (*self.others, *([self.served] if self.served else []))
            if version.spans is not None
        ]
        trained_sets += [set(self.finished.spans)] if self.finished else []
        return set(self.spans) in trained_sets


def key_of(span: TrainingSpan | SpanRecord | TrainedSpanRecord) -> SpanKey:
    """The key by which a span is told from others, and from itself before it changed."""
    return span.span, span.version, span.fingerprint


def _span_of(span: SpanRecord | TrainedSpanRecord, part: Part) -> TrainingSpan:
    number, version, fingerprint = key_of(span)
    return TrainingSpan(span=number, version=version, fingerprint=fingerprint, part=part)


def gather(
    config: Config,
    records: Mapping[int, SpanRecord],
    now: datetime,
    *,
    to_ingest: Iterable[int] = (),
    before_window: Iterable[int] = (),
) -> Situation:
    """The present situation of a root; writes nothing.

    Args:
        config: with a window.
        records: of the spans that were ingested.
        now: the time, in UTC.
        to_ingest: the numbers of new and changed spans that a dry run has not ingested.
        before_window: the numbers of spans on the disk that lie before the window.

    Raises:
        InputError: when the latest decision cannot be read.
    """
    window = window_of(config)
    folder = config.serving_dir
    present = [_version(folder, number) for number in versions.list_versions(folder)]
    withdrawn = folder / versions.WITHDRAWN
    root = Root(config.root)
    return Situation(
        root=root.path,
        records=records,
        window=select(records, window),
        older_share=window.older.fraction if window.older else 0.0,
        served=present[-1] if present else None,
        others=(
            *present[:-1],
            *(_version(withdrawn, number) for number in versions.numbers_in(withdrawn)),
        ),
        finished=finished_run(root, last_decision(root.decisions)),
        now=now,
        to_ingest=tuple(to_ingest),
        before_window=tuple(before_window),
    )


def _version(folder: Path, number: int) -> Version:
    """What a version says of itself, whoever wrote it."""
    pushed_at = versions.read_note(folder, number).get("pushed_at")
    summary = folder / str(number) / model_layout.EXTRA / SUMMARY_FILE
    return Version(number, as_time(pushed_at), trained_spans_in(summary))


def as_time(text: object) -> datetime | None:
    """A time as ``versions.utc_now`` writes it; None for something else."""
    try:
        return datetime.strptime(str(text), versions.TIME_FORM).replace(tzinfo=timezone.utc)
    except ValueError:
        return None


def finished_run(root: Root, last: Decision | None) -> FinishedRun | None:
    """The latest run that a decision asked for and that has ended.

    A run that was killed, or that failed, has not ended: what it was to learn is still due.
    """
    if last is None:
        return None
    if last.answer == "yes" and last.run_id:
        try:
            text = root.summary_of(last.run_id).read_text(encoding="utf-8")
            status = json.loads(text)["status"]
        except (OSError, ValueError, KeyError, TypeError):
            status = "failed"
        if status in _ENDED:
            return FinishedRun(run_id=last.run_id, status=status, spans=last.spans)
    return last.finished
