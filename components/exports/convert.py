"""Has a process of its own make each export, and judges whether it may be pushed."""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from components.records.model import ExportRecord
from components.subprocess_runner import run
from modules.rounding import share
from modules.text import printable

WORK = "components.exports.convert_worker"
JOB_FILE = "job.json"
DONE_FILE = "done.json"
_SECONDS = 900.0


def make(
    kind: str,
    job: dict[str, Any],
    folder: Path,
    min_agreement: float,
    seconds: float = _SECONDS,
    command: tuple[str, ...] = (),
) -> ExportRecord:
    """Makes one export. If it fails, the pipeline goes on without it.

    Args:
        kind: ``tflite_float16`` or ``tflite_int8``.
        job: as ``convert_worker.work`` takes it, without ``kind`` and ``file``.
        folder: to write to; afterwards it holds only what may be pushed.
        min_agreement: the least share of images on which it must give the model's label.
        seconds: after which the converter counts as hung.
        command: what to run instead of the worker, with the job's folder behind it.
    """
    file = folder / f"model_{kind.removeprefix('tflite_')}.tflite"
    with tempfile.TemporaryDirectory(prefix="thaw-export-") as name:
        whole_job = {**job, "kind": kind.removeprefix("tflite_"), "file": str(file)}
        Path(name, JOB_FILE).write_text(json.dumps(whole_job), encoding="utf-8")
        end = run(command or (sys.executable, "-m", WORK), Path(name), seconds)
        done = Path(name, DONE_FILE)
        comparison = json.loads(done.read_text(encoding="utf-8")) if done.is_file() else None
    if end.code is None:
        return _failed(kind, file, f"the converter gave no answer within {seconds:g} s")
    if end.code or comparison is None:
        said = end.signal or end.said or "no message"
        return _failed(kind, file, f"the converter ended with {end.code}: {said}")
    size = file.stat().st_size
    passed = comparison["agreement"] >= min_agreement
    agreement = share(comparison["agreement"], comparison["images"])
    reason = (
        f"gives the model's label on {agreement} of {comparison['images']} test images"
        f"{'' if passed else f', and must on {min_agreement:g} (push.min_agreement)'}"
    )
    if not passed:
        file.unlink()
    return ExportRecord(
        kind=kind, file=file.name, bytes=size, passed=passed, reason=reason, **comparison
    )


def _failed(kind: str, file: Path, reason: str) -> ExportRecord:
    file.unlink(missing_ok=True)
    return ExportRecord(kind=kind, file=file.name, passed=False, reason=printable(reason))
