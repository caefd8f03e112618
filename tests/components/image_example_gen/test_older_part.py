"""The part of a span that stays in when the span is older than the window."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from components.image_example_gen import component
from components.image_example_gen.hash_split import point_of, split_at
from components.image_example_gen.io import OLDER_FRACTION, SPAN, SPLIT_BOOK
from components.image_example_gen.older_part import OlderPart
from components.records import split_book, window_data
from components.records.data import FINGERPRINT, read_report
from modules.images import encoded, shard_labels, shards
from tests.components.conftest import SHARES
from tests.components.image_example_gen.test_component import properties_of, records_of, run_all
from tests.components.image_example_gen.test_spans_in_turn import fill
from tests.components.image_example_gen.test_split_assignment import image

FOLDERS = dict.fromkeys(SHARES, "")


def test_its_share_is_that_of_the_fraction_in_every_split() -> None:
    part = OlderPart(0.25, FOLDERS)
    files = [image(f"{number}") for number in range(8000)]
    splits = {file: split_at(point_of(file.digest), SHARES) for file in files}
    inside = Counter(split for file, split in splits.items() if part.has(file, split))
    of_all = Counter(splits.values())
    assert all(0.2 < inside[split] / of_all[split] < 0.3 for split in SHARES)


def test_a_group_stays_as_a_whole_or_not_at_all() -> None:
    part = OlderPart(0.5, FOLDERS)
    inside = {
        group: {part.has(image(f"{group}-{n}", group=group), "train") for n in range(20)}
        for group in map(str, range(20))
    }
    assert all(len(answers) == 1 for answers in inside.values())
    assert {*map(tuple, inside.values())} == {(True,), (False,)}


def test_a_larger_fraction_keeps_what_a_smaller_one_keeps() -> None:
    files = [image(f"{number}") for number in range(400)]
    small, large = OlderPart(0.1, FOLDERS), OlderPart(0.4, FOLDERS)
    assert all(large.has(file, "test") for file in files if small.has(file, "test"))
    assert not any(large.has(file, "earlier") for file in files)


def ingested(folder: Path, root: Path, span: int, fraction: str = "") -> dict[str, Any]:
    """The artifacts of a span that is ingested, and entered in the root's book."""
    properties = properties_of(Path(f"{folder}/span-{{SPAN}}"))
    properties |= {SPAN: str(span), SPLIT_BOOK: str(root / "splits.json")}
    properties |= {OLDER_FRACTION: fraction}
    properties |= component.Driver(None).changes(properties, {})
    artifacts = run_all(properties, root / f"{span}{fraction}")
    split_book.enter(root / "splits.json", Path(artifacts["ingestion"].uri))
    return artifacts


@pytest.fixture
def data(tmp_path: Path, pictures: list[bytes]) -> Path:
    """Two spans: six images are in both, one of them under two labels."""
    fill(tmp_path / "data" / "span-1", {"a": pictures[:20], "b": pictures[20:40]})
    second = {"a": [*pictures[:5], *pictures[40:50]], "b": [pictures[5], *pictures[50:60]]}
    fill(tmp_path / "data" / "span-2", second)
    (tmp_path / "root").mkdir()
    return tmp_path / "data"


def test_the_older_part_is_a_sample_of_the_whole_with_its_own_labels(
    data: Path, tmp_path: Path
) -> None:
    artifacts = ingested(data, tmp_path / "root", 1, "0.5")
    whole, older = (records_of(artifacts[key]) for key in ("examples", "older"))
    assert len(whole) == len({*whole}) == 40
    assert {*older} < {*whole}
    assert 5 < len(older) < 35
    for key in ("examples", "older"):
        splits = json.loads(artifacts[key].split_names)
        assert splits == ["train", "validation", "test", "labels"]
        assert artifacts[key].span == 1
        file = shard_labels.read(artifacts[key].uri)
        assert file.span is not None
        assert (file.span.number, file.span.older) == (1, key == "older")


def test_the_fingerprint_of_the_whole_does_not_depend_on_the_fraction_and_the_others_does(
    data: Path, tmp_path: Path
) -> None:
    fingerprints: dict[str, list[str]] = {"examples": [], "older": []}
    for fraction in ("0.5", "0.6"):
        artifacts = ingested(data, tmp_path / "root", 1, fraction)
        for key, values in fingerprints.items():
            values.append(window_data.fingerprint([artifacts[key]]))
    plain = ingested(data, tmp_path / "root", 1)["examples"]
    assert {*fingerprints["examples"]} == {plain.get_string_custom_property(FINGERPRINT)}
    assert len({*fingerprints["examples"], *fingerprints["older"]}) == 3


def test_the_report_says_what_the_older_part_has(data: Path, tmp_path: Path) -> None:
    artifacts = ingested(data, tmp_path / "root", 1, "0.5")
    report = read_report(Path(artifacts["ingestion"].uri))
    assert report.images is not None
    assert report.older is not None
    assert sum(sum(counts.values()) for counts in report.images.values()) == 40
    older = sum(sum(counts.values()) for counts in report.older.values())
    assert older == len(records_of(artifacts["older"]))


def test_without_a_fraction_there_is_no_older_part(data: Path, tmp_path: Path) -> None:
    artifacts = ingested(data, tmp_path / "root", 1)
    assert len(records_of(artifacts["examples"])) == 40
    assert not list(Path(artifacts["older"].uri).iterdir())
    assert read_report(Path(artifacts["ingestion"].uri)).older is None


def test_in_a_window_each_image_is_read_once_and_one_with_two_labels_never(
    data: Path, tmp_path: Path, pictures: list[bytes]
) -> None:
    first, second = (ingested(data, tmp_path / "root", number, "0.3") for number in (1, 2))
    for earlier in (first["examples"], first["older"]):
        artifacts = [earlier, second["examples"]]
        stored = {content for content, _ in records_of(earlier)}
        read, labels = {}, {}
        for split in SHARES:
            patterns = [f"{artifact.uri}/Split-{split}/*" for artifact in artifacts]
            read[split] = len(list(encoded.read(patterns)))
            labels[split] = len(shards.find(patterns).labels() or ())
        twice = stored & {*pictures[:5]}
        contradicted = stored & {pictures[5]}
        assert sum(read.values()) == len(stored) + 25 - len(twice) - len(contradicted)
        assert labels == read
        folders = [Path(span["ingestion"].uri) for span in (first, second)]
        merged = window_data.read([artifact.uri for artifact in artifacts], folders)
        assert merged.images is not None
        assert {split: sum(counts.values()) for split, counts in merged.images.items()} == read
        assert (merged.repeated, merged.contradicted) == (len(twice), len(contradicted))


def test_of_the_second_span_alone_all_its_images_are_read(data: Path, tmp_path: Path) -> None:
    ingested(data, tmp_path / "root", 1, "0.3")
    second = ingested(data, tmp_path / "root", 2, "0.3")
    assert shards.find([f"{second['examples'].uri}/Split-train/*"]).are_used_whole
