"""What the infra check saw when a process of its own served the candidate."""

from components.records.base import Record


class LatencyRecord(Record):
    """How long requests of one image took, in milliseconds.

    Attributes:
        p50: the median.
        p99: what 99 of 100 requests did not exceed.
        requests: how many were timed.
    """

    p50: float
    p99: float
    requests: int


class MemoryRecord(Record):
    """What the serving process held, in MB (2^20 bytes).

    Attributes:
        loaded: when the model was loaded.
        peak: at most.
    """

    loaded: float
    peak: float


class ParityRecord(Record):
    """How far served scores are from those that the Evaluator saw.

    Attributes:
        images: how many were compared.
        max_difference: between two scores; null where it is not finite, or nothing was compared.
        tolerance: what ``infra.tolerance`` allows.
    """

    images: int
    max_difference: float | None
    tolerance: float


class CheckRecord(Record):
    """One check.

    Attributes:
        name: of the check.
        passed: whether nothing is wrong.
        detail: what is wrong, or else what was seen.
    """

    name: str
    passed: bool
    detail: str


class InfraRecord(Record):
    """Whether the model can be served. A measurement that was not reached is null.

    Attributes:
        passed: whether there is no problem.
        problems: a sentence each.
        latency_ms: of single images.
        memory_mb: of the serving process.
        size_mb: of the model's files, of 2^20 bytes.
        load_seconds: until the model was loaded.
        parity: with the scores that the Evaluator saw.
        checks: those that were made, in order.
    """

    passed: bool
    problems: tuple[str, ...]
    latency_ms: LatencyRecord | None = None
    memory_mb: MemoryRecord | None = None
    size_mb: float | None = None
    load_seconds: float | None = None
    parity: ParityRecord | None = None
    checks: tuple[CheckRecord, ...] = ()
