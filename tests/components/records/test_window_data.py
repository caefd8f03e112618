"""What several spans hold together."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from components.records import window_data
from components.records.data import REPORT_FILE, DataRecord, TrainedSpanRecord
from modules.images import shard_labels
from modules.images.shard_labels import SpanPart

Rows = Mapping[str, Sequence[tuple[str, str]]]  # by split, the bytes and the label of each


def examples(folder: Path, number: int, rows: Rows, *, older: bool = False, **more: Any) -> str:
    """An Examples artifact without its records, which nothing here reads."""
    folder.mkdir(parents=True)
    labels = {f"Split-{split}/0": [label for _, label in of] for split, of in rows.items()}
    digests = {
        f"Split-{split}/0": "".join(content.rjust(32, "0") for content, _ in of)
        for split, of in rows.items()
    }
    part = SpanPart(number, 2, older, digests, **more)
    shard_labels.write(str(folder), f"f{number}", labels, part)
    return str(folder)


def ingestion(folder: Path, **report: Any) -> Path:
    folder.mkdir(parents=True)
    (folder / REPORT_FILE).write_text(json.dumps(report), encoding="utf-8")
    return folder


def one_color(count: int, path: str) -> dict[str, Any]:
    first = ["x.png"] if count else []
    return {"count": count, "colors": {"white": count}, "first": first, "list": path}


@pytest.fixture
def window(tmp_path: Path) -> DataRecord:
    """Span 1, of which the older part is left, and spans 2 and 10, which are whole."""
    folders = [
        examples(tmp_path / "1", 10, {"train": [("a", "cat"), ("b", "dog")], "test": []}),
        examples(
            tmp_path / "2",
            2,
            {
                "train": [("a", "cat"), ("c", "cat"), ("f", "cat")],
                "validation": [],
                "test": [("d", "dog")],
            },
            contradicted=["e".rjust(32, "0")],
        ),
        examples(tmp_path / "4", 1, {"train": [("e", "cat")], "test": [("g", "dog")]}, older=True),
    ]
    of_2 = {"train": {"cat": 3, "dog": 0}, "validation": {"cat": 0, "dog": 0}, "test": {"dog": 1}}
    reports = [
        ingestion(
            tmp_path / "10" / "report", span=10, images={"train": {"cat": 1, "dog": 1, "fox": 0}},
            bytes_read=10, bytes_written=11, duplicates=1, kept=4, layout="a folder per class",
            quarantined={"by_reason": {"empty": 1}, "list": "10.jsonl"},
            one_color=one_color(2, "10-white.jsonl"),
        ),
        ingestion(
            tmp_path / "20" / "report", span=2, images=of_2, bytes_read=20, bytes_written=22,
            duplicates=2, kept=0, layout="a folder per class", left_out=["1 folder"],
            quarantined={"by_reason": {"empty": 2, "two labels": 1}, "list": "2.jsonl"},
            one_color=one_color(1, "2-white.jsonl"),
        ),
        ingestion(
            tmp_path / "30" / "report", span=1, bytes_read=40, bytes_written=44, duplicates=0,
            images={"train": {"cat": 8, "dog": 8, "gone": 8}}, layout="a folder per class",
            older={"train": {"cat": 1, "dog": 0}, "test": {"cat": 0, "dog": 1}},
            quarantined={"by_reason": {}, "list": "1.jsonl"}, one_color=one_color(0, "none"),
        ),
    ]  # fmt: skip
    return window_data.read(folders, reports)


def test_images_are_those_that_are_used_of_the_parts_that_are_read(window: DataRecord) -> None:
    assert window.images == {
        "train": {"cat": 3, "dog": 1, "fox": 0},
        "validation": {"cat": 0, "dog": 0, "fox": 0},
        "test": {"cat": 0, "dog": 2, "fox": 0},
    }
    assert (window.repeated, window.contradicted, window.unseen_class) == (1, 1, 0)


def test_the_spans_are_named_with_what_is_used_of_each(window: DataRecord) -> None:
    assert window.spans == (
        TrainedSpanRecord(span=1, version=2, fingerprint="f1", part="older", images=1),
        TrainedSpanRecord(span=2, version=2, fingerprint="f2", part="whole", images=3),
        TrainedSpanRecord(span=10, version=2, fingerprint="f10", part="whole", images=2),
    )
    assert (window.span, window.version, window.older) == (None, None, None)


def test_counts_bytes_and_reasons_add_up(window: DataRecord) -> None:
    assert (window.bytes_read, window.bytes_written) == (70, 77)
    assert (window.duplicates, window.kept) == (3, 4)
    assert (window.layout, window.left_out) == ("a folder per class", ("1 folder",))
    assert window.quarantined is not None
    assert window.quarantined.by_reason == {"empty": 3, "two labels": 1}
    assert window.quarantined.listed_in == ("2.jsonl", "10.jsonl")
    assert window.one_color is not None
    assert (window.one_color.count, window.one_color.colors) == (3, {"white": 3})
    assert window.one_color.listed_in == ("2-white.jsonl", "10-white.jsonl")


def test_data_without_spans_is_reported_as_it_was_read(tmp_path: Path) -> None:
    shard_labels.write(str(tmp_path), "f", {"Split-train/0": ["cat", "cat"]})
    report = ingestion(tmp_path / "report", images={"train": {"cat": 2}}, bytes_read=3, span=4)
    data = window_data.read([str(tmp_path)], [report])
    assert data == DataRecord(images={"train": {"cat": 2}}, bytes_read=3, span=4)
    assert window_data.read([], [report]) == data


def artifact(fingerprint: str, part: str = "") -> Any:
    properties = {"input_fingerprint": fingerprint, "part": part}
    return SimpleNamespace(get_string_custom_property=properties.__getitem__)


def test_the_fingerprint_is_of_all_artifacts_whatever_their_order() -> None:
    first, second = artifact("a"), artifact("b")
    assert window_data.fingerprint([first]) == "a"
    both = window_data.fingerprint([first, second])
    assert both == window_data.fingerprint([second, first])
    parts = [window_data.fingerprint([artifact("a", part)]) for part in ("older 0.1", "rest 0.1")]
    assert len({"a", both, *parts}) == 4
