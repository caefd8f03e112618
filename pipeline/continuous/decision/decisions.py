"""The file of a root in which each decision of ``thaw retrain`` is a line of JSON."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from components.disk import sync
from components.records.base import Interval, Record
from components.records.summary import Status
from modules.errors import InputError
from modules.text import as_json

MAX_BYTES = 10_000_000  # of the file; then it is rotated, in place of the one before it
_CHUNK = 1 << 16  # bytes, several decisions
Part = Literal["whole", "older"]


class TrainingSpan(Record):
    """A span that a model is trained on."""

    span: int
    """The span's number."""
    version: int
    """Its version; 0 where the path has no place for one."""
    fingerprint: str
    """Digest of the images' names, labels, contents and splits, hexadecimal."""
    part: Part
    """`whole`; `older` for the part that `data.window.older` keeps of it."""


class FinishedRun(Record):
    """A run that a decision asked for, and that went through to its end."""

    run_id: str
    """The run."""
    status: Status
    """`pushed`, `rejected` or `unchanged`."""
    spans: tuple[TrainingSpan, ...]
    """What it was to train on."""


class TriggerResult(Record):
    """What has become of a trigger."""

    name: str
    """As in `retrain.when`, with the feature behind a dot for `drift`; `nothing_served` for a root
    without a served version, which needs no trigger."""
    value: int | float | None
    """What was measured: images, spans, seconds, an accuracy or a distance; null where it cannot be
    known."""
    bound: int | float | None
    """What it is compared with; null where there is no such number."""
    met: bool
    """Whether training is due by it."""
    sentence: str
    """The same in words, or why the value cannot be known."""
    interval: Interval | None = None
    """The interval of 95 % of an accuracy; null for other values."""


class Decision(Record):
    """Whether `thaw retrain` trains, and why."""

    time: str
    """When it was made, in UTC."""
    answer: Literal["yes", "no"]
    """Whether a training is due."""
    sentence: str
    """Why."""
    triggers: tuple[TriggerResult, ...] = ()
    """Each trigger; none where a span was invalid, which ends the run before."""
    spans: tuple[TrainingSpan, ...] = ()
    """What a model would be trained on now."""
    new_spans: tuple[int, ...] = ()
    """Those of them that no pushed version and no finished run has been trained on."""
    served_version: int | None = None
    """The version that is served; null for none."""
    run_id: str | None = None
    """The run that trains; null where none is due, and for a dry run."""
    finished: FinishedRun | None = None
    """The latest run that a decision asked for and that has ended; null for none."""


def rotated(path: Path) -> Path:
    """The path to which the file is rotated when it is full."""
    return path.with_name(f"{path.stem}.1{path.suffix}")


def append(path: Path, decision: Decision, max_bytes: int = MAX_BYTES) -> None:
    """Adds a line, which is on the disk when this returns; the root must be held.

    Raises:
        OSError: when the file cannot be written; it is as it was, but for a part of a line, which
            ``repair`` removes.
    """
    repair(path)
    line = (as_json(decision.model_dump(mode="json")) + "\n").encode()
    if path.exists() and path.stat().st_size + len(line) > max_bytes:
        path.replace(rotated(path))
    is_new = not path.exists()
    with path.open("ab", buffering=0) as file:
        size = file.tell()
        try:
            if file.write(line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(file.fileno())
        except OSError:
            os.truncate(path, size)
            raise
    if is_new:
        sync(path.parent)


def repair(path: Path) -> str:
    """Makes the file end with a whole line; the root must be held.

    A last line that a kill has cut off is completed if it lacks only its line break, and removed
    otherwise.

    Returns:
        A sentence on a line that was removed; empty for none.

    Raises:
        OSError: when the file cannot be written.
    """
    _, torn = _end(path)
    if not torn:
        return ""
    if _is_decision(torn):
        with path.open("ab") as file:
            file.write(b"\n")
        return ""
    os.truncate(path, path.stat().st_size - len(torn))
    return (
        f"{path.name}: the last line was cut off when it was written, before anything was done "
        f"about it; its {len(torn)} bytes are removed"
    )


def last_decision(path: Path) -> Decision | None:
    """The latest decision whose line is whole; None where none was made. Reads the file's end.

    Raises:
        InputError: when that line is no decision.
    """
    for file in (path, rotated(path)):
        whole, torn = _end(file)
        line = torn if _is_decision(torn) else whole
        if line:
            return _read(line, file)
    return None


def read_decisions(path: Path) -> Iterator[Decision]:
    """All decisions that are kept, the earliest first.

    A last line that is not whole is left out.

    Raises:
        InputError: when another line is no decision.
    """
    for file in (rotated(path), path):
        try:
            with file.open("rb") as lines:
                for line in lines:
                    if line.endswith(b"\n") or _is_decision(line):
                        yield _read(line, file)
        except FileNotFoundError:
            continue


def _end(path: Path) -> tuple[bytes, bytes]:
    """The last whole line of a file, and what comes after it; both without line breaks."""
    end = b""
    try:
        with path.open("rb") as file:
            start = file.seek(0, os.SEEK_END)
            while start and end.count(b"\n") < 2:
                before, start = start, max(0, start - _CHUNK)
                file.seek(start)
                end = file.read(before - start) + end
    except FileNotFoundError:
        return b"", b""
    whole, _, torn = end.rpartition(b"\n")
    return whole.rpartition(b"\n")[2], torn


def _is_decision(line: bytes) -> bool:
    try:
        Decision.model_validate_json(line)
    except ValidationError:
        return False
    return True


def _read(line: bytes, file: Path) -> Decision:
    try:
        return Decision.model_validate_json(line)
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]
        where = ".".join(map(str, wrong["loc"])) or "the line"
        raise InputError(
            f"root: a line of {file} is no decision of this release ({where}: {wrong['msg']}); "
            "move the file away, and thaw retrain begins another"
        ) from None
