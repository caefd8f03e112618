"""Images of one colour: counted, named, and no data of their own."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from components.image_example_gen import one_color, records, report
from components.image_example_gen.sources.folder import list_folder
from modules.errors import InputError
from modules.settings import WHITE, Color, Ingest
from tests.conftest import encoded, picture

SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}
NOTHING = np.zeros((9, 9, 4), np.uint8)


def ingested(folder: Path, contents: list[bytes], background: Color = WHITE) -> report.Files:
    """The report on images of two classes."""
    for i, content in enumerate(contents):
        path = folder / "in" / "ab"[i % 2] / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    options = Ingest(path=str(folder / "in"), background=background)
    folders = {name: str(folder / name) for name in SHARES}
    chunk = records.write_chunk(list_folder(options.path).files, folders, SHARES, options, 0)
    files = report.Files(folder / "report.json", folder / "quarantine.jsonl")
    report.write(report.merge([chunk]), {}, files)
    return files


def test_images_of_one_colour_are_counted_and_named_and_all_are_taken(tmp_path: Path) -> None:
    files = ingested(tmp_path, [encoded(NOTHING), encoded(picture()), encoded(picture()[..., :1])])
    line = report.check_colors(files)
    assert line == (
        f"1 of 3 images is of one colour (1 #ffffff): 'a/0.png'; all are named in {files.one_color}"
    )
    record = json.loads(files.report.read_text(encoding="utf-8"))
    assert record["one_color"]["count"] == 1
    assert sum(sum(counts.values()) for counts in record["images"].values()) == 3
    (row,) = map(json.loads, files.one_color.read_text(encoding="utf-8").splitlines())
    assert row == {"path": "a/0.png", "color": "#ffffff"}


def test_of_many_the_first_are_named(tmp_path: Path) -> None:
    rows = [{"path": f"{i}.png", "color": "#000000" if i < 7 else "#0000ff"} for i in range(9)]
    line = one_color.line(one_color.summarize(rows, tmp_path / "list"), 4000)
    assert line.startswith("9 of 4,000 images are of one colour (7 #000000, 2 #0000ff): '0.png', ")
    assert "'4.png' and 4 more; all are named in" in line
    assert one_color.line(one_color.summarize([], tmp_path), 4000) == ""


def test_data_that_shows_one_colour_alone_is_refused_before_training(tmp_path: Path) -> None:
    shape = NOTHING.copy()
    shape[..., :3] = 255  # white, drawn on nothing
    shape[2:5, 2:5, 3] = 255
    with pytest.raises(
        InputError,
        match=r"all of 4 images show nothing but the colour #ffffff; .*"
        "set data.background to another",
    ):
        report.check_colors(ingested(tmp_path / "white", [encoded(shape)] * 4))
    assert (
        report.check_colors(ingested(tmp_path / "grey", [encoded(shape)] * 4, (90, 90, 90))) == ""
    )


def test_plain_colours_may_be_classes(tmp_path: Path) -> None:
    plain = [encoded(np.full((8, 8, 3), level, np.uint8)) for level in (9, 200)]
    assert report.check_colors(ingested(tmp_path, plain * 3)).startswith("6 of 6 images are of one")


def test_the_same_image_in_two_chunks_is_listed_in_order_of_names() -> None:
    rows = [{"path": name, "color": "#000000"} for name in ("b", "a")]
    parts = [records.ChunkReport(Counter(), one_color=[row]) for row in rows]
    assert report.merge(parts).one_color == rows[::-1]
