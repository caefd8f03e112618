"""What the infra check asks."""

from typing import Annotated, Literal

from pydantic import Field

from modules.settings.base import Integer, NonNegativeFloat, Options, PositiveFloat


class Infra(Options):
    """What the infra check asks of a candidate. A bound of null is measured, but not enforced."""

    load_seconds: PositiveFloat = 300.0
    """The most seconds that loading and all answers may take; a model that takes longer counts
    as hung."""
    max_p50_ms: PositiveFloat | None = None
    """The longest median time of a gRPC request of one image on this machine, in milliseconds;
    `null` for no bound."""
    max_p99_ms: PositiveFloat | None = None
    """The longest 99th percentile of the same times, in milliseconds; `null` for no bound."""
    max_memory_mb: PositiveFloat | None = None
    """The most memory of the serving process, Python and TensorFlow included, in MB of 2**20
    bytes; `null` for no bound."""
    max_size_mb: PositiveFloat | None = None
    """The largest size of the SavedModel's files, in MB of 2**20 bytes; `null` for no bound."""
    requests: Annotated[Integer, Field(gt=0, le=10_000)] = 50
    """How many requests are timed."""
    tolerance: NonNegativeFloat = 1e-4
    """How far a served score may differ from the Evaluator's."""
    validator: Literal["process", "docker"] = "process"
    """`process` serves the candidate from a process on this machine; `docker` also has TFX's
    InfraValidator load it into TensorFlow Serving's own image."""
