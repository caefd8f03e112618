"""The folder of versions that TensorFlow Serving watches: ``<serving_dir>/<number>/``."""

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

# Beside the model, where TensorFlow Serving looks for nothing but its warm-up requests.
NOTE = Path("assets.extra") / "thaw.json"
# Keys of the note that the caller of ``push`` gives.
RUN_ID = "run_id"
MODEL = "model"  # where the model came from


def list_versions(serving_dir: Path) -> list[int]:
    """The numbers of all versions, oldest first; none for a folder that is not there."""
    if not serving_dir.is_dir():
        return []
    return sorted(
        int(entry.name)
        for entry in serving_dir.iterdir()
        if entry.name.isascii() and entry.name.isdigit() and (entry / "saved_model.pb").is_file()
    )


def push(model: Path, serving_dir: Path, note: dict[str, Any]) -> int:
    """Copies a SavedModel into a new version and returns its number.

    The number is the time in seconds, or one more than the highest so far. The copy is made under
    a name that no server takes for a version, and renamed when it is whole: a reader never sees
    half a version.

    Args:
        model: the SavedModel's folder.
        serving_dir: made if it is missing.
        note: kept with the version, together with ``version`` and ``pushed_at`` (UTC).
    """
    serving_dir.mkdir(parents=True, exist_ok=True)
    version = max([int(time.time()), *(number + 1 for number in list_versions(serving_dir))])
    unfinished = serving_dir / f".{version}.{os.getpid()}.partial"
    try:
        shutil.copytree(model, unfinished)
        path = unfinished / NOTE
        path.parent.mkdir(exist_ok=True)
        pushed_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        path.write_text(
            json.dumps({**note, "version": version, "pushed_at": pushed_at}, indent=1),
            encoding="utf-8",
        )
        unfinished.rename(serving_dir / str(version))
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return version


def served_version(serving_dir: Path, model: str) -> int | None:
    """The newest version, if it was pushed from ``model``; None if it is another or none is there.

    Args:
        serving_dir: the folder of the versions.
        model: what the note says of its origin under ``MODEL``.
    """
    numbers = list_versions(serving_dir)
    if numbers and read_note(serving_dir, numbers[-1]).get(MODEL) == model:
        return numbers[-1]
    return None


def read_note(serving_dir: Path, version: int) -> dict[str, Any]:
    """What ``push`` was told of a version; empty for one that another program put there."""
    path = serving_dir / str(version) / NOTE
    if not path.is_file():
        return {}
    note = json.loads(path.read_text(encoding="utf-8"))
    return note if isinstance(note, dict) else {}
