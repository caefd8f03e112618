"""Spans and versions, by TFX's rules."""

from pathlib import Path

import pytest

from components.image_example_gen.sources import list_all, spans
from modules.errors import InputError
from tests.components.conftest import asked


def fill(root: Path, folders: list[str], pictures: list[bytes]) -> None:
    for folder in folders:
        for number, label in enumerate("ab"):
            path = root / folder / label / "1.png"
            path.parent.mkdir(parents=True)
            path.write_bytes(pictures[number])


@pytest.mark.parametrize(
    ("folders", "pattern", "path", "span", "version"),
    [
        (["span-1", "span-2", "span-10"], "span-{SPAN}", "span-10", 10, None),
        (["span-01", "span-02"], "span-{SPAN:2}", "span-02", 2, None),
        (
            ["span-1/v-7", "span-2/v-1", "span-2/v-3"],
            "span-{SPAN}/v-{VERSION}",
            "span-2/v-3",
            2,
            3,
        ),
        (["2026-01-31", "2026-02-01"], "{YYYY}-{MM}-{DD}", "2026-02-01", 20485, None),
        (["photos"], "photos", "photos", None, None),
    ],
)
def test_the_latest_is_taken(
    tmp_path: Path,
    pictures: list[bytes],
    folders: list[str],
    pattern: str,
    path: str,
    span: int | None,
    version: int | None,
) -> None:
    fill(tmp_path, folders, pictures)
    latest = spans.latest(f"{tmp_path}/{pattern}")
    assert latest == spans.Span(f"{tmp_path}/{path}", span, version)
    listed = list_all(asked(f"{tmp_path}/{pattern}"))
    assert {file.path for file in listed} == {f"{tmp_path}/{path}/{label}/1.png" for label in "ab"}


def test_spans_may_lie_in_a_folder_whose_name_is_a_pattern(
    tmp_path: Path, pictures: list[bytes]
) -> None:
    fill(tmp_path / "photos [1]*", ["span-9/v-1", "span-10/v-1", "span-10/v-2"], pictures)
    latest = spans.latest(f"{tmp_path}/photos [1]*/span-{{SPAN}}/v-{{VERSION}}")
    assert latest == spans.Span(f"{tmp_path}/photos [1]*/span-10/v-2", 10, 2)


def test_what_has_no_span_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"data\.path: got .*span-\{SPAN\}, but no span"):
        spans.latest(f"{tmp_path}/span-{{SPAN}}")


def test_a_place_is_found_again_by_the_options(tmp_path: Path, pictures: list[bytes]) -> None:
    fill(tmp_path, ["a {b}/span-1/v-3", "a {b}/span-2/v-1", "old"], pictures)
    options = asked(f"{tmp_path}/a {{b}}/span-{{SPAN}}/v-{{VERSION}}", earlier=f"{tmp_path}/old")
    place = spans.find(options)
    assert place == spans.Place(path="span-2/v-1", span=2, version=1)
    there = place.options(options)
    assert (there.path, there.earlier) == (f"{tmp_path}/a {{b}}/span-2/v-1", f"{tmp_path}/old")
    assert spans.find(there).options(there) == there


def test_every_span_is_listed_with_its_highest_version(
    tmp_path: Path, pictures: list[bytes]
) -> None:
    folders = ["span-10/v-1", "span-2/v-9", "span-2/v-10", "span-7", "span-new/v-1", "span-3/v-x"]
    fill(tmp_path, folders, pictures)
    every = spans.every(f"{tmp_path}/span-{{SPAN}}/v-{{VERSION}}")
    assert every == [
        spans.Span(f"{tmp_path}/span-2/v-10", 2, 10),
        spans.Span(f"{tmp_path}/span-10/v-1", 10, 1),
    ]


def test_a_pattern_may_stand_behind_the_span(tmp_path: Path) -> None:
    for name in ["span-1-a.tfrecord", "span-1-b.tfrecord", "span-2-a.tfrecord", "span-3-a.txt"]:
        (tmp_path / name).touch()
    every = spans.every(f"{tmp_path}/span-{{SPAN}}-[ab].tfrec*")
    assert every == [
        spans.Span(f"{tmp_path}/span-1-[ab].tfrec*", 1),
        spans.Span(f"{tmp_path}/span-2-[ab].tfrec*", 2),
    ]


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("{SPAN}/{SPAN}", "a placeholder twice"),
        ("{SPAN}/{DD}", "either"),
        ("{YYYY}-{MM}", "either"),
        ("v-{VERSION}", "without a span"),
        ("{SPAN:0}", "without digits"),
    ],
)
def test_placeholders_that_make_no_sense_are_refused(
    tmp_path: Path, pattern: str, problem: str
) -> None:
    with pytest.raises(InputError, match=rf"data\.path: .*{problem}.*; write it like"):
        spans.every(f"{tmp_path}/{pattern}")


def test_a_date_that_is_no_day_is_refused(tmp_path: Path, pictures: list[bytes]) -> None:
    fill(tmp_path, ["2026-02-28", "2026-02-31"], pictures)
    with pytest.raises(InputError, match=r"2026-02-31 names no day; rename it"):
        spans.every(f"{tmp_path}/{{YYYY}}-{{MM}}-{{DD}}")


def test_a_span_can_be_asked_for_by_its_number(tmp_path: Path, pictures: list[bytes]) -> None:
    fill(tmp_path, ["span-1", "span-2"], pictures)
    options = asked(f"{tmp_path}/span-{{SPAN}}")
    assert spans.find(options, 1) == spans.Place(path="span-1", span=1)
    with pytest.raises(InputError, match="has no span 3 any more"):
        spans.find(options, 3)
