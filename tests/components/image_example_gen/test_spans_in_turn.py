"""Spans that are ingested one after the other: driver, executor, and the book between them."""

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from components.image_example_gen import component
from components.image_example_gen.io import SPLIT_BOOK
from components.records import split_book
from components.records.data import FINGERPRINT, DataRecord, paths_of, read_report
from modules.errors import InputError
from tests.components.image_example_gen.test_component import properties_of, records_of, run


class Runs:
    """Ingests the latest span of a folder, as the runs of one root do.

    Args:
        data: the spans' folder.
        place: of the root, which is made.
    """

    def __init__(self, data: Path, place: Path) -> None:
        self._place = place
        self.book = place / "splits.json"
        self._properties = properties_of(Path(f"{data}/span-{{SPAN}}"), place / "listing")
        self._properties[SPLIT_BOOK] = str(self.book)
        place.mkdir()

    def drive(self) -> dict[str, Any]:
        """What the driver finds."""
        return component.Driver(None).changes(self._properties, {})

    def ingest(self, name: str) -> tuple[dict[bytes, str], DataRecord]:
        """The latest span's images with their splits, and its report; passes it into the book."""
        changes = self.drive()
        examples = run(self._properties | changes, self._place / name)
        ingestion = self._place / name / "ingestion"
        split_book.enter(self.book, ingestion)
        assert self.drive()[FINGERPRINT] == changes[FINGERPRINT]
        return splits_of(examples), read_report(ingestion)


def splits_of(examples: Any) -> dict[bytes, str]:
    """The split of each image's bytes."""
    splits: dict[bytes, str] = {}
    for split in json.loads(examples.split_names):
        folder = type("Split", (), {"uri": f"{examples.uri}/Split-{split}"})
        splits |= {content: split for content, _ in records_of(folder)}
    return splits


def fill(span: Path, images: dict[str, list[bytes]]) -> None:
    """Writes images into folders such as ``train/a``."""
    for folder, contents in images.items():
        (span / folder).mkdir(parents=True)
        for number, content in enumerate(contents):
            (span / folder / f"{number}.png").write_bytes(content)


@pytest.fixture
def data(tmp_path: Path, pictures: list[bytes]) -> Path:
    """A first span of two classes."""
    place = tmp_path / "data"
    fill(place / "span-1", {"a": pictures[:12], "b": pictures[12:24]})
    return place


def test_over_three_spans_no_image_changes_its_split(
    data: Path, tmp_path: Path, pictures: list[bytes]
) -> None:
    runs = Runs(data, tmp_path / "root")
    first, report = runs.ingest("1")
    assert report.kept == 0
    fill(
        data / "span-2",
        {
            "test/a": [*pictures[:6], *pictures[24:27]],
            "test/b": pictures[27:30],
            "train/a": pictures[30:40],
            "train/b": [*pictures[12:24], *pictures[40:46]],
        },
    )
    second, report = runs.ingest("2")
    assert {second[content] for content in pictures[24:30]} == {"test"}
    moved = sum(first[content] != "test" for content in pictures[:6])
    assert moved
    assert report.kept is not None
    assert report.kept >= moved
    fill(data / "span-3", {"a": pictures[:12] + pictures[24:27], "b": pictures[12:24]})
    third, _ = runs.ingest("3")

    everywhere = defaultdict(set)
    for splits in (first, second, third):
        for content, split in splits.items():
            everywhere[content].add(split)
    assert Counter(map(len, everywhere.values())) == {1: 46}
    assert {third[content] for content in pictures[24:27]} == {"test"}


def test_what_an_earlier_span_decides_is_part_of_the_fingerprint(
    data: Path, tmp_path: Path, pictures: list[bytes]
) -> None:
    first, again = Runs(data, tmp_path / "root"), Runs(data, tmp_path / "another")
    first.ingest("1")
    assert first.drive()[FINGERPRINT] == again.drive()[FINGERPRINT]
    splits = {"train": pictures[:12], "test": pictures[12:24]}
    fill(data / "span-2", {f"{name}/{label}": splits[name] for name in splits for label in "a"})
    fill(data / "span-2", {"train/b": pictures[24:30], "test/b": pictures[30:36]})
    assert first.drive()[FINGERPRINT] != again.drive()[FINGERPRINT]


def test_bytes_that_an_earlier_span_holds_under_another_label_are_left_out(
    data: Path, tmp_path: Path, pictures: list[bytes]
) -> None:
    runs = Runs(data, tmp_path / "root")
    runs.ingest("1")
    fill(data / "span-2", {"a": pictures[24:54], "b": [pictures[0], *pictures[54:60]]})
    splits, report = runs.ingest("2")
    assert pictures[0] not in splits
    assert report.quarantined is not None
    (row,) = map(json.loads, Path(*paths_of(report.quarantined.listed_in)).read_text().splitlines())
    assert row["path"] == "b/0.png"
    assert row["reason"] == "two labels: the same bytes as a/0.png of span 1, of 'a'"


def test_a_damaged_book_ends_the_run_before_images_are_written(data: Path, tmp_path: Path) -> None:
    runs = Runs(data, tmp_path / "root")
    runs.ingest("1")
    runs.book.write_bytes(runs.book.read_bytes()[:-20])
    with pytest.raises(InputError, match=r"root: .*splits\.json, which holds .* cannot be read"):
        runs.drive()
