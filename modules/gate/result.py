"""What a rule of the gate answers: in numbers, in words, and with a remedy."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

from pydantic import ConfigDict

from modules.rounding import rounded, significant
from modules.text import clipped

Kind = Literal["value", "change", "test", "difference", "condition"]
ALL = None  # the slice of all images
ACCURACY_ROUNDING = 1e-9  # accuracies are quotients of counts: less than one image


@dataclass(frozen=True, kw_only=True)
class RuleResult:
    """One rule's outcome; the gate's record has it as it is."""

    __pydantic_config__ = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    name: str
    """The rule's name."""
    kind: Kind = "value"
    """What the rule asks: whether a value, or its change from the baseline's, keeps a bound; what
    a statistical test of both models shows; how far two sets of scores are apart; or whether a
    condition holds."""
    metric: str
    """What was measured."""
    slice: str | None = ALL
    """The images that it was measured on; null for all."""
    value: int | float | None = None
    """The metric; of a rule that compares, its change from the baseline's; null where the images
    give it no value."""
    baseline: int | float | None = None
    """The baseline's metric; null for a rule that does not compare."""
    bound: int | float | None = None
    """The bound on `value`, or on the end of its interval for a test."""
    n: int = 0
    """How many images there are."""
    interval: tuple[float, float] | None = None
    """The interval of `value`: low, high."""
    passed: bool
    """Whether the rule is kept."""
    reason: str
    """What was measured and what the rule asks, in words."""
    remedy: str
    """What a person can do; empty in records where the rule is kept."""

    def as_json(self) -> dict[str, Any]:
        """With as many digits as the images support; ``remedy`` is empty if the rule is kept."""
        fields = asdict(self)
        for key in ("value", "baseline"):
            fields[key] = self._shown(fields[key])
        ends = [self._shown(end) for end in self.interval or (None, None)]
        fields["interval"] = None if None in (*ends, fields["value"]) else ends
        fields["remedy"] = "" if self.passed else self.remedy
        return fields

    def _shown(self, value: float | None) -> float | None:
        if value is None or not math.isfinite(
            value
        ):  # Of a user's own metric. JSON has no such numbers.
            return None
        # A difference of scores is no share of images, and may be tiny.
        return significant(value) if self.kind == "difference" else rounded(value, self.n)

    def in_words(self, *, remedy: bool = True) -> str:
        """Of a broken rule: its name, what is wrong, and what can be done."""
        where = f" ({clipped(self.slice)})" if self.slice else ""
        return f"{self.name}{where}: {self.reason}" + (f"; {self.remedy}" if remedy else "")
