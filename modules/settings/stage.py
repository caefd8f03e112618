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
from modules.settings.loss import Loss, LossOptions
from modules.settings.optimization import (
    LearningRate,
    LearningRateOptions,
    Optimizer,
    OptimizerOptions,
)
from modules.settings.unfreeze import Unfreeze


class EarlyStopping(Options):
    """Ends a stage before its epochs are over."""

    monitor: Literal["loss", "accuracy"] = "loss"
    """The value on the validation split that must improve."""
    patience: PositiveInt = 3
    """How many epochs without improvement end the stage."""
    min_delta: NonNegativeFloat = 0.0
    """The least change that counts as an improvement."""


class BatchNorm(Options):
    """What becomes of the backbone's BatchNorm layers."""

    statistics: Literal["frozen", "update"] = "frozen"
    """`frozen` uses the stored means and variances and leaves them; `update` uses each batch's
    own and moves the stored ones, in the unfrozen blocks only."""
    affine: Literal["frozen", "train"] = "train"
    """`train` treats scales and offsets like any other variable of their block; `frozen` leaves
    them."""
    momentum: Annotated[FiniteFloat, Field(ge=0.0, lt=1.0)] = 0.99
    """The share of the stored statistics that each step of `update` keeps."""


# Words that YAML 1.1 reads as these values unless they are quoted.
_WORDS_OF_YAML = {False: "no, off or false", True: "yes, on or true", None: "null or ~"}


def _text_keys(value: object) -> object:
    """Makes labels texts again where YAML read numbers; refuses booleans and null.

    The number 7 was the label 7, but false may have been ``no``, ``off`` or ``false``.
    """
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
    """``augmentation: null`` augments nothing."""
    return {} if value is None else value


class Training(Options):
    """How to train. ``finetune`` sets this for all stages; a stage may set its own."""

    batch_size: Annotated[PositiveInt, Field(le=1 << 16)] = 32
    """The number of images in a step."""
    optimizer: Optimizer = OptimizerOptions()
    """The optimizer: a name, or a name and its options."""
    layer_decay: Annotated[FiniteFloat, Field(ge=0.01, le=1.0)] = 1.0
    """Each block's rate is the rate of the block after it times this; the head has the full
    rate, the last block this share of it (Clark et al. 2020, arXiv:2003.10555)."""
    early_stopping: EarlyStopping | None = EarlyStopping()
    """When a stage ends before its epochs are over; `null` for never. The weights of the best
    epoch by `monitor`, or by the loss for `null`, are kept either way."""
    batch_norm: BatchNorm = BatchNorm()
    """What becomes of the backbone's BatchNorm layers."""
    l2: NonNegativeFloat = 0.0
    """Half of this times the squared norm of the trained kernels is added to the loss; with
    `l2_sp`, of the head's kernels only."""
    l2_sp: NonNegativeFloat = 0.0
    """Half of this times the squared distance of the trained backbone variables from the
    pretrained ones is added to the loss (L2-SP, Li et al. 2018, arXiv:1802.01483)."""
    module_losses: bool = True
    """Whether the module's own `regularization_losses` are added, in stages that unfreeze some
    of it."""
    dropout: Annotated[FiniteFloat, Field(ge=0.0, lt=1.0)] = 0.0
    """The share of the backbone's outputs that is set to zero before the head, in training."""
    loss: Loss = LossOptions()
    """What is minimised: `cross_entropy`; or your own, `package.module:name`, or
    `{name: package.module:name}` with its arguments beside the name."""
    label_smoothing: Annotated[FiniteFloat, Field(ge=0.0, lt=1.0)] = 0.0
    """The share of each target that is spread over all classes (Szegedy et al. 2016,
    arXiv:1512.00567)."""
    class_weights: ClassWeights = "none"
    """The factor of each class's loss: `none`; `balanced`, the inverse of the class's share of
    the training images; or a weight by label, 1 for labels left out."""
    augmentation: Annotated[
        Augmentation,
        BeforeValidator(_nothing_is_none, json_schema_input_type=Augmentation | None),
    ] = Augmentation()
    """How training images are augmented; `null` for not at all."""
    cache: Literal["auto", "none"] = "auto"
    """`auto` keeps what the frozen part of the backbone computes for each image, where that is
    possible; `none` computes it in each epoch."""
    cached_variants: Annotated[Integer, Field(ge=0)] = 0
    """With augmentation, how many augmented variants of each image are kept and used in turn; 0
    makes new ones in every epoch and keeps nothing."""
    ema: Annotated[FiniteFloat, Field(gt=0.0, lt=1.0)] | None = None
    """The decay, per step, of a running mean of the trained weights; the mean is then evaluated
    and kept in place of the weights. `null` for none."""


def _plain(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.-]+", name):
        raise ValueError(
            f"got {name!r}, must consist of letters, digits, '_', '.' and '-'; rename it"
        )
    return name


class Stage(Training):
    """One stage: what it unfreezes, and how it trains. The head always trains."""

    name: Annotated[str, AfterValidator(_plain)]
    """The stage's name: letters, digits, `_`, `.` and `-`."""
    unfreeze: Unfreeze = "none"
    """Which blocks of the backbone train: `none`, `all`, `{last: N}`, `{fraction: x}` or
    `{match: [regex, ...]}`."""
    epochs: PositiveInt = 10
    """The most epochs that the stage trains."""
    learning_rate: LearningRate = LearningRateOptions(peak=1e-3)
    """The learning rate: a number, or a peak and how the rate rises to it and falls."""

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
