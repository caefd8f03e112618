"""The options that travel into TFX's nodes: frozen, checked value objects.

``pipeline.config`` composes them into the whole configuration; Trainer receives them as JSON.
"""

import re
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    field_validator,
    model_validator,
)


def _no_boolean(value: object) -> object:
    """YAML's ``yes`` and ``no`` are no numbers."""
    if isinstance(value, bool):
        raise ValueError(f"got {value}, must be a number; change it")
    return value


Whole = Annotated[int, BeforeValidator(_no_boolean)]
Number = Annotated[float, BeforeValidator(_no_boolean)]
Positive = Annotated[Whole, Field(gt=0)]
Fraction = Annotated[Number, Field(ge=0.0, le=1.0)]


class Options(BaseModel):
    """A frozen object that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


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


def _unfreeze_form(value: object) -> str | None:
    """Which of the forms below a value is meant to be; None for none of them."""
    if isinstance(value, str):
        return "word" if value in ("none", "all") else None
    if isinstance(value, LastBlocks | MatchingBlocks):
        return "last" if isinstance(value, LastBlocks) else "match"
    if isinstance(value, dict) and len(value) == 1:
        (key,) = value
        return key if key in ("last", "match") else None
    return None


Unfreeze = Annotated[
    Annotated[Literal["none", "all"], Tag("word")]
    | Annotated[LastBlocks, Tag("last")]
    | Annotated[MatchingBlocks, Tag("match")],
    Discriminator(
        _unfreeze_form,
        custom_error_type="unfreeze",
        custom_error_message="must be none, all, {last: N} or {match: [regex, ...]}",
    ),
]


class EarlyStopping(Options):
    """Ends a stage when ``monitor`` has not moved by ``min_delta`` in ``patience`` epochs."""

    monitor: Literal["loss", "accuracy"] = "loss"
    patience: Positive = 3
    min_delta: Annotated[Number, Field(ge=0.0)] = 0.0


class Stage(Options):
    """One stage of the unfreeze schedule. The head always trains."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")]
    unfreeze: Unfreeze = "none"
    epochs: Positive = 10
    learning_rate: Annotated[Number, Field(gt=0.0)] = 1e-3
    early_stopping: EarlyStopping | None = EarlyStopping()
    batch_norm: Literal["frozen", "train"] = "frozen"
    l2: Annotated[Number, Field(ge=0.0)] = 0.0

    @model_validator(mode="after")
    def _statistics_need_all(self) -> "Stage":
        if self.batch_norm == "train" and self.unfreeze != "all":
            raise ValueError(
                "batch_norm: train puts the whole module in training mode, so it needs unfreeze: "
                "all; leave batch_norm out"
            )
        return self


DEFAULT_STAGES = (
    Stage(name="head", unfreeze="none", epochs=10, learning_rate=1e-3),
    # On 2,062 photos with MobileNet v1, 3e-4 passed 0.97 in its second epoch, where 1e-3 first
    # undid the pretraining (0.2) and 1e-4 would still have been on its way.
    Stage(name="full", unfreeze="all", epochs=10, learning_rate=3e-4),
)


class Finetune(Options):
    """The schedule and what all of its stages share."""

    stages: tuple[Stage, ...] = Field(default=DEFAULT_STAGES, min_length=1)
    batch_size: Positive = 32
    dropout: Annotated[Number, Field(ge=0.0, lt=1.0)] = 0.0
    # Each stage adds its number to it; NumPy and TensorFlow take 32 bits.
    seed: Annotated[Whole, Field(ge=0, lt=1 << 31)] = 0
    # Decoded images are kept between epochs: in memory up to this many MB, else on disk.
    cache_mb: Annotated[Whole, Field(ge=0)] = 1024

    @model_validator(mode="after")
    def _distinct_names(self) -> "Finetune":
        names = [stage.name for stage in self.stages]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"stage names must differ, but {twice[0]!r} stands twice; rename one")
        return self


class Evaluation(Options):
    """What the gate asks of a candidate, on the test split. Accuracies lie in [0, 1].

    Attributes:
        min_accuracy: the least accuracy over all images.
        min_class_accuracy: the least accuracy on the images of any one class.
        max_drop: how far below the baseline's the accuracy may lie.
        max_class_drop: the same for each class; a class has few images, so this is the wider one.
    """

    min_accuracy: Fraction = 0.5
    min_class_accuracy: Fraction = 0.0
    max_drop: Fraction = 0.02
    max_class_drop: Fraction = 0.2


class TrainerOptions(Options):
    """All that ``modules.trainer.run_fn`` needs, as one JSON object in ``custom_config``."""

    handle: str
    image: ImageSpec
    finetune: Finetune
