"""What a root keeps of its spans, and what follows where some of it is gone."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from components.image_example_gen.listing_file import read
from components.records.spans import SpanRecord
from modules.errors import InputError
from modules.images import shard_labels
from modules.images.shard_labels import SpanPart
from pipeline.configuration import loading
from pipeline.configuration.config import Config
from pipeline.continuous.spans.kept_data import lost_spans, scan_with_root
from pipeline.continuous.spans.scan import Scan
from pipeline.state.root import Root
from tests.pipeline.continuous.spans.ingested_spans import keep
from tests.pipeline.continuous.spans.test_scan import changes, config_of, ingested

__all__ = ["config_of"]  # a fixture


@pytest.fixture
def config(config_of: Callable[..., Config]) -> Config:
    return config_of(["span-1", "span-2"])


@pytest.fixture
def records(config: Config) -> dict[int, SpanRecord]:
    """Two spans that were ingested, with their data."""
    of_spans = {n: ingested(config, n) for n in (1, 2)}
    keep(Root(config.root), of_spans.values())
    return of_spans


def scanned(config: Config, records: dict[int, SpanRecord]) -> Scan:
    return scan_with_root(config, records)


def test_spans_whose_data_is_there_have_not_changed(
    config: Config, records: dict[int, SpanRecord]
) -> None:
    assert changes(scanned(config, records)) == {1: "none", 2: "none"}
    assert scanned(config, records).notes == ()


def test_a_span_is_ingested_again_when_a_folder_of_its_data_is_gone(
    config: Config, records: dict[int, SpanRecord]
) -> None:
    shutil.rmtree(Root(config.root).path / records[2].artifacts["examples"])
    assert changes(scanned(config, records)) == {1: "none", 2: "changed"}


@pytest.mark.parametrize("content", [None, b""])
def test_all_spans_are_ingested_again_when_the_metadata_is_gone(
    config: Config, records: dict[int, SpanRecord], content: bytes | None
) -> None:
    metadata = Root(config.root).metadata
    metadata.unlink()
    if content is not None:
        metadata.write_bytes(content)
    assert changes(scanned(config, records)) == {1: "changed", 2: "changed"}


def test_metadata_that_knows_later_spans_alone_leaves_the_others_to_be_ingested_again(
    config: Config, records: dict[int, SpanRecord]
) -> None:
    root = Root(config.root)
    root.metadata.unlink()
    keep(root, [records[2]])
    assert lost_spans(root, records) == {1}


def test_damaged_metadata_is_left_for_the_run_to_tell(
    config: Config, records: dict[int, SpanRecord]
) -> None:
    root = Root(config.root)
    root.metadata.write_bytes(b"no database" * 100)
    assert lost_spans(root, records) == set()


def test_spans_whose_images_were_moved_away_are_named(
    config: Config, records: dict[int, SpanRecord], tmp_path: Path
) -> None:
    shutil.rmtree(tmp_path / "span-1")
    (note,) = scanned(config, records).notes
    assert (
        note == "the images of span 1 are no longer at data.path; what was ingested is trained on"
    )
    other = loading.load(config.file, ["data.max_pixels=1000"])
    (note,) = scanned(other, records).notes
    assert note.endswith("is trained on, as earlier options of data or data.window had it")


def test_a_span_that_is_gone_altogether_is_one_line_with_the_remedy(
    config: Config, records: dict[int, SpanRecord], tmp_path: Path
) -> None:
    shutil.rmtree(tmp_path / "span-1")
    shutil.rmtree(Root(config.root).path / records[1].artifacts["ingestion"])
    with pytest.raises(InputError, match=r"^span 1: .*thaw spans reject .* 1 --by NAME") as error:
        scanned(config, records)
    assert "\n" not in str(error.value)
    rejected = records[1].model_copy(update={"state": "rejected"})
    assert changes(scanned(config, {**records, 1: rejected})) == {2: "none"}


def test_images_that_become_golden_cannot_be_taken_out_of_a_span_that_was_moved_away(
    config: Config, records: dict[int, SpanRecord], tmp_path: Path
) -> None:
    (tmp_path / "golden/a").mkdir(parents=True)
    shutil.copy(tmp_path / "span-1/a/0.png", tmp_path / "golden/a")
    shutil.move(tmp_path / "span-1", tmp_path / "away")
    judged = loading.load(config.file, [f"evaluation.golden={tmp_path}/golden"])
    folder = Root(config.root).path / records[1].artifacts["examples"]
    digests = {"golden": "", "other": "f" * shard_labels.DIGITS}
    listing = read(Root(config.root).listing_of(1))
    assert listing is not None
    (digests["golden"],) = (
        file.digest[: shard_labels.DIGITS] for file in listing.files if file.name == "a/0.png"
    )
    for held, is_refused in (("other", False), ("golden", True)):
        part = SpanPart(1, digests={"Split-train/0": digests[held]})
        shard_labels.write(str(folder), "f", {"Split-train/0": ["a"]}, part)
        if is_refused:
            with pytest.raises(InputError, match=r"^span 1: .* are in the golden set now; bring"):
                scanned(judged, records)
        else:
            assert len(scanned(judged, records).notes) == 1
