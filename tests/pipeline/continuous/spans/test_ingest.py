"""Spans are ingested once, each by a graph of its own."""

import shutil
from pathlib import Path

import pytest
from PIL import Image

from components.image_example_gen.listing_file import read as read_listing
from components.records import spans
from components.records.spans import SpanRecord
from modules.errors import InputError
from pipeline.commands.spans import decide
from pipeline.configuration import loading
from pipeline.configuration.config import Config
from pipeline.continuous.spans.ingest import ingest_spans, ingest_window
from pipeline.continuous.spans.scan import scan_spans
from pipeline.runners import begin
from pipeline.state.root import Root
from tests.conftest import GLYPHS
from tests.image_files import saved


def fill(folder: Path, *, classes: str = "ab", images: int = 12, tint: int = 0) -> None:
    for label in classes:
        (folder / label).mkdir(parents=True, exist_ok=True)
        for image in range(images):
            picture = Image.new("RGB", (8, 8), (tint, 20 * image, ord(label)))
            picture.putpixel((image % 8, 0), (255, 255, 255))
            (folder / label / f"{image}.png").write_bytes(saved(picture, "PNG"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("spans")


@pytest.fixture(scope="module")
def config(folder: Path) -> Config:
    file = folder / "spans.yaml"
    file.write_text(
        f"data: {{path: '{folder}/span-{{SPAN}}', window: {{spans: 3}}}}\n"
        f"backbone: {{handle: {GLYPHS}}}\nbeam: {{mode: in_memory}}\n",
        encoding="utf-8",
    )
    return loading.load(file)


def ingest(config: Config) -> dict[int, SpanRecord]:
    with begin.held(config), begin.begun(config) as run:
        return ingest_spans(run, scan_spans(config, spans.read(run.root.spans)))


@pytest.fixture(scope="module")
def first(config: Config, folder: Path) -> dict[int, SpanRecord]:
    fill(folder / "span-1")
    fill(folder / "span-2", classes="a", tint=100)  # A span may lack a class.
    return ingest(config)


def executions_of(config: Config) -> int:
    return len(list(Root(config.root).artifacts.glob("ImageExampleGen/examples/*")))


def test_each_span_is_entered_with_what_was_written(
    config: Config, first: dict[int, SpanRecord]
) -> None:
    root = Root(config.root)
    assert list(first) == [1, 2]
    for number, record in first.items():
        listing = read_listing(root.listing_of(number))
        assert listing is not None
        assert (record.state, record.content_digest) == ("accepted", listing.fingerprint)
        assert record.count == {1: 24, 2: 12}[number]
        for kind in ("examples", "ingestion", "statistics"):
            assert (root.path / record.artifacts[kind]).is_dir()
    assert spans.read(root.spans) == first


@pytest.mark.usefixtures("first")
def test_what_was_ingested_is_not_ingested_again(config: Config) -> None:
    before = executions_of(config)
    with begin.held(config), begin.begun(config) as run:
        scan = scan_spans(config, spans.read(run.root.spans))
        assert scan.to_ingest == []
        size = ingest_window(run)
    assert executions_of(config) == before
    assert size.classes == 2


def test_a_span_that_cannot_be_used_is_told_after_the_others_were_ingested(
    config: Config, folder: Path, first: dict[int, SpanRecord]
) -> None:
    (folder / "span-3").mkdir()
    fill(folder / "span-4", tint=200)
    with pytest.raises(InputError, match=r"^span 3: data\.path: .*span-3") as error:
        ingest(config)
    assert "\n" not in str(error.value)
    records = spans.read(Root(config.root).spans)
    assert {n: record.state for n, record in records.items()} == {
        1: "accepted", 2: "accepted", 3: "invalid", 4: "accepted"
    }  # fmt: skip
    assert {n: records[n] for n in first} == first
    fill(folder / "span-3", tint=150)
    assert ingest(config)[3].state == "accepted"


def test_a_rejected_empty_span_no_longer_ends_a_run_and_an_emptied_one_may_come_back(
    config: Config, folder: Path, first: dict[int, SpanRecord]
) -> None:
    (folder / "span-2").rename(folder / "away")
    (folder / "span-2").mkdir()
    with pytest.raises(InputError, match=r"^span 2: data\.path: .* is empty"):
        ingest(config)
    with pytest.raises(InputError, match=r"^span 2 is invalid as before: data\.path: "):
        ingest(config)
    decide(config, "2", "rejected", "ann", "it is gone")
    assert ingest(config)[2].state == "rejected"
    (folder / "span-2").rmdir()
    (folder / "away").rename(folder / "span-2")
    again = ingest(config)[2]
    assert (again.state, again.fingerprint) == ("accepted", first[2].fingerprint)


def test_a_span_is_ingested_again_without_an_image_that_has_become_golden(
    config: Config, folder: Path, first: dict[int, SpanRecord]
) -> None:
    root, before = Root(config.root), executions_of(config)
    known = spans.read(root.spans)
    (folder / "golden/a").mkdir(parents=True)
    shutil.copy(folder / "span-2/a/3.png", folder / "golden/a/x.png")
    judged = loading.load(config.file, [f"evaluation.golden={folder}/golden"])
    again = ingest(judged)
    assert executions_of(config) == before + 1
    assert {n: again[n] for n in again if n != 2} == {n: known[n] for n in known if n != 2}
    assert again[2].count == first[2].count - 1
    assert again[2].content_digest == first[2].content_digest
    assert again[2].fingerprint != first[2].fingerprint
    quarantines = (root.artifacts / "ImageExampleGen/quarantine").glob("*/quarantine.jsonl")
    lists = [path.read_text("utf-8") for path in quarantines]
    assert sum("golden: the same bytes as a/x.png of the golden set" in text for text in lists) == 1
    assert scan_spans(judged, again).to_ingest == []
    # Without the golden set, the image comes back.
    assert ingest(config)[2].fingerprint == first[2].fingerprint


def test_labels_that_are_corrected_in_two_spans_at_once_are_trained_on_again(
    config: Config, folder: Path, first: dict[int, SpanRecord]
) -> None:
    """The first span to be ingested finds the other one's earlier label in the split book."""
    assert not first[2].contradicted
    for number in (3, 4):
        fill(folder / f"span-{number}", tint=10 * number)
    picture = Image.new("RGB", (8, 8), (7, 7, 7))
    picture.putpixel((0, 0), (255, 255, 255))
    content = saved(picture, "PNG")
    for number, label in ((3, "a"), (4, "b")):
        (folder / f"span-{number}" / label / "x.png").write_bytes(content)
    records = ingest(config)
    assert [records[n].count for n in (3, 4)] == [25, 24]
    (digest,) = records[4].contradicted
    assert records[4].contradicted == {digest: "b"}
    # The mistake was in span 3.
    (folder / "span-3/a/x.png").rename(folder / "span-3/b/x.png")
    records = ingest(config)
    assert [records[n].count for n in (3, 4)] == [25, 25]
    assert not records[3].contradicted
    assert not records[4].contradicted


def test_a_damaged_split_book_refuses_no_span(
    config: Config, folder: Path, first: dict[int, SpanRecord]
) -> None:
    root = Root(config.root)
    book, before = root.split_book.read_bytes(), spans.read(root.spans)
    root.split_book.write_text("{", encoding="ascii")
    fill(folder / "span-9", tint=90)
    with pytest.raises(InputError, match=r"^root: .*splits\.json, .*restore it from a copy"):
        ingest(config)
    assert spans.read(root.spans) == before
    root.split_book.write_bytes(book)
    shutil.rmtree(folder / "span-9")
