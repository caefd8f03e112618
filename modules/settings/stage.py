"""One stage of the unfreeze schedule."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from modules.settings.augmentation import Augmentation
from modules.settings.base import (
    FiniteFloat,
    Integer,
    NonNegativeFloat,
    Options,
    PositiveFloat,
    PositiveInt,
)
from modules.settings.optimization import (
    LearningRate,
    LearningRateOptions,
    Optimizer,
    OptimizerOptions,
)
from modules.settings.unfreeze import Unfreeze


class EarlyStopping(Options):
    """Ends a stage when ``monitor`` has not moved by ``min_delta`` in ``patience`` epochs."""

    monitor: Literal["loss", "accuracy"] = "loss"
    patience: PositiveInt = 3
    min_delta: NonNegativeFloat = 0.0


class BatchNorm(Options):
    """What becomes of the backbone's BatchNorm layers.

    Attributes:
        statistics: ``frozen`` uses the stored means and variances and leaves them; ``update`` uses
            each batch's own and moves the stored ones, in the unfrozen blocks alone.
        affine: ``train`` treats scales and offsets as any other variable of their block;
            ``frozen`` leaves them.
        momentum: the share of the stored statistics that each step of ``update`` keeps.
    """

    statistics: Literal["frozen", "update"] = "frozen"
    affine: Literal["frozen", "train"] = "train"
    momentum: Annotated[FiniteFloat, Field(ge=0.0, lt=1.0)] = 0.99


# What YAML 1.1 makes other values of, if it is not quoted.
_WORDS_OF_YAML = {False: "no, off or false", True: "yes, on or true", None: "null or ~"}


def _text_keys(value: object) -> object:
    """YAML reads the label 7 as a number, which is told from no other; of ``no`` that cannot be."""
    if not isinstance(value, dict):
        return value
    for key in value:
        if key is None or isinstance(key, bool):
            raise ValueError(
                f"got the label {key}, as YAML reads {_WORDS_OF_YAML[key]}; if that is the label, "
                "quote it, as in {'no': 2}"
            )
    return {str(key): weight for key, weight in value.items()}


def _weights_form(value: object) -> str | None:
    if isinstance(value, dict):
        return "by_label"
    return "word" if value in ("none", "balanced") else None


ClassWeights = Annotated[
    Annotated[Literal["none", "balanced"], Tag("word")]
    | Annotated[dict[str, PositiveFloat], BeforeValidator(_text_keys), Tag("by_label")],
    Discriminator(
        _weights_form,
        custom_error_type="class_weights",
        custom_error_message="must be none, balanced or {label: weight, ...}",
    ),
]


def _nothing_is_none(value: object) -> object:
    """``augmentation: null`` varies nothing."""
    return {} if value is None else value


class Training(Options):
    """How to train. ``finetune`` says it for all stages; a stage may say otherwise.

    Attributes:
        batch_size: images in a step.
        optimizer: a name, or a name and its options.
        layer_decay: what the rate is multiplied with from block to block towards the input; the
            head has the full rate, the last block the first power (Clark et al. 2020,
            arXiv:2003.10555).
        early_stopping: when a stage ends before its epochs are over; null for never.
        batch_norm: what becomes of BatchNorm.
        l2: half of it times the squared norm of the trained kernels is added to the loss; with
            ``l2_sp``, of the head's alone.
        l2_sp: half of it times the squared distance of the trained backbone variables from the
            pretrained ones is added to the loss (L2-SP, Li et al. 2018, arXiv:1802.01483).
        module_losses: whether the module's own ``regularization_losses`` are added, in stages that
            unfreeze any of it.
        dropout: the share of the backbone's outputs that is set to zero in training.
        label_smoothing: the share of each target that is spread over all classes (Szegedy et al.
            2016, arXiv:1512.00567).
        class_weights: what each class's loss is multiplied with: ``none``; ``balanced``, the
            inverse of its share of the training images; or a weight by label, 1 for the others.
        augmentation: how training images are varied.
        cache: whether what the frozen part of the backbone makes of each image is kept (``auto``,
            where it can be) or made anew in each epoch (``none``).
        cached_variants: with an augmentation that varies images, how many variations of each are
            kept and taken in turn; 0 for new ones in every epoch, which leaves nothing to keep.
        ema: the decay, per step, of a running mean of the trained weights that takes their place
            when the stage is evaluated and ends; null for none.
    """

    batch_size: Annotated[PositiveInt, Field(le=1 << 16)] = 32
    optimizer: Optimizer = OptimizerOptions()
    layer_decay: Annotated[FiniteFloat, Field(ge=0.01, le=1.0)] = 1.0
    early_stopping: EarlyStopping | None = EarlyStopping()
    batch_norm: BatchNorm = BatchNorm()
    l2: NonNegativeFloat = 0.0
    l2_sp: NonNegativeFloat = 0.0
    module_losses: bool = True
    dropout: Annotated[FiniteFloat, Field(ge=0.0, lt=1.0)] = 0.0
    label_smoothing: Annotated[FiniteFloat, Field(ge=0.0, lt=1.0)] = 0.0
    class_weights: ClassWeights = "none"
    augmentation: Annotated[Augmentation, BeforeValidator(_nothing_is_none)] = Augmentation()
    cache: Literal["auto", "none"] = "auto"
    cached_variants: Annotated[Integer, Field(ge=0)] = 0
    ema: Annotated[FiniteFloat, Field(gt=0.0, lt=1.0)] | None = None


def _plain(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.-]+", name):
        raise ValueError(f"got {name!r}, must be of letters, digits, '_', '.' and '-'; rename it")
    return name


class Stage(Training):
    """One stage: what it unfreezes, for how long, how fast, and how. The head always trains."""

    name: Annotated[str, AfterValidator(_plain)]
    unfreeze: Unfreeze = "none"
    epochs: PositiveInt = 10
    learning_rate: LearningRate = LearningRateOptions(peak=1e-3)

    @model_validator(mode="after")
    def _warm_up_ends(self) -> "Stage":
        if self.learning_rate.warmup_epochs > self.epochs:
            raise ValueError(
                f"learning_rate.warmup_epochs is {self.learning_rate.warmup_epochs:g}, more than "
                f"the stage's {self.epochs} epochs; shorten it"
            )
        return self


def with_defaults(stage: Any, defaults: dict[str, Any]) -> Any:
    """A stage as it was read, with what it leaves out taken from ``finetune``."""
    return {**defaults, **stage} if isinstance(stage, dict) else stage
