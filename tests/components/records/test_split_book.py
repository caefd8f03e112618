"""The splits of all spans so far, and their file."""

from pathlib import Path

import pytest

from components.records import split_book
from components.records.split_book import Entry, Sighting, SplitBook
from modules.errors import InputError


def entry(digest: str, label: str = "a", split: str = "train", group: str = "") -> Entry:
    return Entry(digest, label, f"{label}/{digest}.png", split, group, split if group else "")


def test_what_was_entered_first_stays_whatever_a_later_span_says() -> None:
    book = SplitBook().with_span(1, [entry("d1", split="test"), entry("d2", group="eve")])
    book = book.with_span(2, [entry("d1"), entry("d3", group="eve", split="test")])
    assert book.splits == {"d1": "test", "d2": "train", "d3": "test"}
    assert book.groups == {"eve": "train"}


def test_an_image_that_was_left_out_gets_no_split_but_its_label_is_known() -> None:
    book = SplitBook().with_span(1, [entry("d1", split=""), entry("d1", "b", split="")])
    assert book.splits == {}
    assert [sighting.label for sighting in book.sightings["d1"]] == ["a", "b"]


def test_the_labels_of_a_span_that_comes_again_replace_its_own_alone() -> None:
    book = SplitBook().with_span(1, [entry("d1"), entry("d2")]).with_span(2, [entry("d1")])
    book = book.with_span(1, [entry("d1", "b")])
    assert book.sightings == {"d1": [Sighting(2, "a", "a/d1.png"), Sighting(1, "b", "b/d1.png")]}
    assert book.splits["d2"] == "train"


def test_the_book_comes_out_of_its_file_as_it_went_in(tmp_path: Path) -> None:
    book = SplitBook().with_span(1, [entry("d1", "Füße\udcff"), entry("d2", group="eve")])
    split_book.write(tmp_path / "splits.json", book)
    assert split_book.read(tmp_path / "splits.json") == book
    assert [path.name for path in tmp_path.iterdir()] == ["splits.json"]


def test_without_a_file_the_book_is_empty(tmp_path: Path) -> None:
    assert split_book.read(tmp_path / "splits.json") == split_book.read("") == SplitBook()


@pytest.mark.parametrize("content", [b"", b"half", b"[]", b"{}", b'{"splits": 3}', b"\xff"])
def test_a_damaged_book_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "splits.json"
    if content == b"half":
        split_book.write(path, SplitBook().with_span(1, [entry("d1")]))
        content = path.read_bytes()[:-4]
    path.write_bytes(content)
    message = (
        r"root: .*splits\.json, which holds the splits of earlier spans, cannot be read \(\w+\)"
    )
    with pytest.raises(InputError, match=message):
        split_book.read(path)


def test_the_labels_of_a_span_are_taken_out_and_its_splits_stay(tmp_path: Path) -> None:
    path = tmp_path / "splits.json"
    split_book.write(path, SplitBook().with_span(1, [entry("d1")]).with_span(2, [entry("d1", "b")]))
    split_book.take_labels_out(path, 2)
    book = split_book.read(path)
    assert book.sightings == {"d1": [Sighting(1, "a", "a/d1.png")]}
    assert book.splits == {"d1": "train"}
