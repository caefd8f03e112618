"""The data of a window: what several spans hold together."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from components.records.data import (
    FINGERPRINT,
    PART,
    DataRecord,
    Files,
    OneColorRecord,
    QuarantineRecord,
    TrainedSpanRecord,
    paths_of,
    read_report,
)
from modules import features
from modules.images import shard_labels, used_records
from modules.images.shard_labels import LabelsFile
from modules.images.used_records import UsedRecords

_COLORS = 5  # the most that a record names


def read(examples: Sequence[str], ingestion: Sequence[Path]) -> DataRecord:
    """What is known of the data that some artifacts hold together.

    Args:
        examples: the folders of the Examples artifacts, in any order.
        ingestion: the folders of the Ingestion artifacts, one for each span.

    Returns:
        The report itself where the images are read alone; else the counts of all, with those of
        the images that are not used taken off. It has no fingerprint.
    """
    reports = [read_report(folder) for folder in ingestion]
    files = [shard_labels.read(folder) for folder in examples]
    if all(file.span is None for file in files):
        (report,) = reports
        return report
    return merge(reports, sorted(files, key=lambda file: file.order))


def merge(reports: Sequence[DataRecord], files: Sequence[LabelsFile]) -> DataRecord:
    """Adds up what was reported of several spans.

    Args:
        reports: of the spans.
        files: of their artifacts, in order.
    """
    reports = sorted(reports, key=lambda report: report.span or 0)
    used = used_records.find(files)
    counts = {file.folder: _counts(file, used) for file in files}
    quarantined = [report.quarantined for report in reports if report.quarantined]
    one_color = [report.one_color for report in reports if report.one_color]
    return DataRecord(
        layout=_joined(report.layout for report in reports),
        left_out=tuple(dict.fromkeys(text for r in reports for text in r.left_out or ())),
        images=_by_split(sum(counts.values(), Counter()), _labels(reports, files)),
        formats=_added(report.formats or {} for report in reports),
        bytes_read=sum(report.bytes_read or 0 for report in reports),
        bytes_written=sum(report.bytes_written or 0 for report in reports),
        quarantined=QuarantineRecord(
            by_reason=_added(record.by_reason for record in quarantined),
            list=_files(r.listed_in for r in quarantined if r.by_reason),
        ),
        one_color=_merge_one_color(one_color),
        duplicates=sum(report.duplicates or 0 for report in reports),
        kept=sum(report.kept or 0 for report in reports),
        golden=sum(report.golden or 0 for report in reports) or None,
        spans=tuple(_trained(files, counts)),
        repeated=used.repeated,
        contradicted=used.contradicted,
        unseen_class=used.unseen_class,
    )


class Examples(Protocol):
    """What is read of an Examples artifact here."""

    def get_string_custom_property(self, key: str) -> str:
        """A property's text; empty if the artifact does not have it."""


def fingerprint(examples: Sequence[Examples]) -> str:
    """The fingerprint of the data of some Examples artifacts, whatever their order; hexadecimal.

    That of a single artifact, which holds all of its data, is its own.
    """
    parts = []
    for artifact in examples:
        part = artifact.get_string_custom_property(PART)
        data = artifact.get_string_custom_property(FINGERPRINT)
        parts.append(f"{data} {part}" if part else data)
    if len(parts) == 1 and " " not in parts[0]:
        return parts[0]
    return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()


def _counts(file: LabelsFile, used: UsedRecords) -> Counter[tuple[str, str]]:
    """How many records of an artifact are used, by split and label."""
    counts: Counter[tuple[str, str]] = Counter()
    for name, places in file.shards.items():
        split = shard_labels.split_of(name)
        mask = used.masks.get((file.folder, name))
        for row, place in enumerate(places):
            counts[split, file.labels[place]] += int(mask is None or mask[row])
    return counts


def _labels(reports: Sequence[DataRecord], files: Sequence[LabelsFile]) -> list[str]:
    """The classes that are trained on, or would be if one of their images could be used."""
    whole = {file.span.number for file in files if file.span and not file.span.older}
    labels: set[str] = set()
    for report in reports:
        images = report.images or {} if report.span in whole else {}
        counts = _added(images.get(split, {}) for split in features.SPLITS)
        labels |= {label for label in counts if not counts[label]}
    for file in files:
        for name, places in file.shards.items():
            if shard_labels.split_of(name) == features.TRAIN:
                labels |= {file.labels[place] for place in places}
    return sorted(labels)


def _by_split(
    counts: Mapping[tuple[str, str], int], labels: Sequence[str]
) -> dict[str, dict[str, int]]:
    images = {
        split: {label: counts.get((split, label), 0) for label in labels}
        for split in features.SPLITS
    }
    earlier = {label: n for (split, label), n in counts.items() if split == features.EARLIER and n}
    return images | ({features.EARLIER: dict(sorted(earlier.items()))} if earlier else {})


def _trained(
    files: Sequence[LabelsFile], counts: Mapping[str, Counter[tuple[str, str]]]
) -> Iterable[TrainedSpanRecord]:
    for file in files:
        if file.span is not None:
            used = counts[file.folder]
            yield TrainedSpanRecord(
                span=file.span.number,
                version=file.span.version,
                fingerprint=file.fingerprint,
                part="older" if file.span.older else "whole",
                images=sum(n for (split, _), n in used.items() if split != features.EARLIER),
            )


def _merge_one_color(records: Sequence[OneColorRecord]) -> OneColorRecord:
    with_some = [record for record in records if record.count]
    colors = Counter(_added(record.colors for record in records))
    first = [path for record in reversed(with_some) for path in record.first]
    return OneColorRecord(
        count=sum(record.count for record in records),
        colors=dict(colors.most_common(_COLORS)),
        first=tuple(first[:_COLORS]),
        list=_files(record.listed_in for record in with_some),
    )


def _added(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return dict(total)


def _files(paths: Iterable[Files]) -> Files:
    every = tuple(path for files in paths for path in paths_of(files))
    return every[0] if len(every) == 1 else every


def _joined(texts: Iterable[str | None]) -> str:
    return "; ".join(dict.fromkeys(text for text in texts if text))
