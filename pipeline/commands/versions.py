"""The pushed versions, for people and for JSON, and what a person does with them."""

import getpass
import json
import os
from pathlib import Path
from typing import Any

from components.records.summary import SUMMARY_FILE
from components.serving import pins, versions
from components.serving.restore import restore
from components.serving.rollback import rollback
from modules import model_layout
from modules.rounding import share
from modules.text import printable_lines
from pipeline.config import Config
from pipeline.root import Root, shown


def pushed(config: Config) -> list[dict[str, Any]]:
    """All versions that were pushed, oldest first: those in the serving folder, and withdrawn ones.

    Returns:
        For each ``version``, ``pushed_at`` (UTC), ``run_id``, ``metrics`` (the candidate's, or null
        where no summary is left), ``pinned``, ``serving``: true for the one with the highest number
        in the serving folder, which TensorFlow Serving takes, and ``withdrawn``: null, or ``at``
        (UTC), ``by`` and ``restorable``, whether ``thaw restore`` can bring it back.
    """
    there = versions.list_versions(config.serving_dir)
    rows = [
        _row(config, config.serving_dir, number) | {"serving": number == there[-1]}
        for number in there
    ]
    whole = versions.restorable(config.serving_dir)
    for note in versions.withdrawn(config.serving_dir):
        number = note["version"]
        rows.append(
            _row(config, config.serving_dir / versions.WITHDRAWN, number)
            | {
                "serving": False,
                "withdrawn": {
                    "at": note[versions.WITHDRAWN_AT],
                    "by": note[versions.WITHDRAWN_BY],
                    "restorable": number in whole,
                },
            }
        )
    return sorted(rows, key=lambda row: int(row["version"]))


def _row(config: Config, folder: Path, number: int) -> dict[str, Any]:
    note = versions.read_note(folder, number)
    run_id = note.get(versions.RUN_ID)
    with_it = folder / str(number) / model_layout.EXTRA / SUMMARY_FILE
    of_run = Root(config.root).summary_of(run_id) if run_id else None
    return {
        "version": number,
        "pushed_at": note.get("pushed_at"),
        "run_id": run_id,
        "metrics": _metrics(with_it) or (_metrics(of_run) if of_run else None),
        "pinned": number in versions.pinned(config.serving_dir),
        "withdrawn": None,
    }


def _metrics(summary: Path) -> Any:
    """The candidate's, of a summary that any release may have written; None if there is none."""
    try:
        return json.loads(summary.read_text(encoding="utf-8"))["metrics"]["candidate"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def as_text(found: list[dict[str, Any]]) -> str:
    """The versions, a line each, and below them those that were withdrawn."""
    lines = [f"{'version':<12} {'pushed at':<22} {'run':<24} {'accuracy':<9}"]
    there = [row for row in found if not row["withdrawn"]]
    for row in there:
        metrics = row["metrics"]
        accuracy = _accuracy(metrics["overall"]) if metrics else "unknown"
        marks = [mark for mark in ("serving", "pinned") if row[mark]]
        lines.append(
            f"{row['version']:<12} {row['pushed_at'] or 'unknown':<22} "
            f"{row['run_id'] or 'unknown':<24} {accuracy:<9} {', '.join(marks)}".rstrip()
        )
    if not there:
        lines = ["no version has been pushed yet" if not found else "no version is there"]
    for row in found:
        if row["withdrawn"]:
            by, at = row["withdrawn"]["by"] or "unknown", row["withdrawn"]["at"] or "unknown"
            back = (
                f"thaw restore {row['version']} brings it back"
                if row["withdrawn"]["restorable"]
                else "no model is left of it"
            )
            lines.append(f"{row['version']} was withdrawn by {by}, {at}; {back}")
    return printable_lines(lines)


def _accuracy(overall: dict[str, Any]) -> str:
    """With as many digits as its images bear; a summary of another release may not count them."""
    return share(overall["accuracy"], overall.get("images", 1000))


def roll_back(config: Config, version: int | None, by: str | None = None) -> str:
    """Makes an earlier version the newest; says what became of the others.

    Args:
        config: names the serving folder.
        version: which; the one before the newest if None.
        by: who does it; the operating system's user if None.

    Raises:
        InputError: as ``components.serving.rollback`` says; ``StageError`` likewise.
    """
    by = _user() if by is None else by
    done = rollback(config.serving_dir, version, by=by)
    return (
        f"version {done.version} is the newest in {shown(config.serving_dir)}; withdrawn by {by}: "
        f"{', '.join(map(str, done.withdrawn))}; thaw restore VERSION brings one back"
    )


def bring_back(config: Config, version: int, by: str | None = None) -> str:
    """Brings back a version that was withdrawn; says what is served now.

    Args:
        config: names the serving folder.
        version: which.
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
        f"what is served; thaw rollback {version} would withdraw what came after it"
    )


def pin(config: Config, version: int, *, remove: bool = False) -> str:
    """Pins a version, or takes its pin off; says so.

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
