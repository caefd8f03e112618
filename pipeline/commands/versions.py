"""``thaw versions``, ``rollback``, ``restore`` and ``pin``, and the lines that they print."""

import getpass
import os
from collections.abc import Sequence
from pathlib import Path

from components.records.base import Interval, Record
from components.records.model import GoldenRecord, ScoreRecord, ScoresRecord
from components.records.summary import SUMMARY_FILE, golden_in, scores_in
from components.serving import pins, versions
from components.serving.restore import restore
from components.serving.rollback import rollback
from modules import model_layout
from modules.rounding import share
from modules.text import printable_lines
from pipeline.configuration.config import Config
from pipeline.state.root import Root, shown


class Withdrawal(Record):
    """How a version was withdrawn."""

    at: str | None
    """When it was withdrawn, UTC; null where that is not known."""
    by: str | None
    """Who withdrew it; null likewise."""
    restorable: bool
    """Whether `thaw restore` can bring it back."""


class GoldenAccuracy(Record):
    """How a version did on the golden set of its time."""

    accuracy: float
    """The accuracy, in [0, 1]."""
    interval: Interval
    """Its interval of 95 %."""
    images: int
    """How many images the set had."""
    fingerprint: str
    """The set's digest; figures of different sets cannot be compared."""


class PushedVersion(Record):
    """A version that was pushed."""

    version: int
    """The version's number."""
    pushed_at: str | None
    """When it was pushed, UTC; null where that is not known."""
    run_id: str | None
    """The run that pushed it; null likewise."""
    metrics: ScoresRecord | None
    """The accuracy on the test images; null where no summary that can be read is left."""
    golden: GoldenAccuracy | None = None
    """The accuracy on the golden set; null where there was none, or no such summary is left."""
    pinned: bool
    """Whether it stays, however many are pushed after it."""
    withdrawn: Withdrawal | None = None
    """How it was withdrawn; null for a version that is in the serving folder."""
    serving: bool = False
    """Whether it has the highest number there, which TensorFlow Serving loads."""


def pushed(config: Config) -> list[PushedVersion]:
    """Returns all versions that were pushed, by number, withdrawn ones included."""
    folder = config.serving_dir
    present = versions.list_versions(folder)
    served = present[-1] if present else None
    rows = [_row(config, folder, number, is_served=number == served) for number in present]
    restorable = versions.restorable(folder)
    for note in versions.withdrawn(folder):
        number = note["version"]
        withdrawal = Withdrawal(
            at=note[versions.WITHDRAWN_AT],
            by=note[versions.WITHDRAWN_BY],
            restorable=number in restorable,
        )
        rows.append(_row(config, folder / versions.WITHDRAWN, number, withdrawal))
    return sorted(rows, key=lambda row: row.version)


def _row(
    config: Config,
    folder: Path,
    number: int,
    withdrawn: Withdrawal | None = None,
    *,
    is_served: bool = False,
) -> PushedVersion:
    note = versions.read_note(folder, number)
    run_id = note.get(versions.RUN_ID)
    of_version = folder / str(number) / model_layout.EXTRA / SUMMARY_FILE
    of_run = Root(config.root).summary_of(run_id) if run_id else None
    golden = golden_in(of_version) or (golden_in(of_run) if of_run else None)
    return PushedVersion(
        version=number,
        pushed_at=note.get("pushed_at"),
        run_id=run_id,
        metrics=scores_in(of_version) or (scores_in(of_run) if of_run else None),
        golden=_golden(golden) if golden else None,
        pinned=number in versions.pinned(config.serving_dir),
        withdrawn=withdrawn,
        serving=is_served,
    )


def _golden(record: GoldenRecord) -> GoldenAccuracy:
    return GoldenAccuracy(
        **dict(record.candidate), images=record.images, fingerprint=record.fingerprint
    )


def as_text(rows: Sequence[PushedVersion]) -> str:
    """The versions, a line each, and below them those that were withdrawn.

    There is a column for the golden set where a version was judged by one.
    """
    has_golden = any(row.golden for row in rows)
    title = f"{'golden':<9}" if has_golden else ""
    lines = [f"{'version':<12} {'pushed at':<22} {'run':<24} {'accuracy':<9} {title}".rstrip()]
    present = [row for row in rows if not row.withdrawn]
    for row in present:
        accuracy = _accuracy(row.metrics.overall) if row.metrics else "unknown"
        golden = _accuracy(row.golden) if row.golden else "unknown"
        accuracy = f"{accuracy:<9} {golden:<9}" if has_golden else accuracy
        marks = [mark for mark in ("serving", "pinned") if getattr(row, mark)]
        lines.append(
            f"{row.version:<12} {row.pushed_at or 'unknown':<22} "
            f"{row.run_id or 'unknown':<24} {accuracy:<9} {', '.join(marks)}".rstrip()
        )
    if not present:
        lines = ["no version is there" if rows else "no version has been pushed yet"]
    for row in rows:
        if row.withdrawn:
            by, at = row.withdrawn.by or "unknown", row.withdrawn.at or "unknown"
            remedy = (
                f"thaw restore {row.version} brings it back"
                if row.withdrawn.restorable
                else "no model is left of it"
            )
            lines.append(f"{row.version} was withdrawn by {by}, {at}; {remedy}")
    return printable_lines(lines)


def _accuracy(score: ScoreRecord | GoldenAccuracy) -> str:
    """With as many digits as the number of its images supports."""
    return share(score.accuracy, score.images)


def roll_back(config: Config, version: int | None, by: str | None = None) -> str:
    """Makes an earlier version the newest; returns a line on what happened to the others.

    Args:
        config: names the serving folder.
        version: the version's number; None for the one before the newest.
        by: who does it; the operating system's user if None.

    Raises:
        InputError: as ``components.serving.rollback`` says; ``StageError`` likewise.
    """
    by = _user() if by is None else by
    done = rollback(config.serving_dir, version, by=by)
    return (
        f"version {done.version} is the newest in {shown(config.serving_dir)}; withdrawn by {by}: "
        f"{', '.join(map(str, done.withdrawn))}; thaw restore {shown(config.file)} VERSION brings "
        "one back"
    )


def bring_back(config: Config, version: int, by: str | None = None) -> str:
    """Restores a version that was withdrawn; returns a line on what is served now.

    Args:
        config: names the serving folder.
        version: the version's number.
        by: who does it; the operating system's user if None.

    Raises:
        InputError: as ``components.serving.restore`` says; ``StageError`` likewise.
    """
    by = _user() if by is None else by
    done = restore(config.serving_dir, version, by=by)
    where = shown(config.serving_dir)
    if done.newest == version:
        return f"version {version} is back, by {by}, and the newest in {where}"
    return (
        f"version {version} is back, by {by}, but {done.newest} is newer in {where} and stays "
        f"what is served; thaw rollback {shown(config.file)} {version} would withdraw what came "
        "after it"
    )


def pin(config: Config, version: int, *, remove: bool = False) -> str:
    """Pins or unpins a version; returns a line that says so.

    Raises:
        InputError: as ``components.serving.pins`` says; ``StageError`` likewise.
    """
    if remove:
        pins.unpin(config.serving_dir, version)
        return f"version {version} in {shown(config.serving_dir)} is no longer pinned"
    pins.pin(config.serving_dir, version)
    return f"version {version} in {shown(config.serving_dir)} is pinned: no push removes it"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # In a container, a user may have no name.
        return f"user {os.getuid()}"
