"""What the infra check saw when a process of its own served the candidate."""

from pathlib import Path

from components.records.base import Record

_FILE = "infra.json"


class LatencyRecord(Record):
    """How long requests of one image took, in milliseconds."""

    p50: float
    """The median."""
    p99: float
    """99 of 100 requests took no longer."""
    requests: int
    """How many requests were timed."""


class MemoryRecord(Record):
    """What the serving process held, in MB (2^20 bytes)."""

    loaded: float
    """What it held when the model was loaded."""
    peak: float
    """The most that it held."""


class ParityRecord(Record):
    """How far served scores are from those that the Evaluator saw."""

    images: int
    """How many images were compared."""
    max_difference: float | None
    """The largest difference of two scores; null where it is not finite or unknown."""
    tolerance: float
    """The difference that `infra.tolerance` allows."""


class CheckRecord(Record):
    """One check."""

    name: str
    """The check's name."""
    passed: bool
    """Whether nothing is wrong."""
    detail: str
    """What is wrong, or else what was seen."""


class InfraRecord(Record):
    """Whether the model can be served. A measurement that was not reached is null."""

    passed: bool
    """Whether there is no problem."""
    problems: tuple[str, ...]
    """The problems, a sentence each."""
    latency_ms: LatencyRecord | None = None
    """How long requests of single images took."""
    memory_mb: MemoryRecord | None = None
    """The memory of the serving process."""
    size_mb: float | None = None
    """The size of the model's files, in MB (2^20 bytes)."""
    load_seconds: float | None = None
    """How long loading the model took."""
    parity: ParityRecord | None = None
    """How far served scores are from those that the Evaluator saw."""
    checks: tuple[CheckRecord, ...] = ()
    """The checks that were made, in order."""


def write_infra(folder: Path, infra: InfraRecord) -> None:
    """Writes a record to the folder of an InfraBlessing."""
    (folder / _FILE).write_text(infra.as_text(), encoding="utf-8")


def read_infra(folder: Path) -> InfraRecord:
    """The record that ``write_infra`` wrote."""
    return InfraRecord.model_validate_json((folder / _FILE).read_text(encoding="utf-8"))
