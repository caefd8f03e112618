"""Which schedule was trained, what each stage did, and which stage ships."""

from typing import Literal

from components.records.base import Interval, Record
from modules.settings import BatchNorm, Stage


class FactsRecord(Record):
    """What a schedule is chosen by.

    Attributes:
        images: training images.
        classes: how many there are.
        side: the longer side of the images that the backbone takes, in pixels.
        blocks: how many of the backbone's blocks can be trained.
        parameters: how many numbers these blocks hold.
    """

    images: int
    classes: int
    side: int
    blocks: int
    parameters: int


class ScheduleRecord(Record):
    """The schedule that was trained.

    Attributes:
        chosen_by: ``auto`` where Thaw chose the stages; ``config`` where they were listed.
        facts: what ``auto`` chooses by.
        stages: the stages, with every key.
    """

    chosen_by: Literal["auto", "config"]
    facts: FactsRecord
    stages: tuple[Stage, ...]


class HeldOutRecord(Record):
    """A stage's best model on the validation split.

    Attributes:
        images: how many there are.
        accuracy: in [0, 1].
        interval: of the accuracy.
    """

    images: int
    accuracy: float
    interval: Interval


class EarlierRecord(Record):
    """A stage's accuracy on the earlier images that ``data.earlier`` names.

    Attributes:
        images: how many there are.
        before: the accuracy before the stage; null for a first stage, whose head is untrained.
        after: the accuracy after it.
    """

    images: int
    before: float | None
    after: float


class StageRecord(Record):
    """What a stage trained, and how that went. The four lists hold a number for each epoch.

    Attributes:
        name: the stage's.
        blocks: the backbone's blocks that it unfroze.
        trained_variables: full names, the head's included.
        parameters: how many numbers these variables hold.
        batch_norm: as configured.
        epochs: how many were trained.
        seconds: how long that took, in all attempts.
        best_epoch: counted from 1; the stage ends with its weights.
        stopped_by: what ended the stage.
        resumed: whether all or part of it comes from an attempt that was interrupted.
        cache: which output of the frozen part was kept for each image.
        cache_reason: why.
        cache_mb: how large it was, in MB (2^20 bytes).
        shipped: whether this stage's model is the one that is exported.
        train_loss: of each epoch.
        train_accuracy: likewise.
        validation_loss: likewise.
        validation_accuracy: likewise.
        held_out: its best model on the validation split.
        moved: by block, how far its weights are from the pretrained ones, as a share of their norm;
            blocks that did not change are left out.
        earlier: its accuracy on earlier images; null where none are named.
    """

    name: str
    blocks: tuple[str, ...]
    trained_variables: tuple[str, ...]
    parameters: int
    batch_norm: BatchNorm
    epochs: int
    seconds: float
    best_epoch: int
    stopped_by: Literal["epochs", "early_stopping"]
    resumed: bool
    cache: Literal["embeddings", "activations", "none"]
    cache_reason: str
    cache_mb: float
    shipped: bool
    train_loss: tuple[float, ...]
    train_accuracy: tuple[float, ...]
    validation_loss: tuple[float, ...]
    validation_accuracy: tuple[float, ...]
    held_out: HeldOutRecord
    moved: dict[str, float]
    earlier: EarlierRecord | None = None


class ShippedRecord(Record):
    """Which stage ships, and whether unfreezing helped.

    Attributes:
        stage: its name.
        images: of the validation split.
        accuracy: on them, in [0, 1].
        interval: of the accuracy.
        compared_with: the best stage of the pretrained backbone, or else the best other stage; null
            where there is one stage alone.
        gain: how much more accurate the shipped stage is; null likewise.
        gain_interval: of the gain; null likewise.
        sentence: the same in words.
    """

    stage: str
    images: int
    accuracy: float
    interval: Interval
    compared_with: str | None
    gain: float | None
    gain_interval: Interval | None
    sentence: str
