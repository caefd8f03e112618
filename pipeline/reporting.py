"""A run's outcome and the pushed versions, for people and for JSON."""

from pathlib import Path
from typing import Any

from components.pusher import versions
from components.run_summary.summary import Summary, read_summary
from modules import features
from modules.text import printable_lines
from pipeline.config import Config
from pipeline.root import Root, shown


def outcome(summary: Summary, config: Config) -> str:
    """A few lines that say what a run came to."""
    lines = []
    if summary.status == "pushed":
        lines.append(f"pushed version {summary.model_version} to {shown(summary.serving_dir)}")
    elif summary.status == "unchanged":
        where = shown(summary.serving_dir)
        lines.append(f"unchanged: nothing to do; version {summary.model_version} is in {where}")
    else:
        lines.append("rejected: nothing was pushed")
    if summary.shipped:
        lines.append(f"schedule: {summary.shipped['sentence']}")
    if summary.gate:
        lines.append(f"gate: {summary.gate['sentence']}")
    if summary.infra and not summary.infra["passed"]:
        lines.append(f"infra check: {'; '.join(summary.infra['problems'])}")
    lines += _about_data(summary)
    lines.append(
        f"{summary.seconds['total']:.0f} s, at most {summary.peak_rss_mb:.0f} MB; "
        f"summary: {shown(Root(config.root).summary)}"
    )
    return printable_lines(lines)


def _about_data(summary: Summary) -> list[str]:
    """What a person should know of the data: files left out, and classes that no test sees."""
    lines = []
    quarantined = summary.data.get("quarantined", {})
    kinds = quarantined.get("by_reason", {})
    if kinds:
        counts = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
        lines.append(
            f"data: {sum(kinds.values())} could not be used ({counts}); all are named in "
            f"{shown(Path(quarantined['list']))}"
        )
    tested = summary.data.get("images", {}).get(features.TEST, {})
    unseen = [label for label, count in tested.items() if count == 0]
    if unseen:
        lines.append(
            f"data: the gate sees nothing of {', '.join(map(repr, unseen))}, for the test split "
            "holds no such image; add images"
        )
    return lines


def pushed_versions(config: Config) -> list[dict[str, Any]]:
    """The versions in the serving folder, oldest first.

    Returns:
        For each ``version``, ``pushed_at`` (UTC), ``run_id`` and ``metrics`` (the candidate's, or
        null where the run's summary is gone).
    """
    root = Root(config.root)
    found = []
    for number in versions.list_versions(config.serving_dir):
        note = versions.read_note(config.serving_dir, number)
        run_id = note.get("run_id")
        summary = read_summary(root.summary_of(run_id)) if run_id else None
        found.append(
            {
                "version": number,
                "pushed_at": note.get("pushed_at"),
                "run_id": run_id,
                "metrics": summary.metrics["candidate"] if summary else None,
            }
        )
    return found


def versions_table(found: list[dict[str, Any]]) -> str:
    """The versions as text, a line each."""
    if not found:
        return "no version has been pushed yet"
    lines = [f"{'version':<12} {'pushed at':<22} {'run':<24} accuracy"]
    for row in found:
        metrics = row["metrics"]
        accuracy = f"{metrics['overall']['accuracy']:.4f}" if metrics else "unknown"
        lines.append(
            f"{row['version']:<12} {row['pushed_at'] or 'unknown':<22} "
            f"{row['run_id'] or 'unknown':<24} {accuracy}"
        )
    return printable_lines(lines)
