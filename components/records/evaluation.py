"""What an evaluation says beside its answers: what was compared, and on which golden set."""

import json
from dataclasses import asdict
from pathlib import Path

from modules.gate.verdict import Baseline

_FILE = "compared_with.json"
_GOLDEN_FILE = "golden.json"


def write_compared(folder: Path, baseline: Baseline) -> None:
    """Writes to an evaluation's folder what its candidate was compared with."""
    (folder / _FILE).write_text(json.dumps(asdict(baseline)), encoding="utf-8")


def read_compared(folder: Path) -> Baseline:
    """What ``write_compared`` wrote."""
    return Baseline(**json.loads((folder / _FILE).read_text(encoding="utf-8")))


def write_golden(folder: Path, fingerprint: str) -> None:
    """Writes to an evaluation's folder that it has answers to a golden set, and to which."""
    (folder / _GOLDEN_FILE).write_text(json.dumps({"fingerprint": fingerprint}), encoding="utf-8")


def read_golden(folder: Path) -> str:
    """The fingerprint of the golden set to which an evaluation has answers; empty for none."""
    try:
        return str(json.loads((folder / _GOLDEN_FILE).read_text(encoding="utf-8"))["fingerprint"])
    except FileNotFoundError:
        return ""
