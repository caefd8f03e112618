"""Versions in a serving folder that say which spans they were trained on, without any model."""

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from components.records.data import TrainedSpanRecord
from components.serving import versions
from tests.pipeline.continuous.decision.situations import NOW


def push(
    serving: Path, number: int, spans: Iterable[TrainedSpanRecord], at: datetime = NOW
) -> None:
    """A version as Pusher leaves it, as far as a decision looks at it."""
    extra = serving / str(number) / "assets.extra"
    extra.mkdir(parents=True)
    (serving / str(number) / "saved_model.pb").write_bytes(b"")
    note = {"version": number, "pushed_at": at.strftime(versions.TIME_FORM), "run_id": f"r{number}"}
    (extra / "thaw.json").write_text(json.dumps(note), encoding="utf-8")
    trained = [span.model_dump(mode="json") for span in spans]
    (extra / "summary.json").write_text(json.dumps({"data": {"spans": trained}}), encoding="utf-8")
