"""What is read of a root's files, whole or not."""

from pathlib import Path

import pytest

from pipeline.continuous.service import journal


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", ""),
        (b"unfinished", ""),
        (b'{"a": 1}\n', '{"a": 1}'),
        (b'{"a": 1}\n{"a": 2}\n', '{"a": 2}'),
        (b'{"a": 1}\n{"a": 2', '{"a": 1}'),
        (b"x" * 200_000 + b"\n" + b"y" * 1000 + b"\n", "y" * 1000),
    ],
)
def test_the_last_whole_line_is_read_however_long_the_file_is(
    content: bytes, line: str, tmp_path: Path
) -> None:
    path = tmp_path / "decisions.jsonl"
    path.write_bytes(content)
    assert journal.last_line(path) == line


def test_a_file_that_is_not_there_or_damaged_holds_nothing(tmp_path: Path) -> None:
    assert journal.last_line(tmp_path / "none") == ""
    assert journal.object_in(tmp_path / "none") == {}
    (tmp_path / "list").write_text("[1]")
    assert journal.object_in(tmp_path / "list") == {}
    assert journal.as_object("{") == {}
    assert journal.value_at({"a": {"b": 1}}, "a", "b") == 1
    assert journal.value_at({"a": 1}, "a", "b") is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:01:00Z", 60.0),
        ("1970-01-01T00:01:00.500Z", 60.5),
        ("1970-01-01T00:01:00", 60.0),
        ("1970-01-01T01:01:00+01:00", 60.0),
        ("yesterday", None),
        (None, None),
    ],
)
def test_times_are_read_in_utc(text: object, seconds: float | None) -> None:
    assert journal.timestamp(text) == seconds
