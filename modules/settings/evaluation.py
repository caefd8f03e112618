"""What the gate asks."""

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from modules.settings.base import FiniteFloat, Fraction, Options, PositiveInt

_METRIC = re.compile(r"accuracy|ece|top_[1-9][0-9]*")


def _is_margin(value: object) -> object:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if value == "auto" or (number and 0 < float(value) < 1):  # type: ignore[arg-type]
        return value
    raise ValueError(f"got {value!r}, must be auto, or a number above 0 and below 1; change it")


Margin = Annotated[float | Literal["auto"], BeforeValidator(_is_margin)]


class Rule(Options):
    """One more rule of the gate. It has at least one bound.

    Attributes:
        metric: ``accuracy``; ``top_3`` and the like: the share of images whose class is among the
            three highest scores; ``ece``: how far confidence is from accuracy.
        slice: a feature of the images, such as ``brightness`` or a manifest's further column; the
            rule then holds for each of its values, or for each quarter of the images where it is a
            number. All images where it is left out; ``label`` for each class.
        min: the least value.
        max: the greatest.
        max_drop: how far below the baseline's the value may lie.
        max_rise: how far above it.
    """

    metric: str = "accuracy"
    slice: Annotated[str, Field(min_length=1)] | None = None
    min: Fraction | None = None
    max: Fraction | None = None
    max_drop: Fraction | None = None
    max_rise: Fraction | None = None

    @model_validator(mode="after")
    def _asks(self) -> "Rule":
        if not _METRIC.fullmatch(self.metric):
            raise ValueError(
                f"metric is {self.metric!r}, must be accuracy, ece or top_N; change it"
            )
        bounds = (self.min, self.max, self.max_drop, self.max_rise)
        if all(bound is None for bound in bounds):
            raise ValueError("a rule without a bound; give min, max, max_drop or max_rise")
        return self


class Override(Options):
    """A blessing whatever the rules say; the infra check is still asked.

    Attributes:
        by: who takes it upon himself.
        reason: why.
    """

    by: Annotated[str, Field(min_length=1)]
    reason: Annotated[str, Field(min_length=1)]


class Evaluation(Options):
    """What the gate asks of a candidate, on the test split. Accuracies lie in [0, 1].

    Attributes:
        require: ``not_worse``: the test must show that the candidate's accuracy is not lower than
            the baseline's by ``margin`` or more; ``better``: that it is higher.
        margin: of ``not_worse``; ``auto`` is 0.05 where the test images can show that, and with
            fewer of them the smallest that they can, 0.25 at most (``modules.gate.margins``).
        confidence: of that test, one-sided.
        min_examples: the least number of test images.
        min_accuracy: the least accuracy over all images.
        min_class_accuracy: the least accuracy on the images of any one class.
        no_skill: what becomes of a candidate that is not shown, by a paired test at ``confidence``,
            to be better than always answering the commonest class of the test images.
        zero_recall: what becomes of one that has no test image of a class right, where a class that
            is recognised half of the time would have, at ``slice_confidence``.
        max_drop: how far below the baseline's the accuracy may lie, as measured.
        max_class_drop: the same for each class, unless the fall is within noise.
        slice_confidence: how sure a test must be, one-sided, that a fall of a class or slice is
            no noise.
        rules: further ones.
        no_baseline: what becomes of a candidate when nothing is served yet: ``absolute_rules``
            alone are asked, or ``refuse``.
        unusable_baseline: the same when the served version cannot be evaluated.
        other_labels: with a baseline that knows other classes: compare on the images whose class
            is ``common`` to both, or ``set_aside`` the baseline, which makes it unusable.
        lost_classes: whether a class that the baseline knows may be unknown to the candidate.
    """

    require: Literal["not_worse", "better"] = "not_worse"
    margin: Margin = "auto"
    confidence: Annotated[FiniteFloat, Field(gt=0.5, le=0.999)] = 0.99
    min_examples: PositiveInt = 30
    min_accuracy: Fraction = 0.5
    min_class_accuracy: Fraction = 0.0
    no_skill: Literal["refuse", "allow"] = "refuse"
    zero_recall: Literal["refuse", "allow"] = "refuse"
    max_drop: Fraction = 0.02
    max_class_drop: Fraction = 0.2
    slice_confidence: Annotated[FiniteFloat, Field(gt=0.5, lt=1.0)] = 0.95
    rules: tuple[Rule, ...] = ()
    no_baseline: Literal["absolute_rules", "refuse"] = "absolute_rules"
    unusable_baseline: Literal["absolute_rules", "refuse"] = "absolute_rules"
    other_labels: Literal["common", "set_aside"] = "common"
    lost_classes: Literal["refuse", "allow"] = "refuse"

    @property
    def slices(self) -> tuple[str, ...]:
        """The features that rules go by, each once."""
        return tuple(dict.fromkeys(rule.slice for rule in self.rules if rule.slice))
