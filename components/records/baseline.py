"""Which model a candidate is to be compared with: Baseline chooses it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

_FILE = "baseline.json"


@dataclass(frozen=True)
class BaselineChoice:
    """Which model a candidate is to be compared with.

    Attributes:
        version: its number; None for none, and for a folder that is no version.
        folder: the SavedModel; empty for none.
        reason: why it is this one, or why there is none.
    """

    version: int | None
    folder: str
    reason: str

    def as_text(self) -> str:
        """JSON, the same for the same choice: TFX's cache goes by it."""
        return json.dumps(asdict(self), sort_keys=True)

    @staticmethod
    def of_text(text: str) -> "BaselineChoice":
        """The choice that ``as_text`` wrote."""
        return BaselineChoice(**json.loads(text))


def write_choice(folder: Path, choice: str) -> None:
    """Writes a choice, as ``BaselineChoice.as_text`` gives it, to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _FILE).write_text(choice, encoding="utf-8")


def read_choice(folder: Path) -> BaselineChoice:
    """The choice that ``write_choice`` wrote."""
    return BaselineChoice.of_text((folder / _FILE).read_text(encoding="utf-8"))
