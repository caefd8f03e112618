"""What a candidate was compared with, and whether Evaluator could evaluate that model."""

import json
from dataclasses import asdict
from pathlib import Path

from modules.gate.verdict import Baseline

_FILE = "compared_with.json"


def write_compared(folder: Path, baseline: Baseline) -> None:
    """Writes to an evaluation's folder what its candidate was compared with."""
    (folder / _FILE).write_text(json.dumps(asdict(baseline)), encoding="utf-8")


def read_compared(folder: Path) -> Baseline:
    """What ``write_compared`` wrote."""
    return Baseline(**json.loads((folder / _FILE).read_text(encoding="utf-8")))
