"""Which schedule was trained, what each stage did, and which stage ships."""

from typing import Literal

from pydantic import AliasChoices, Field

from components.records.base import Interval, Record
from modules.settings import BatchNorm, Stage


class FactsRecord(Record):
    """What a schedule is chosen by."""

    images: int
    """How many training images there are."""
    classes: int
    """How many classes there are."""
    side: int
    """The longer side of the images that the backbone takes, in pixels."""
    blocks: int
    """How many of the backbone's blocks can be trained."""
    parameters: int
    """How many numbers these blocks hold."""


class ScheduleRecord(Record):
    """The schedule that was trained."""

    chosen_by: Literal["auto", "config", "warm_start"]
    """`warm_start` where training started from a served version and the stages are those of
    `finetune.warm_start`; else `auto` where Thaw chose them, `config` where they were listed."""
    facts: FactsRecord
    """What `auto` chooses the stages by."""
    stages: tuple[Stage, ...]
    """The stages, each with every key."""


class WarmStartRecord(Record):
    """What a training started from."""

    warm: bool
    """Whether it started from the weights of a served version."""
    version: int | None
    """The version that was served; null for none."""
    sha256: str
    """The digest of that version's weights and of their record, hexadecimal; empty where there
    were none."""
    reason: str
    """Why it is this version, or why the training started cold."""
    new_labels: tuple[str, ...] = ()
    """The classes that the version does not know; empty for a cold start."""
    removed_labels: tuple[str, ...] = ()
    """The classes that only the version knows; empty for a cold start."""

    @property
    def sentence(self) -> str:
        """The same in words."""
        return f"{'warm' if self.warm else 'cold'} start: {self.reason}"


class HeldOutRecord(Record):
    """A stage's best model on the validation split."""

    images: int
    """How many images the split has."""
    accuracy: float
    """The accuracy, in [0, 1]."""
    interval: Interval
    """The accuracy's interval of 95 %."""


class EarlierRecord(Record):
    """A stage's accuracy on the earlier images that ``data.earlier`` names."""

    images: int
    """How many earlier images there are."""
    before: float | None
    """The accuracy before the stage; null for a first stage whose head is untrained."""
    after: float
    """The accuracy after it."""


class StageRecord(Record):
    """What a stage trained, and how that went. The four lists hold a number for each epoch."""

    name: str
    """The stage's name."""
    blocks: tuple[str, ...]
    """The backbone's blocks that it unfroze."""
    trained_variables: tuple[str, ...]
    """Full names of the variables that were trained, the head's included."""
    parameters: int
    """How many numbers these variables hold."""
    batch_norm: BatchNorm
    """What became of BatchNorm, as configured."""
    epochs: int
    """How many epochs were trained."""
    seconds: float
    """How many seconds the training took, in all attempts."""
    best_epoch: int
    """The epoch whose weights the stage ends with, counted from 1."""
    stopped_by: Literal["epochs", "early_stopping"]
    """What ended the stage."""
    resumed: bool
    """Whether all or part of it comes from an attempt that was interrupted."""
    cache: Literal["embeddings", "activations", "none"]
    """Which output of the frozen part was kept for each image."""
    cache_reason: str
    """Why that output was kept, or none."""
    cache_mb: float
    """How large the kept outputs were, in MB (2^20 bytes)."""
    shipped: bool
    """Whether this stage's model is the one that is exported."""
    train_loss: tuple[float, ...]
    """The loss on the training images after each epoch."""
    train_accuracy: tuple[float, ...]
    """The accuracy on the training images after each epoch."""
    validation_loss: tuple[float, ...]
    """The loss on the validation split after each epoch."""
    validation_accuracy: tuple[float, ...]
    """The accuracy on the validation split after each epoch."""
    held_out: HeldOutRecord
    """The stage's best model on the validation split."""
    # Checkouts before 0.1.0 called it moved.
    weight_drift: dict[str, float] = Field(validation_alias=AliasChoices("weight_drift", "moved"))
    """By block, how far its weights are from the pretrained ones, as a share of their norm; blocks
    that did not change are left out."""
    earlier: EarlierRecord | None = None
    """The accuracy on earlier images; null where none are named."""


class ShippedRecord(Record):
    """Which stage ships, and whether unfreezing helped."""

    stage: str
    """The name of the stage that ships."""
    images: int
    """How many images the validation split has."""
    accuracy: float
    """The accuracy on them, in [0, 1]."""
    interval: Interval
    """The accuracy's interval of 95 %."""
    compared_with: str | None
    """The best of the first stages that unfreeze nothing, or else the best other stage; null where
    there is one stage alone."""
    gain: float | None
    """How much more accurate the shipped stage is; null where it is compared with none."""
    gain_interval: Interval | None
    """The gain's interval of 95 %; null likewise."""
    sentence: str
    """The same in words."""
