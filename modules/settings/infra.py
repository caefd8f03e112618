"""What the infra check asks."""

from typing import Annotated, Literal

from pydantic import Field

from modules.settings.base import Integer, NonNegativeFloat, Options, PositiveFloat


class Infra(Options):
    """What the infra check asks of a candidate; a bound that is None is measured and not held.

    Attributes:
        load_seconds: how long loading and all answers may take; a model that takes longer counts
            as hung.
        max_p50_ms, max_p99_ms: of a gRPC request of one image on this machine, milliseconds.
        max_memory_mb: the most that the process that serves may hold, MB (2**20 bytes), Python and
            TensorFlow among it.
        max_size_mb: of the SavedModel's files, MB (2**20 bytes).
        requests: how many are timed.
        tolerance: how far a served score may lie from the one that the Evaluator saw.
        validator: ``process`` serves the candidate from a process on this machine; ``docker`` has
            TFX's InfraValidator load it into TensorFlow Serving's own image as well.
    """

    load_seconds: PositiveFloat = 300.0
    max_p50_ms: PositiveFloat | None = None
    max_p99_ms: PositiveFloat | None = None
    max_memory_mb: PositiveFloat | None = None
    max_size_mb: PositiveFloat | None = None
    requests: Annotated[Integer, Field(gt=0, le=10_000)] = 50
    tolerance: NonNegativeFloat = 1e-4
    validator: Literal["process", "docker"] = "process"
