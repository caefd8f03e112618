"""The report of an ingestion: counts by split and class, and every file that was left out."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from components.image_example_gen.records import ChunkReport
from modules import features
from modules.errors import InputError

REPORT_FILE = "ingestion.json"


def merge(chunk_reports: Iterable[ChunkReport]) -> dict[str, Any]:
    """The whole report, for JSON.

    Returns:
        ``splits``: split to label to count, both sorted; ``bad``: a list of ``path``, ``reason``
        and ``sha256``, sorted by path.
    """
    counts: Counter[tuple[str, str]] = Counter()
    bad: list[dict[str, str]] = []
    for one in chunk_reports:
        for key, count in one.counts.items():
            counts[key] += count
        bad += one.bad
    labels = sorted({label for split, label in counts if split in features.SPLITS})
    splits = {split: {label: counts[split, label] for label in labels} for split in features.SPLITS}
    earlier = {label: n for (split, label), n in counts.items() if split == features.EARLIER}
    if earlier:
        splits[features.EARLIER] = dict(sorted(earlier.items()))
    return {
        "splits": splits,
        "bad": sorted(bad, key=lambda row: row["path"]),
    }


def check_bad(report: dict[str, Any], max_bad_fraction: float) -> None:
    """Refuses data of which too much cannot be used.

    Raises:
        InputError: when the share of unusable files is above ``max_bad_fraction``.
    """
    good = sum(sum(by_label.values()) for by_label in report["splits"].values())
    bad = len(report["bad"])
    if bad > max_bad_fraction * (good + bad):
        first = report["bad"][0]
        raise InputError(
            f"data.path: {bad} of {good + bad} files cannot be used ({first['path']}: "
            f"{first['reason']}), and data.max_bad_fraction allows {max_bad_fraction:g}; remove "
            "them or raise it"
        )
