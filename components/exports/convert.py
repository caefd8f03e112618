"""Has a process of its own make each export, and decides whether it may be pushed."""

import json
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from components.subprocess_runner import run
from modules.rounding import share
from modules.text import printable

WORK = "components.exports.convert_worker"
JOB_FILE = "job.json"
DONE_FILE = "done.json"
EXPORTS_FILE = "exports.json"
_SECONDS = 900.0


@dataclass(frozen=True)
class Export:
    """One export.

    Attributes:
        kind: ``tflite_float16`` or ``tflite_int8``.
        file: its name.
        bytes: its size; 0 where there is none.
        images: on how many it was held against the model.
        agreement: on what share of them it gives the model's label, None where it was not come to.
        max_difference: between two scores, likewise.
        passed: whether it is pushed.
        reason: in words.
    """

    kind: str
    file: str
    bytes: int
    images: int
    agreement: float | None
    max_difference: float | None
    passed: bool
    reason: str


def make(
    kind: str,
    job: dict[str, Any],
    folder: Path,
    min_agreement: float,
    seconds: float = _SECONDS,
    command: tuple[str, ...] = (),
) -> Export:
    """Makes one export; whatever becomes of it, the pipeline goes on.

    Args:
        kind: ``tflite_float16`` or ``tflite_int8``.
        job: as ``work.work`` takes it, without ``kind`` and ``file``.
        folder: to write to; it holds nothing afterwards that may not be pushed.
        min_agreement: the least share of images on which it must give the model's label.
        seconds: after which the converter counts as hung.
        command: what to run instead of the worker, with the job's folder behind it.
    """
    file = folder / f"model_{kind.removeprefix('tflite_')}.tflite"
    with tempfile.TemporaryDirectory(prefix="thaw-export-") as name:
        told = {**job, "kind": kind.removeprefix("tflite_"), "file": str(file)}
        Path(name, JOB_FILE).write_text(json.dumps(told), encoding="utf-8")
        end = run(command or (sys.executable, "-m", WORK), Path(name), seconds)
        answer = Path(name, DONE_FILE)
        found = json.loads(answer.read_text(encoding="utf-8")) if answer.is_file() else None
    if end.code is None:
        return _failed(kind, file, f"the converter gave no answer within {seconds:g} s")
    if end.code or found is None:
        said = end.signal or end.said or "no message"
        return _failed(kind, file, f"the converter ended with {end.code}: {said}")
    size = file.stat().st_size
    passed = found["agreement"] >= min_agreement
    agreement = share(found["agreement"], found["images"])
    reason = (
        f"gives the model's label on {agreement} of {found['images']} test images"
        f"{'' if passed else f', and must on {min_agreement:g} (push.min_agreement)'}"
    )
    if not passed:
        file.unlink()
    return Export(kind, file.name, size, passed=passed, reason=reason, **found)


def _failed(kind: str, file: Path, reason: str) -> Export:
    file.unlink(missing_ok=True)
    return Export(kind, file.name, 0, 0, None, None, passed=False, reason=printable(reason))


def write(folder: Path, exports: list[Export]) -> None:
    """Writes beside the files what is known of them."""
    text = json.dumps([asdict(one) for one in exports], indent=1)
    (folder / EXPORTS_FILE).write_text(text, encoding="utf-8")


def read(folder: Path) -> list[dict[str, Any]]:
    """What ``write`` wrote."""
    found = json.loads((folder / EXPORTS_FILE).read_text(encoding="utf-8"))
    assert isinstance(found, list)
    return found
