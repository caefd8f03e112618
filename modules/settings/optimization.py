"""Optimizers and learning rates."""

import contextlib
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from modules.settings.base import FiniteFloat, Fraction, NonNegativeFloat, Options, PositiveFloat

OPTIMIZERS = ("adam", "adamw", "sgd")


def _by_name(value: object) -> object:
    """A word is an optimizer with all of its defaults."""
    if isinstance(value, str):
        if value not in OPTIMIZERS:
            raise ValueError(f"got {value!r}, must be {', '.join(OPTIMIZERS)}; change it")
        return {"name": value}
    return value


class OptimizerOptions(Options):
    """Which optimizer.

    Attributes:
        name: Adam (Kingma and Ba 2015), AdamW (Loshchilov and Hutter 2019) or SGD with momentum.
        weight_decay: AdamW's, 0.01 where it is left out; times the rate, and not for biases and
            normalisation.
        momentum: SGD's, 0.9 where it is left out.
        nesterov: whether SGD looks ahead; it does not where it is left out.
    """

    name: Literal["adam", "adamw", "sgd"] = "adam"
    weight_decay: NonNegativeFloat | None = None
    momentum: Annotated[FiniteFloat, Field(ge=0.0, lt=1.0)] | None = None
    nesterov: bool | None = None

    @model_validator(mode="after")
    def _own_keys(self) -> "OptimizerOptions":
        own = {"adam": set[str](), "adamw": {"weight_decay"}, "sgd": {"momentum", "nesterov"}}
        given = {key for key, value in self if value is not None} - {"name"}
        for key in sorted(given - own[self.name]):
            raise ValueError(f"{self.name} has no {key}; leave it out or take another optimizer")
        return self


Optimizer = Annotated[OptimizerOptions, BeforeValidator(_by_name)]


def _constant(value: object) -> object:
    """A number is a rate that stays."""
    if isinstance(value, str):  # YAML reads 1e-3, without a point, as text.
        with contextlib.suppress(ValueError):
            value = float(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not value > 0:
            raise ValueError(f"got {value}, must be greater than 0; change it")
        return {"peak": value}
    return value


class LearningRateOptions(Options):
    """A learning rate over a stage; epochs may be fractions.

    Attributes:
        peak: the highest rate.
        warmup_epochs: how long it rises to the peak, in a straight line.
        decay: how it falls afterwards.
        floor: where a cosine ends at the stage's last step, as a share of the peak.
        step_epochs: how long each step lasts, counted from the stage's start.
        step_factor: what each step multiplies the rate with, 0.1 where it is left out.
    """

    peak: Annotated[FiniteFloat, Field(ge=1e-12)]
    warmup_epochs: NonNegativeFloat = 0.0
    decay: Literal["constant", "cosine", "step"] = "constant"
    floor: Fraction = 0.0
    step_epochs: PositiveFloat | None = None
    step_factor: Annotated[FiniteFloat, Field(gt=0.0, lt=1.0)] | None = None

    @model_validator(mode="after")
    def _steps_have_a_length(self) -> "LearningRateOptions":
        if (self.decay == "step") != (self.step_epochs is not None):
            raise ValueError("decay: step and step_epochs go together; give both or neither")
        if self.step_factor is not None and self.decay != "step":
            raise ValueError("step_factor belongs to decay: step; leave it out")
        if self.floor and self.decay != "cosine":
            raise ValueError("floor belongs to decay: cosine; leave it out")
        return self


LearningRate = Annotated[LearningRateOptions, BeforeValidator(_constant)]
