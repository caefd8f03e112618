"""What the gate decided, and why."""

from typing import Literal

from components.records.base import Record
from modules.gate.result import RuleResult
from modules.settings import Override


class ReferenceRecord(Record):
    """The model that the candidate was compared with.

    Attributes:
        version: its version; null where there was none, or where it has no number.
        reason: why it is this one, or why there is none.
    """

    version: int | None
    reason: str


class GateRecord(Record):
    """The gate's verdict.

    Attributes:
        verdict: whether the candidate may be pushed; ``forced`` where it may although it broke a
            rule.
        sentence: the reason.
        n: how many test images there are.
        baseline: what the candidate was compared with.
        rules: every rule that was asked, in order.
        forced: who forced the verdict, and why; null where nobody did.
    """

    verdict: Literal["blessed", "refused", "forced"]
    sentence: str
    n: int
    baseline: ReferenceRecord
    rules: tuple[RuleResult, ...]
    forced: Override | None

    @property
    def passed(self) -> bool:
        """Whether the candidate may be served."""
        return self.verdict != "refused"
