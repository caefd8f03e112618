"""What is read of a root's files, whole or not."""

import itertools
from pathlib import Path

import pytest

from pipeline.continuous.decision.decisions import Decision, append
from pipeline.continuous.service import root_files
from pipeline.state.root import Root


def decision(run_id: str | None = None) -> Decision:
    return Decision(time="2026-11-25T00:00:00Z", answer="no", sentence="", run_id=run_id)


def test_the_latest_decision_is_the_last_whole_line(tmp_path: Path) -> None:
    root = Root(tmp_path)
    assert root_files.decision_of(root) is None
    append(root.decisions, decision("r1"))
    append(root.decisions, decision("r2"))
    with root.decisions.open("a") as file:
        file.write('{"time": "20')
    assert root_files.decision_of(root) == decision("r2")
    root.decisions.write_text("[]\n")
    assert root_files.decision_of(root) is None


def test_each_line_moves_the_mark_even_if_it_is_the_same_or_begins_a_file(tmp_path: Path) -> None:
    path = Root(tmp_path).decisions
    marks = [root_files.state_of(path)]
    for _ in range(5):
        append(path, decision(), max_bytes=500)
        marks.append(root_files.state_of(path))
    assert path.with_name("decisions.1.jsonl").exists()
    assert not [pair for pair in itertools.pairwise(marks) if pair[0] == pair[1]]


def test_a_file_that_is_not_there_or_damaged_holds_nothing(tmp_path: Path) -> None:
    assert root_files.object_in(tmp_path / "none") == {}
    for content in ("[1]", "{", ""):
        (tmp_path / "file").write_text(content)
        assert root_files.object_in(tmp_path / "file") == {}
    assert root_files.value_at({"a": {"b": 1}}, "a", "b") == 1
    assert root_files.value_at({"a": 1}, "a", "b") is None


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
    assert root_files.timestamp(text) == seconds
