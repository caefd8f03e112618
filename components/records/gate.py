"""What the gate decided, and why."""

import json
from pathlib import Path
from typing import Any, Literal

from components.records.base import Record
from components.records.baseline import BaselineChoice
from modules.gate.result import RuleResult
from modules.settings import Override
from modules.text import as_json

_FILE = "gate.json"


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


def write_gate(folder: Path, gate: dict[str, Any], choice: BaselineChoice) -> None:
    """Writes a verdict and the baseline's choice to a blessing's folder.

    Args:
        folder: of the ModelBlessing.
        gate: the fields of ``GateRecord``, as ``Verdict.as_json`` gives them.
        choice: which model the candidate was compared with.
    """
    text = as_json({"gate": gate, "choice": choice.as_text()}, indent=1)
    (folder / _FILE).write_text(text, encoding="utf-8")


def read_gate(folder: Path) -> tuple[GateRecord, BaselineChoice]:
    """The verdict and the baseline's choice that ``write_gate`` wrote."""
    record = json.loads((folder / _FILE).read_text(encoding="utf-8"))
    return GateRecord.model_validate(record["gate"]), BaselineChoice.of_text(record["choice"])
