"""The report of an ingestion: counts by split and class, and every image that was left out."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.image_example_gen.records import ChunkReport
from modules import features
from modules.errors import InputError
from modules.text import as_json

REPORT_FILE = "ingestion.json"
QUARANTINE_FILE = "quarantine.jsonl"


def merge(chunk_reports: Iterable[ChunkReport]) -> ChunkReport:
    """What became of all chunks; ``bad`` is sorted by path."""
    whole = ChunkReport()
    for one in chunk_reports:
        for key, count in one.counts.items():
            whole.counts[key] += count
        whole.bad += one.bad
        whole.bytes_read += one.bytes_read
        whole.bytes_written += one.bytes_written
    whole.bad.sort(key=lambda row: (row["path"], row["reason"]))
    return whole


@dataclass(frozen=True)
class Files:
    """Where the report goes, as JSON, and what was left out, as JSON lines."""

    report: Path
    quarantine: Path


def summarize(whole: ChunkReport, files: Files) -> dict[str, Any]:
    """The report, for JSON and for the run's summary.

    Returns:
        ``images``: split to label to count, both sorted; ``bytes_read`` and ``bytes_written``, of
        images and of records; ``quarantined``: ``by_reason``, counts, and ``list``, the path.
    """
    counts = whole.counts
    labels = sorted({label for split, label in counts if split in features.SPLITS and label})
    images = {split: {label: counts[split, label] for label in labels} for split in features.SPLITS}
    earlier = {label: n for (split, label), n in counts.items() if split == features.EARLIER and n}
    if earlier:
        images[features.EARLIER] = dict(sorted(earlier.items()))
    return {
        "images": images,
        "bytes_read": whole.bytes_read,
        "bytes_written": whole.bytes_written,
        "quarantined": {"by_reason": by_reason(whole.bad), "list": str(files.quarantine)},
    }


def by_reason(bad: Iterable[dict[str, str]]) -> dict[str, int]:
    """How many were left out for each kind of reason, the most frequent first."""
    kinds = Counter(row["reason"].partition(":")[0] for row in bad)
    return dict(sorted(kinds.items(), key=lambda pair: (-pair[1], pair[0])))


def write(whole: ChunkReport, told: dict[str, int], files: Files) -> None:
    """Writes the report, with what else is told, and the list of what was left out."""
    lines = (as_json(row) + "\n" for row in whole.bad)
    files.quarantine.write_text("".join(lines), encoding="utf-8")
    text = as_json({**summarize(whole, files), **told}, indent=1)
    files.report.write_text(text, encoding="utf-8")


def check_bad(files: Files, max_bad_fraction: float) -> None:
    """Refuses data of which too much cannot be used.

    Args:
        files: what ``write`` wrote.
        max_bad_fraction: in [0, 1].

    Raises:
        InputError: with the counts, when a greater share of the images was left out.
    """
    report = json.loads(files.report.read_text(encoding="utf-8"))
    kinds = report["quarantined"]["by_reason"]
    bad = sum(kinds.values())
    total = bad + sum(sum(counts.values()) for counts in report["images"].values())
    if bad <= max_bad_fraction * total:
        return
    with files.quarantine.open(encoding="utf-8") as lines:
        first = json.loads(next(lines))
    counts = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    raise InputError(
        f"data.path: {bad} of {total} files cannot be used ({counts}; such as {first['path']}: "
        f"{first['reason']}), and data.max_bad_fraction allows {max_bad_fraction:g}; remove "
        "them or raise it"
    )
