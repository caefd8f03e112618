"""Situations for the tests of triggers and decisions."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Literal

from components.records.data import TrainedSpanRecord
from components.records.spans import SpanRecord
from components.window.selection import select
from modules.settings import Older, Window
from pipeline.continuous.decision.decisions import FinishedRun, TrainingSpan
from pipeline.continuous.decision.situation import Situation, Version
from tests.components.window.test_selection import record

NOW = datetime(2026, 11, 25, 12, tzinfo=timezone.utc)


def span(number: int, **values: Any) -> SpanRecord:
    """A span with a fingerprint of its own, and 80, 10 and 10 images in its splits."""
    images = {"train": {"cat": 40, "dog": 40}, "validation": {"cat": 10}, "test": {"dog": 10}}
    return record(number, **{"images": images, "fingerprint": f"{number:064x}", **values})


def part(number: int, name: str = "whole", **values: Any) -> TrainingSpan:
    known = {"version": 0, "fingerprint": f"{number:064x}", **values}
    return TrainingSpan.model_validate({"span": number, "part": name, **known})


def trained_on(
    number: int, name: Literal["whole", "older"] = "whole", images: int = 100
) -> TrainedSpanRecord:
    fingerprint = f"{number:064x}"
    return TrainedSpanRecord(
        span=number, version=0, fingerprint=fingerprint, part=name, images=images
    )


def version(number: int, spans: Sequence[int] | None, days: float | None = 1.0) -> Version:
    """A version that was pushed so many days before ``NOW``."""
    pushed_at = None if days is None else NOW - timedelta(days=days)
    trained = None if spans is None else tuple(trained_on(n) for n in spans)
    return Version(number, pushed_at, trained)


def finished(spans: Sequence[int], status: str = "rejected") -> FinishedRun:
    values = {"run_id": "20261124", "status": status, "spans": [part(n) for n in spans]}
    return FinishedRun.model_validate(values)


def situation(
    spans: Sequence[int] | Mapping[int, SpanRecord],
    served: Version | None = None,
    window: int = 4,
    older: float = 0.0,
    **values: Any,
) -> Situation:
    """A situation with these spans, in a window of so many."""
    records = dict(spans) if isinstance(spans, Mapping) else {n: span(n) for n in spans}
    length = Window(spans=window, older=Older(fraction=older) if older else None)
    return Situation(
        **{
            "root": Path("root"),
            "records": records,
            "window": select(records, length),
            "older_share": older,
            "served": served,
            "now": NOW,
            **values,
        }
    )
