"""What the gate decided, and why."""

from typing import Literal

from components.records.base import Record
from modules.gate.result import RuleResult
from modules.settings import Override


class ReferenceRecord(Record):
    """The model that the candidate was compared with."""

    version: int | None
    """The model's version; null where there was none, or where it has no number."""
    reason: str
    """Why it is this one, or why there is none."""


class GateRecord(Record):
    """The gate's verdict."""

    verdict: Literal["blessed", "refused", "forced"]
    """Whether the candidate may be pushed; `forced` where it may although it broke a rule."""
    sentence: str
    """The verdict and its reasons in one sentence."""
    n: int
    """How many test images there are."""
    baseline: ReferenceRecord
    """What the candidate was compared with."""
    rules: tuple[RuleResult, ...]
    """Every rule that was asked, in order."""
    forced: Override | None
    """Who forced the verdict, and why; null where nobody did."""

    @property
    def passed(self) -> bool:
        """Whether the candidate may be served."""
        return self.verdict != "refused"
