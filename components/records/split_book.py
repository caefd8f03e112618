"""The split book of a root: in which split each image of every span so far has been.

An image that was trained on must never judge a later model, nor the other way round. For most
images their hash alone sees to that. It does not where a span names its own splits, where a group
changes, and where a class has few images: a class of one image must be trained on, whatever its
hash, and no rule that looks at one image alone can do that without sending every image there. So
the first decision is written down and kept: by the sha256 of the image's bytes, and by the name of
its group.

A span is entered when its data has passed DataCheck, so that a span that was invalid, and on which
no model was trained, can be corrected. The labels of one that is quarantined, or that a
person has rejected, are taken out again: the same images may come with right ones. A root without a
book begins one.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from components.disk import replace_whole
from components.records.data import read_report
from modules import features
from modules.errors import InputError

# What ImageExampleGen writes for the book, in the folder of the Ingestion artifact.
ENTRIES_FILE = "splits.json"


class Entry(NamedTuple):
    """An image of a span.

    Attributes:
        digest: sha256 of its bytes, hexadecimal.
        label: its class.
        name: for people, as ``ImageFile.name``.
        split: where it was written; empty where it was left out.
        group: its group; empty for none.
        group_split: where images of the group go; empty for no group.
    """

    digest: str
    label: str
    name: str
    split: str
    group: str
    group_split: str


class Sighting(NamedTuple):
    """That a span holds some bytes under a label."""

    span: int
    label: str
    name: str


@dataclass(frozen=True)
class SplitBook:
    """What all spans so far have decided.

    Attributes:
        splits: of images, by digest.
        groups: the splits of groups, by name.
        sightings: by digest, one for each span and label.
    """

    splits: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    sightings: Mapping[str, Sequence[Sighting]] = field(default_factory=dict)

    def learned(self, span: int | None = None) -> set[str]:
        """The classes that have a training image; with a span, in another one than it."""
        labels: set[str] = set()
        for digest, sightings in self.sightings.items():
            names = {sighting.label for sighting in sightings}
            # Bytes with two labels are left out of training, whatever their split.
            if self.splits.get(digest) == features.TRAIN and len(names) == 1:
                labels |= names if any(sighting.span != span for sighting in sightings) else set()
        return labels

    def contradicted(self, span: int, labels: Mapping[str, str]) -> dict[str, str]:
        """Those images of a span that another span has under another label.

        Args:
            span: the span's number.
            labels: of its images, by digest.
        """
        return {
            digest: label
            for digest, label in labels.items()
            if any(
                other.span != span and other.label != label
                for other in self.sightings.get(digest, ())
            )
        }

    def with_span(self, span: int, entries: Sequence[Entry]) -> "SplitBook":
        """The book with a span's images.

        What is in the book stays. Only the span's own labels are replaced if it was there before,
        since a label can be corrected.
        """
        splits = {entry.digest: entry.split for entry in entries if entry.split}
        groups = {entry.group: entry.group_split for entry in entries if entry.group}
        sightings = {
            digest: [sighting for sighting in earlier if sighting.span != span]
            for digest, earlier in self.sightings.items()
        }
        for entry in entries:
            of_image = sightings.setdefault(entry.digest, [])
            if (span, entry.label) not in [(other.span, other.label) for other in of_image]:
                of_image.append(Sighting(span, entry.label, entry.name))
        kept = {digest: of_image for digest, of_image in sightings.items() if of_image}
        return SplitBook({**splits, **self.splits}, {**groups, **self.groups}, kept)


def read(path: Path | str | None) -> SplitBook:
    """The book that ``write`` wrote; an empty one where there is none, or no path.

    Raises:
        InputError: when the file is damaged. To go on without it might train on images by which
            later models are judged.
    """
    if not path:
        return SplitBook()
    try:
        content = json.loads(Path(path).read_text(encoding="ascii"))
        sightings = {
            digest: [Sighting(*row) for row in rows]
            for digest, rows in content["sightings"].items()
        }
        return SplitBook(dict(content["splits"]), dict(content["groups"]), sightings)
    except FileNotFoundError:
        return SplitBook()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"root: {path}, which holds the splits of earlier spans, cannot be read "
            f"({type(error).__name__}); restore it from a copy, or begin another root with --root"
        ) from None


def write(path: Path, book: SplitBook) -> None:
    """Writes the book: whole, or not at all."""
    replace_whole(path, json.dumps(vars(book)).encode())


def write_entries(folder: Path, entries: Sequence[Entry]) -> None:
    """Writes a span's images into an Ingestion artifact's folder, for ``enter``."""
    replace_whole(folder / ENTRIES_FILE, json.dumps(entries).encode())


def enter(path: Path, ingestion: Path) -> None:
    """Enters the span of an Ingestion artifact into the book; does nothing for data without spans.

    Args:
        path: of the book.
        ingestion: the artifact's folder.

    Raises:
        InputError: as ``read``.
    """
    span = read_report(ingestion).span
    if span is None:
        return
    rows = json.loads((ingestion / ENTRIES_FILE).read_text(encoding="ascii"))
    before = read(path)
    book = before.with_span(span, [Entry(*row) for row in rows])
    if book != before:
        write(path, book)


def take_labels_out(path: Path, span: int) -> None:
    """Takes a span's labels out of the book, so that they count against those of no other span.

    The splits of its images stay. ``enter`` brings the labels back.

    Args:
        path: of the book.
        span: the span's number.

    Raises:
        InputError: as ``read``.
    """
    before = read(path)
    book = before.with_span(span, [])
    if book != before:
        write(path, book)
