"""What a rule of the gate answers: in numbers, in words, and with a remedy."""

from dataclasses import asdict, dataclass
from typing import Any

from modules.rounding import rounded, significant
from modules.text import clipped

ALL = None  # the slice of all images
ACCURACY_ROUNDING = 1e-9  # accuracies are quotients of counts: less than one image


@dataclass(frozen=True, kw_only=True)
class RuleResult:
    """One rule's outcome.

    Attributes:
        name: of the rule.
        metric: what was measured.
        slice: of which images, None for all.
        value: the metric; of a rule that compares, its change from the baseline's.
        baseline: the baseline's metric, None for a rule that does not compare.
        bound: on ``value``, or on its interval's end for a test.
        n: how many images.
        interval: of ``value``, [low, high].
        passed: the outcome.
        reason: in words.
        remedy: what a person can do where the rule is broken.
    """

    name: str
    metric: str
    slice: str | None = ALL
    value: int | float | None = None
    baseline: int | float | None = None
    bound: int | float | None = None
    n: int = 0
    interval: tuple[float, float] | None = None
    passed: bool
    reason: str
    remedy: str

    def as_json(self) -> dict[str, Any]:
        """With as many digits as the images bear; ``remedy`` is empty where nothing is broken."""
        found = asdict(self)
        for key in ("value", "baseline"):
            if found[key] is not None:
                found[key] = self._shown(found[key])
        found["interval"] = self.interval and [self._shown(end) for end in self.interval]
        found["remedy"] = "" if self.passed else self.remedy
        return found

    def _shown(self, value: float) -> float:
        # What is no share of images, as a difference of scores, may be tiny.
        return significant(value) if self.metric == "scores" else rounded(value, self.n)

    def in_words(self, *, remedy: bool = True) -> str:
        """Of a broken rule: its name, what is wrong, and what can be done."""
        where = f" ({clipped(self.slice)})" if self.slice else ""
        return f"{self.name}{where}: {self.reason}" + (f"; {self.remedy}" if remedy else "")
