"""The summary of a run. Other programs rely on its form; ``thaw schema summary`` prints it."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from components.records.base import Record
from components.records.data import DataRecord
from components.records.gate import GateRecord
from components.records.infra import InfraRecord
from components.records.model import BackboneRecord, ExportRecord, MetricsRecord
from components.records.run import RunRecord
from components.records.training import ScheduleRecord, ShippedRecord, StageRecord

SUMMARY_FILE = "summary.json"
RECORD_FILE = "record.json"  # of a run that is under way: what ``Summary.run`` will be

Status = Literal["pushed", "rejected", "unchanged", "failed"]


def _known(value: Any) -> Any:
    """Thaw 0.1.0 wrote ``{}`` where it now writes null."""
    return None if value == {} else value


class Summary(Record):
    """What a run did.

    Attributes:
        run_id: names the run.
        status: ``pushed``; ``rejected`` by the gate or the infra check; ``unchanged``, when the
            model is the one that was pushed before; ``failed``.
        error: why the run failed, in one line; null if it did not.
        model_version: the version that was pushed, by this run or, when nothing has changed, by
            the run that made the model; null for none.
        serving_dir: the folder of the versions.
        labels: sorted; the index is the class.
        metrics: accuracy on the test images, of the candidate and of the baseline.
        gate: the verdict; null where the run failed before it.
        infra: whether the candidate can be served; null likewise.
        exports: other forms of the model.
        schedule: the stages, and what they were chosen by; null where the run failed before it.
        stages: what each stage did.
        shipped: which stage ships; null where the run failed before it.
        data: what was read of the data.
        seconds: by component, and ``total``.
        peak_rss_mb: the most memory that the run's process, or one that it started, held, in MB
            (2^20 bytes); null while the run is under way.
        versions: of Python and of the packages that made the model.
        backbone: what was fine-tuned; null where the run failed before it was read.
        run: what it takes to repeat the run, as ``thaw run --from`` does with this file; null where
            that is not recorded.
        source: fingerprint of Thaw's code.
    """

    model_config = ConfigDict(frozen=False)  # The runner fills it in as the run goes on.

    run_id: str
    status: Status
    error: str | None = None
    model_version: int | None = None
    serving_dir: str
    labels: tuple[str, ...] = ()
    metrics: MetricsRecord = MetricsRecord()
    gate: GateRecord | None = None
    infra: InfraRecord | None = None
    exports: tuple[ExportRecord, ...] = ()
    schedule: ScheduleRecord | None = None
    stages: tuple[StageRecord, ...] = ()
    shipped: ShippedRecord | None = None
    data: DataRecord = DataRecord()
    seconds: dict[str, float] = Field(default={})
    peak_rss_mb: float | None = None
    versions: dict[str, str] = Field(default={})
    backbone: Annotated[BackboneRecord | None, BeforeValidator(_known)] = None
    run: Annotated[RunRecord | None, BeforeValidator(_known)] = None
    source: str = ""

    def write(self, *paths: Path) -> None:
        """Writes it as JSON to each of the paths, whole or not at all."""
        text = self.as_text()
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_name(f".{path.name}.partial")
            unfinished.write_text(text, encoding="utf-8")
            unfinished.replace(path)


def read_summary(path: Path) -> Summary | None:
    """A summary that was written before; None where there is none."""
    if not path.is_file():
        return None
    return Summary.model_validate_json(path.read_text(encoding="utf-8"))


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
