"""What the gate asks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from modules.plugins import is_reference
from modules.settings.base import FiniteFloat, Fraction, Options, PositiveInt
from modules.settings.golden import GoldenSet

# The metrics that Thaw has; N stands for a whole number from 1. ``modules.gate.metrics`` says what
# each of them is.
METRICS = ("accuracy", "top_N", "ece")


def metric_form(name: str) -> tuple[str, int]:
    """A metric's form in ``METRICS`` and its number: ``("top_N", 3)`` for ``top_3``.

    The number is 0 where the form has none. A name of no form is returned as it is.
    """
    for form in METRICS:
        match = re.fullmatch(form.replace("N", "([1-9][0-9]*)"), name)
        if match:
            return form, int(match[1]) if match.groups() else 0
    return name, 0


@dataclass(frozen=True)
class Bound:
    """A kind of bound that a rule may have.

    Attributes:
        key: of ``Rule``.
        compares: whether it bounds the change from the baseline's value, or else the value.
        is_upper: whether it bounds from above.
    """

    key: str
    compares: bool
    is_upper: bool


BOUNDS = (
    Bound("min", compares=False, is_upper=False),
    Bound("max", compares=False, is_upper=True),
    Bound("max_drop", compares=True, is_upper=False),
    Bound("max_rise", compares=True, is_upper=True),
)


def _is_margin(value: object) -> object:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if value == "auto" or (number and 0 < float(value) < 1):  # type: ignore[arg-type]
        return value
    raise ValueError(f"got {value!r}, must be auto, or a number above 0 and below 1; change it")


Margin = Annotated[
    float | Literal["auto"],
    BeforeValidator(
        _is_margin,
        json_schema_input_type=Annotated[float, Field(gt=0.0, lt=1.0)] | Literal["auto"],
    ),
]


class Rule(Options):
    """A further rule of the gate. It has at least one bound."""

    metric: str = "accuracy"
    """`accuracy`; `top_N`, the share of images whose class is among the N highest scores;
    `ece`, how far confidence is from accuracy; or your own, `package.module:name`."""
    slice: Annotated[str, Field(min_length=1)] | None = None
    """A feature of the images, such as `brightness` or a manifest's further column. The rule
    then holds for each of its values, or, if it is a number, for each quarter of the images;
    `label` for each class. All images if left out."""
    min: Fraction | None = None
    """The lowest value that passes."""
    max: Fraction | None = None
    """The highest value that passes."""
    max_drop: Fraction | None = None
    """How far the value may lie below the baseline's."""
    max_rise: Fraction | None = None
    """How far the value may lie above the baseline's."""

    @model_validator(mode="after")
    def _asks(self) -> "Rule":
        if metric_form(self.metric)[0] not in METRICS and not is_reference(self.metric):
            raise ValueError(
                f"metric is {self.metric!r}, must be {', '.join(METRICS)} or package.module:name; "
                "change it"
            )
        if not any(True for compares in (False, True) for _ in self.bounds(compares=compares)):
            keys = [bound.key for bound in BOUNDS]
            raise ValueError(f"the rule has no bound; give {', '.join(keys[:-1])} or {keys[-1]}")
        return self

    def bounds(self, *, compares: bool) -> Iterator[tuple[Bound, float]]:
        """The bounds that the rule has, on a value or on its change, each with its number."""
        for bound in BOUNDS:
            number = getattr(self, bound.key)
            if bound.compares == compares and number is not None:
                yield bound, number


class Override(Options):
    """A blessing whatever the rules say; the infra check must still pass."""

    by: Annotated[str, Field(min_length=1)]
    """Who takes responsibility."""
    reason: Annotated[str, Field(min_length=1)]
    """Why."""


class Evaluation(Options):
    """What the gate asks of a candidate, on the test split. Accuracies lie in [0, 1]."""

    require: Literal["not_worse", "better"] = "not_worse"
    """`not_worse`: the test must show that the candidate's accuracy is not lower than the
    baseline's by `margin` or more; `better`: that it is higher."""
    margin: Margin = "auto"
    """The margin of `not_worse`. `auto` is 0.05 if the test images can show that, and with
    fewer images the smallest that they can show, 0.25 at most."""
    confidence: Annotated[FiniteFloat, Field(gt=0.5, le=0.999)] = 0.99
    """The one-sided confidence of the test against the baseline."""
    min_examples: PositiveInt = 30
    """The least number of test images."""
    min_accuracy: Fraction = 0.5
    """The lowest accuracy over all test images."""
    min_class_accuracy: Fraction = 0.0
    """The lowest accuracy on the test images of any one class."""
    no_skill: Literal["refuse", "allow"] = "refuse"
    """What becomes of a candidate if a paired test at `confidence` does not show that it is
    better than always naming the commonest class of the test images."""
    zero_recall: Literal["refuse", "allow"] = "refuse"
    """What becomes of a candidate that gets no test image of a class right, if a class that is
    recognised half of the time would have one right, at `slice_confidence`."""
    max_drop: Fraction = 0.02
    """How far the measured accuracy may lie below the baseline's."""
    max_class_drop: Fraction = 0.2
    """How far the accuracy of a class may lie below the baseline's, unless noise explains the
    fall."""
    slice_confidence: Annotated[FiniteFloat, Field(gt=0.5, lt=1.0)] = 0.95
    """The one-sided confidence at which a test must show that the fall of a class or slice is
    no noise."""
    rules: tuple[Rule, ...] = ()
    """Further rules."""
    golden: GoldenSet | None = None
    """A fixed set of images by which every model is judged, and on which none is trained; a path
    alone means `{path: PATH}`."""
    golden_accuracy: Fraction = 0.5
    """The lowest accuracy over all golden images; asked only if there is a golden set."""
    golden_drop: Fraction = 0.02
    """How far the measured accuracy on the golden images may lie below the baseline's; asked only
    if there is a golden set."""
    no_baseline: Literal["absolute_rules", "refuse"] = "absolute_rules"
    """What happens while nothing is served: `absolute_rules` applies only the rules that need
    no baseline; `refuse` refuses the candidate."""
    unusable_baseline: Literal["absolute_rules", "refuse"] = "absolute_rules"
    """The same if the served version cannot be evaluated."""
    other_labels: Literal["common", "set_aside"] = "common"
    """What happens if the baseline knows other classes: `common` compares on the images of the
    classes that both know; `set_aside` treats the baseline as unusable."""
    lost_classes: Literal["refuse", "allow"] = "refuse"
    """Whether the candidate may lack a class that the baseline knows; with `data.window`, `thaw
    schema remove` names the classes that it may lack."""

    def rules_alone(self) -> "Evaluation":
        """The same without the golden set: where it lies is no part of what is asked."""
        return self.model_copy(update={"golden": None})

    @property
    def slices(self) -> tuple[str, ...]:
        """The features that rules go by, each once."""
        return tuple(dict.fromkeys(rule.slice for rule in self.rules if rule.slice))

    @property
    def plugins(self) -> dict[str, str]:
        """References to a user's own code, with the keys that name them."""
        metrics = {rule.metric for rule in self.rules if is_reference(rule.metric)}
        golden = self.golden.plugins if self.golden else {}
        return {**dict.fromkeys(sorted(metrics), "evaluation.rules"), **golden}
