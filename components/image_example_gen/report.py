"""The report of an ingestion: counts by split and class, and every image that was left out."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.image_example_gen import bad_files, one_color
from components.image_example_gen.image_file import ImageFile
from components.image_example_gen.records import CHANGED, ChunkReport
from components.image_example_gen.shard_writers import Written
from components.records.data import OneColorRecord
from modules import features
from modules.errors import InputError
from modules.images.shard_labels import split_of
from modules.text import as_json, clipped, counted

QUARANTINE_FILE = "quarantine.jsonl"


def merge(chunk_reports: Iterable[ChunkReport]) -> ChunkReport:
    """What became of all chunks; ``bad`` and ``one_color`` are sorted by path."""
    whole = ChunkReport()
    for chunk in chunk_reports:
        for key, count in chunk.counts.items():
            whole.counts[key] += count
        whole.formats += chunk.formats
        whole.bad += chunk.bad
        whole.one_color += chunk.one_color
        whole.bytes_read += chunk.bytes_read
        whole.bytes_written += chunk.bytes_written
        whole.written.add(chunk.written)
        whole.older.add(chunk.older)
    whole.bad.sort(key=lambda row: (row["path"], row["reason"]))
    whole.one_color.sort(key=lambda row: row["path"])
    return whole


@dataclass(frozen=True)
class Files:
    """Where the report goes, as JSON, and what was left out, as JSON lines."""

    report: Path
    quarantine: Path

    @property
    def one_color(self) -> Path:
        """Where images of one colour are listed."""
        return self.quarantine.with_name(one_color.LIST_FILE)


def summarize(whole: ChunkReport, files: Files) -> dict[str, Any]:
    """The report, for JSON and for the run's summary.

    Returns:
        ``images``: split to label to count, both sorted; ``formats``: format to count;
        ``bytes_read`` and ``bytes_written``, of images and of records; ``quarantined``:
        ``by_reason``, counts, and ``list``, the path; ``one_color``, as
        ``one_color.summarize`` has it; ``older``, as ``images``, of those in the older part, if
        there is one.
    """
    counts = whole.counts
    labels = sorted({label for split, label in counts if split in features.SPLITS and label})
    images = {split: {label: counts[split, label] for label in labels} for split in features.SPLITS}
    golden = {label: n for (split, label), n in counts.items() if split == features.GOLDEN}
    if golden:  # Of a golden set, nothing is in another split.
        images = {features.GOLDEN: dict(sorted(golden.items()))}
    earlier = {label: n for (split, label), n in counts.items() if split == features.EARLIER and n}
    if earlier:
        images[features.EARLIER] = dict(sorted(earlier.items()))
    older = _counts(whole.older)
    of_older = {
        split: {label: older[split, label] for label in labels if older[split, label]}
        for split in features.SPLITS
    }
    return {
        "images": images,
        "formats": dict(sorted(whole.formats.items())),
        **({"older": of_older} if whole.older.labels else {}),
        "bytes_read": whole.bytes_read,
        "bytes_written": whole.bytes_written,
        "quarantined": {
            "by_reason": bad_files.by_reason(row["reason"] for row in whole.bad),
            "list": str(files.quarantine),
        },
        "one_color": one_color.summarize(whole.one_color, files.one_color).model_dump(mode="json"),
    }


def _counts(written: Written) -> Counter[tuple[str, str]]:
    """Of an artifact, how many records there are by (split, label)."""
    return Counter(
        (split_of(shard), label) for shard, labels in written.labels.items() for label in labels
    )


def write(whole: ChunkReport, details: Mapping[str, Any], files: Files) -> None:
    """Writes the report, with further details, and the list of what was left out."""
    lines = (as_json(row) + "\n" for row in whole.bad)
    files.quarantine.write_text("".join(lines), encoding="utf-8")
    one_color.write(whole.one_color, files.one_color)
    text = as_json({**summarize(whole, files), **details}, indent=1)
    files.report.write_text(text, encoding="utf-8")


def add_golden(files: Files, golden: Sequence[ImageFile]) -> None:
    """Adds the images that were left out for being golden to the list of what was left out.

    They are not bad, and count towards no limit.

    Args:
        files: what ``write`` wrote.
        golden: the images, of which ``problem`` says which image of the golden set each is.
    """
    rows = (
        {"path": file.name, "reason": file.problem, "sha256": file.digest}
        for file in sorted(golden, key=lambda file: file.name)
    )
    with files.quarantine.open("a", encoding="utf-8") as lines:
        lines.writelines(as_json(row) + "\n" for row in rows)


def golden_line(files: Files) -> str:
    """A line on images that were left out for being golden; empty if there are none."""
    golden = json.loads(files.report.read_text(encoding="utf-8")).get("golden")
    return f"{counted(golden, 'image')} left out, in the golden set" if golden else ""


def check_bad(files: Files, max_bad_fraction: float, key: str = "data.path") -> None:
    """Refuses data of which too much cannot be used.

    Args:
        files: what ``write`` wrote.
        max_bad_fraction: in [0, 1].
        key: of the config, that named the images.

    Raises:
        InputError: with the counts, when a greater share of the images was left out.
    """
    report = json.loads(files.report.read_text(encoding="utf-8"))
    kinds = report["quarantined"]["by_reason"]
    total = sum(kinds.values()) + sum(sum(counts.values()) for counts in report["images"].values())
    if not kinds:
        return
    with files.quarantine.open(encoding="utf-8") as lines:
        first = json.loads(next(lines))
    bad_files.check(kinds, total, (first["path"], first["reason"]), max_bad_fraction, key)


def check_unchanged(files: Files, key: str = "data.path") -> None:
    """Refuses images that were written to between the driver's reading and the executor's.

    Raises:
        InputError: with how many they are.
    """
    with files.quarantine.open(encoding="utf-8") as lines:
        changed = [row["path"] for row in map(json.loads, lines) if row["reason"] == CHANGED]
    if changed:
        raise InputError(
            f"{key}: {counted(len(changed), 'image')} changed while the run read the data, "
            f"such as {clipped(changed[0])}; run it again when nothing writes there"
        )


def kept_line(files: Files) -> str:
    """A line on images that are in the split of an earlier span; empty if there are none."""
    kept = json.loads(files.report.read_text(encoding="utf-8")).get("kept")
    return f"{counted(kept, 'image')} kept in the split of an earlier span" if kept else ""


def check_colors(files: Files) -> str:
    """Refuses data that shows one colour alone.

    Returns:
        A line on images of one colour; empty if there are none.

    Raises:
        InputError: when all images are of the same one.
    """
    report = json.loads(files.report.read_text(encoding="utf-8"))
    total = sum(sum(counts.values()) for counts in report["images"].values())
    record = OneColorRecord.model_validate(report["one_color"])
    one_color.check(record, total)
    return one_color.line(record, total)
