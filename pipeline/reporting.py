"""A run's outcome, for people."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from components.run_summary.summary import Summary
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
    lines += _about_data(summary)
    lines.append(
        f"{summary.seconds['total']:.0f} s, at most {summary.peak_rss_mb:.0f} MB; "
        f"summary: {shown(Root(config.root).summary)}"
    )
    return printable_lines(lines)


def _about_data(summary: Summary) -> list[str]:
    """What a person should know of the data.

    Files left out, classes that no test sees, and those that may be meant to be one.
    """
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
    for group in _alike(tested):
        lines.append(
            f"data: {' and '.join(map(repr, group))} are classes of their own, and differ in case, "
            "spaces or form alone; give them one name if they are one"
        )
    return lines


def _alike(labels: Iterable[str]) -> list[list[str]]:
    """Groups of labels that look the same."""
    groups: dict[str, list[str]] = defaultdict(list)
    for label in labels:
        # Compatible forms are one, as "ﬁ" and "fi": Unicode Standard Annex 15.
        groups[" ".join(unicodedata.normalize("NFKC", label).casefold().split())].append(label)
    return [group for group in groups.values() if len(group) > 1]
