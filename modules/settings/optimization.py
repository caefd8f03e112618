"""Optimizers and learning rates."""

from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, Field, model_validator

from modules.settings.base import FiniteFloat, Fraction, NonNegativeFloat, Options, PositiveFloat

OptimizerName = Literal["adam", "adamw", "sgd"]
OPTIMIZERS: tuple[str, ...] = get_args(OptimizerName)


def _by_name(value: object) -> object:
    """A word is an optimizer with all of its defaults."""
    if isinstance(value, str):
        if value not in OPTIMIZERS:
            *others, last = OPTIMIZERS
            raise ValueError(f"got {value!r}, must be {', '.join(others)} or {last}; change it")
        return {"name": value}
    return value


class OptimizerOptions(Options):
    """Which optimizer: Adam, AdamW or SGD with momentum."""

    name: OptimizerName = "adam"
    """`adam` (Kingma and Ba 2015), `adamw` (Loshchilov and Hutter 2019), or `sgd` with
    momentum."""
    weight_decay: NonNegativeFloat | None = None
    """AdamW's weight decay, 0.01 if left out; it is multiplied by the rate, and spares biases
    and normalisation."""
    momentum: Annotated[FiniteFloat, Field(ge=0.0, lt=1.0)] | None = None
    """SGD's momentum, 0.9 if left out."""
    nesterov: bool | None = None
    """Whether SGD uses Nesterov's momentum; it does not if left out."""

    @model_validator(mode="after")
    def _own_keys(self) -> "OptimizerOptions":
        own = {"adam": set[str](), "adamw": {"weight_decay"}, "sgd": {"momentum", "nesterov"}}
        set_keys = {key for key, value in self if value is not None} - {"name"}
        for key in sorted(set_keys - own[self.name]):
            raise ValueError(f"{self.name} has no {key}; leave it out or take another optimizer")
        return self


Optimizer = Annotated[
    OptimizerOptions,
    BeforeValidator(_by_name, json_schema_input_type=OptimizerName | OptimizerOptions),
]


def _constant(value: object) -> object:
    """A number is a rate that stays."""
    if isinstance(value, str):  # YAML reads 1e-3, without a point, as text.
        try:
            value = float(value)
        except ValueError:
            raise ValueError(
                f"got {value!r}, must be a number or {{peak: number, ...}}; change it"
            ) from None
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not value > 0:
            raise ValueError(f"got {value}, must be greater than 0; change it")
        return {"peak": value}
    return value


class LearningRateOptions(Options):
    """A learning rate over a stage. Numbers of epochs may be fractions."""

    peak: Annotated[FiniteFloat, Field(ge=1e-12)]
    """The highest rate."""
    warmup_epochs: NonNegativeFloat = 0.0
    """How many epochs the rate rises to the peak, in a straight line."""
    decay: Literal["constant", "cosine", "step"] = "constant"
    """How the rate falls after the peak: not at all; by a cosine to `floor` at the stage's last
    step; or by `step_factor` every `step_epochs`."""
    floor: Fraction = 0.0
    """The rate at the stage's last step with `cosine`, as a share of the peak."""
    step_epochs: PositiveFloat | None = None
    """The length of each step with `step`, counted from the stage's start."""
    step_factor: Annotated[FiniteFloat, Field(gt=0.0, lt=1.0)] | None = None
    """The factor of each step with `step`, 0.1 if left out."""

    @model_validator(mode="after")
    def _steps_have_a_length(self) -> "LearningRateOptions":
        if (self.decay == "step") != (self.step_epochs is not None):
            raise ValueError("decay: step and step_epochs go together; give both or neither")
        if self.step_factor is not None and self.decay != "step":
            raise ValueError("step_factor belongs to decay: step; leave it out")
        if self.floor and self.decay != "cosine":
            raise ValueError("floor belongs to decay: cosine; leave it out")
        return self


LearningRate = Annotated[
    LearningRateOptions,
    BeforeValidator(_constant, json_schema_input_type=PositiveFloat | LearningRateOptions),
]
