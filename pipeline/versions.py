"""The pushed versions, for people and for JSON, and what a person does with them."""

import getpass
import json
import os
from pathlib import Path
from typing import Any

from components.pusher import pins, versions
from components.pusher.rollback import rollback
from components.run_summary.summary import SUMMARY_FILE
from modules.rounding import share
from modules.text import printable_lines
from pipeline.config import Config
from pipeline.root import Root, shown


def pushed(config: Config) -> list[dict[str, Any]]:
    """The versions in the serving folder, oldest first.

    Returns:
        For each ``version``, ``pushed_at`` (UTC), ``run_id``, ``metrics`` (the candidate's, or null
        where no summary is left), ``pinned``, and ``serving``: true for the one with the highest
        number, which TensorFlow Serving takes.
    """
    root = Root(config.root)
    numbers = versions.list_versions(config.serving_dir)
    pinned = versions.pinned(config.serving_dir)
    found = []
    for number in numbers:
        note = versions.read_note(config.serving_dir, number)
        run_id = note.get(versions.RUN_ID)
        with_it = config.serving_dir / str(number) / versions.EXTRA / SUMMARY_FILE
        metrics = _metrics(with_it) or (_metrics(root.summary_of(run_id)) if run_id else None)
        found.append(
            {
                "version": number,
                "pushed_at": note.get("pushed_at"),
                "run_id": run_id,
                "metrics": metrics,
                "pinned": number in pinned,
                "serving": number == numbers[-1],
            }
        )
    return found


def _metrics(summary: Path) -> Any:
    """The candidate's, of a summary that any release may have written; None if there is none."""
    try:
        return json.loads(summary.read_text(encoding="utf-8"))["metrics"]["candidate"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def as_text(config: Config, found: list[dict[str, Any]]) -> str:
    """The versions, a line each, and below them those that were withdrawn."""
    lines = [f"{'version':<12} {'pushed at':<22} {'run':<24} {'accuracy':<9}"]
    for row in found:
        metrics = row["metrics"]
        accuracy = _accuracy(metrics["overall"]) if metrics else "unknown"
        marks = [mark for mark in ("serving", "pinned") if row[mark]]
        lines.append(
            f"{row['version']:<12} {row['pushed_at'] or 'unknown':<22} "
            f"{row['run_id'] or 'unknown':<24} {accuracy:<9} {', '.join(marks)}".rstrip()
        )
    if not found:
        lines = ["no version has been pushed yet"]
    lines += [
        f"{note['version']} was withdrawn by {note[versions.WITHDRAWN_BY] or 'unknown'}, "
        f"{note[versions.WITHDRAWN_AT] or 'unknown'}"
        for note in versions.withdrawn(config.serving_dir)
    ]
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
        InputError: as ``components.pusher.rollback`` says; ``StageError`` likewise.
    """
    by = _user() if by is None else by
    done = rollback(config.serving_dir, version, by=by)
    return (
        f"version {done.version} is the newest in {shown(config.serving_dir)}; withdrawn by {by}: "
        f"{', '.join(map(str, done.withdrawn))}"
    )


def pin(config: Config, version: int, *, remove: bool = False) -> str:
    """Pins a version, or takes its pin off; says so.

    Raises:
        InputError: as ``components.pusher.pins`` says; ``StageError`` likewise.
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
