"""Spans that grow or change while they are read, come late, or leave a hole in the numbers."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.image_example_gen import digests, records
from components.records import spans
from components.records.spans import SpanRecord
from modules.errors import InputError
from pipeline.configuration import loading
from pipeline.configuration.config import Config
from pipeline.continuous.spans.scan import keep_listings, scan_spans
from pipeline.state.root import Root
from tests.conftest import GLYPHS
from tests.pipeline.continuous.spans.test_ingest import executions_of, fill, ingest


@pytest.fixture
def config(tmp_path: Path) -> Config:
    file = tmp_path / "spans.yaml"
    file.write_text(
        f"data: {{path: '{tmp_path}/span-{{SPAN}}', window: {{spans: 3}}}}\n"
        f"backbone: {{handle: {GLYPHS}}}\nbeam: {{mode: in_memory}}\n",
        encoding="utf-8",
    )
    return loading.load(file)


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Lets something happen once, when the images are listed and none is written yet."""

    def arrange(happens: Callable[[], None]) -> None:
        write_chunk = records.write_chunk
        left = [happens]

        def write_later(*arguments: Any, **options: Any) -> Any:
            if left:
                left.pop()()
            return write_chunk(*arguments, **options)

        monkeypatch.setattr(records, "write_chunk", write_later)

    return arrange


def to_ingest(config: Config) -> dict[int, str]:
    scan = scan_spans(config, spans.read(Root(config.root).spans))
    return {span.number: span.change for span in scan.to_ingest}


def counts(ingested: dict[int, SpanRecord]) -> dict[int, int]:
    return {number: record.count for number, record in ingested.items()}


def test_a_span_that_grows_while_it_is_read_is_whole_after_the_next_scan(
    config: Config, tmp_path: Path, meanwhile: Callable[[Callable[[], None]], None]
) -> None:
    fill(tmp_path / "span-1")
    meanwhile(lambda: fill(tmp_path / "span-1", classes="c", images=3))
    assert counts(ingest(config)) == {1: 24}
    assert to_ingest(config) == {1: "changed"}
    assert counts(ingest(config)) == {1: 27}
    assert to_ingest(config) == {}


def test_a_span_that_is_written_anew_while_it_is_read_is_invalid_until_the_next_scan(
    config: Config, tmp_path: Path, meanwhile: Callable[[Callable[[], None]], None]
) -> None:
    fill(tmp_path / "span-1")
    meanwhile(lambda: fill(tmp_path / "span-1", tint=50))
    message = r"^span 1: data\.path: 24 images changed while the run read the data, such as a/"
    with pytest.raises(InputError, match=message) as error:
        ingest(config)
    assert "\n" not in str(error.value)
    assert spans.read(Root(config.root).spans)[1].state == "invalid"
    assert ingest(config)[1].state == "accepted"


def test_a_span_that_comes_late_fills_the_hole_that_it_left_in_the_numbers(
    config: Config, tmp_path: Path
) -> None:
    fill(tmp_path / "span-1")
    fill(tmp_path / "span-3", tint=90)
    first = ingest(config)
    assert {number: record.state for number, record in first.items()} == {
        1: "accepted",
        3: "accepted",
    }
    fill(tmp_path / "span-2", tint=200)
    assert to_ingest(config) == {2: "new"}
    later = ingest(config)
    assert list(later) == [1, 2, 3]
    assert {number: later[number] for number in first} == first
    assert executions_of(config) == len(later)


def test_files_that_were_read_right_after_they_were_written_are_read_once_more_and_not_again(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path / "span-1")
    ingested = ingest(config)
    read: list[str] = []

    def read_file(path: str) -> bytes:
        read.append(path)
        return Path(path).read_bytes()

    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() + 2 * digests.SETTLED)
    monkeypatch.setattr(digests, "read_file", read_file)
    for _ in range(3):
        scan = scan_spans(config, ingested)
        assert scan.to_ingest == []
        keep_listings(config, scan)
    assert len(read) == len(set(read)) == 24
