"""The options that travel into TFX's nodes: frozen, checked value objects.

``pipeline.config`` composes them into the whole configuration; Trainer receives them as JSON.
"""

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Positive = Annotated[int, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]


class Options(BaseModel):
    """A frozen object that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ImageSpec(Options):
    """What the one image function makes: the geometry and range that the backbone takes."""

    height: Positive
    width: Positive
    resize: Literal["stretch", "crop", "pad"] = "stretch"
    input_range: tuple[float, float] = (0.0, 1.0)


class LastBlocks(Options):
    """The last N blocks, counted from the output."""

    last: Positive


class MatchingBlocks(Options):
    """The blocks in whose name, or in one of whose variables' names, a pattern is found."""

    match: tuple[str, ...] = Field(min_length=1)

    @field_validator("match")
    @classmethod
    def _compiles(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
        return patterns


Unfreeze = Literal["none", "all"] | LastBlocks | MatchingBlocks


class EarlyStopping(Options):
    """Ends a stage when ``monitor`` has not moved by ``min_delta`` in ``patience`` epochs."""

    monitor: Literal["loss", "accuracy"] = "loss"
    patience: Positive = 3
    min_delta: Annotated[float, Field(ge=0.0)] = 0.0


class Stage(Options):
    """One stage of the unfreeze schedule. The head always trains."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")]
    unfreeze: Unfreeze = "none"
    epochs: Positive = 10
    learning_rate: Annotated[float, Field(gt=0.0)] = 1e-3
    early_stopping: EarlyStopping | None = EarlyStopping()
    batch_norm: Literal["frozen", "train"] = "frozen"
    l2: Annotated[float, Field(ge=0.0)] = 0.0

    @field_validator("unfreeze", mode="before")
    @classmethod
    def _known_form(cls, value: object) -> object:
        if isinstance(value, str) and value not in ("none", "all"):
            raise ValueError("must be none, all, {last: N} or {match: [regex, ...]}")
        return value


DEFAULT_STAGES = (
    Stage(name="head", unfreeze="none", epochs=10, learning_rate=1e-3),
    # A tenth of the usual rate would keep a small backbone where print left it; 1e-3 with
    # BatchNorm on its stored statistics is what worked best on both data sets measured.
    Stage(name="full", unfreeze="all", epochs=10, learning_rate=1e-3),
)


class Finetune(Options):
    """The schedule and what all of its stages share."""

    stages: tuple[Stage, ...] = Field(default=DEFAULT_STAGES, min_length=1)
    batch_size: Positive = 32
    dropout: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0
    seed: int = 0
    # Decoded images are kept between epochs: in memory up to this many MB, else on disk.
    cache_mb: Annotated[int, Field(ge=0)] = 1024

    @model_validator(mode="after")
    def _distinct_names(self) -> "Finetune":
        names = [stage.name for stage in self.stages]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"stage names must differ, but {twice[0]!r} stands twice; rename one")
        return self


class TrainerOptions(Options):
    """All that ``modules.trainer.run_fn`` needs, as one JSON object in ``custom_config``."""

    handle: str
    image: ImageSpec
    finetune: Finetune
