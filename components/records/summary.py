"""The summary of a run. Other programs rely on its form; ``thaw schema summary`` prints it."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from components.disk import replace_whole
from components.records.base import Record
from components.records.data import DataRecord, TrainedSpanRecord
from components.records.gate import GateRecord
from components.records.infra import InfraRecord
from components.records.model import (
    BackboneRecord,
    ExportRecord,
    GoldenRecord,
    MetricsRecord,
    ScoresRecord,
)
from components.records.run import RunRecord
from components.records.training import ScheduleRecord, ShippedRecord, StageRecord, WarmStartRecord

SUMMARY_FILE = "summary.json"
RECORD_FILE = "record.json"  # of a run that is under way: what ``Summary.run`` will be

Status = Literal["pushed", "rejected", "unchanged", "failed"]


def _known(value: Any) -> Any:
    """Thaw 0.1.0 wrote ``{}`` where it now writes null."""
    return None if value == {} else value


class Summary(Record):
    """What a run did."""

    # The runner fills it in as the run goes on.
    model_config = ConfigDict(frozen=False, title="The summary of a run of Thaw")

    run_id: str
    """The run's name."""
    status: Status
    """`pushed`; `rejected` by the gate or the infra check; `unchanged`, when the model is the one
    that was pushed before; `failed`."""
    error: str | None = None
    """Why the run failed, in one line; null if it did not."""
    model_version: int | None = None
    """The version that was pushed, by this run or, when nothing has changed, by the run that made
    the model; null for none."""
    serving_dir: str
    """The folder of the versions."""
    labels: tuple[str, ...] = ()
    """The names of the classes, sorted; the index is the class."""
    metrics: MetricsRecord = MetricsRecord()
    """Accuracy on the test images, of the candidate and of the baseline."""
    gate: GateRecord | None = None
    """The gate's verdict; null where the run failed before it."""
    infra: InfraRecord | None = None
    """Whether the candidate can be served; null where the run failed before that was checked."""
    exports: tuple[ExportRecord, ...] = ()
    """Other forms of the model."""
    schedule: ScheduleRecord | None = None
    """The stages, and what they were chosen by; null where the run failed before it."""
    warm_start: WarmStartRecord | None = None
    """What the training started from; null where the config asks for no warm start."""
    stages: tuple[StageRecord, ...] = ()
    """What each stage did."""
    shipped: ShippedRecord | None = None
    """Which stage ships; null where the run failed before it."""
    data: DataRecord = DataRecord()
    """What was read of the data."""
    seconds: dict[str, float] = Field(default={})
    """Seconds by component, and `total`."""
    peak_rss_mb: float | None = None
    """The most memory that the run's process, or one that it started, held, in MB (2^20 bytes);
    null while the run is under way."""
    versions: dict[str, str] = Field(default={})
    """Versions of Python and of the packages that made the model."""
    backbone: Annotated[BackboneRecord | None, BeforeValidator(_known)] = None
    """The backbone that was fine-tuned; null where the run failed before it was read."""
    run: Annotated[RunRecord | None, BeforeValidator(_known)] = None
    """What it takes to repeat the run, as `thaw run --from` does with this file; null where that is
    not recorded."""
    source: str = ""
    """The fingerprint of Thaw's code."""

    def write(self, *paths: Path) -> None:
        """Writes it as JSON to each of the paths, whole or not at all."""
        content = self.as_text().encode()
        for path in paths:
            replace_whole(path, content)


def read_summary(path: Path) -> Summary | None:
    """A summary that was written before; None where there is none."""
    if not path.is_file():
        return None
    return Summary.model_validate_json(path.read_text(encoding="utf-8"))


def scores_in(path: Path) -> ScoresRecord | None:
    """The candidate's, of a summary that any release may have written; None if there is none."""
    try:
        candidate = json.loads(path.read_text(encoding="utf-8"))["metrics"]["candidate"]
        return ScoresRecord.model_validate(candidate, extra="ignore")
    except (OSError, ValueError, KeyError, TypeError):  # pydantic's error is a ValueError.
        return None


def trained_spans_in(path: Path) -> tuple[TrainedSpanRecord, ...] | None:
    """The spans that a model was trained on, of a summary that any release may have written.

    Returns:
        None where the summary is not there, or does not say so.
    """
    try:
        spans = json.loads(path.read_text(encoding="utf-8"))["data"]["spans"]
        return tuple(TrainedSpanRecord.model_validate(span, extra="ignore") for span in spans)
    except (OSError, ValueError, KeyError, TypeError):  # ``spans`` is null without a window.
        return None


def golden_in(path: Path) -> GoldenRecord | None:
    """What the golden set showed, of a summary that any release may have written; None if none."""
    try:
        golden = json.loads(path.read_text(encoding="utf-8"))["metrics"]["golden"]
        return GoldenRecord.model_validate(golden, extra="ignore")
    except (OSError, ValueError, KeyError, TypeError):
        return None


def status_of(*, version: str, pushed_by: str, run_id: str) -> Status:
    """What became of a run that went through to its end.

    Args:
        version: the one that holds the model; empty for none.
        pushed_by: the run that pushed it, another one where this run pushed nothing new.
        run_id: this run.
    """
    if not version:
        return "rejected"
    return "pushed" if pushed_by == run_id else "unchanged"
