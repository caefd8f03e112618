"""The file of decisions: no whole line is lost, whatever is cut off of its end."""

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modules.errors import InputError
from pipeline.continuous.decision import decisions
from pipeline.continuous.decision.decisions import (
    Decision,
    FinishedRun,
    TrainingSpan,
    TriggerResult,
)


def decision(number: int, answer: str = "no") -> Decision:
    span = TrainingSpan(span=number, version=0, fingerprint="f" * 64, part="whole")
    return Decision(
        time="2026-11-25T12:00:00Z",
        answer="yes" if answer == "yes" else "no",
        sentence=f"the decision number {number}",
        triggers=(
            TriggerResult(name="new_span", value=1, bound=1, met=True, sentence="span 5 is new"),
        ),
        spans=(span,),
        new_spans=(number,),
        served_version=number,
        finished=FinishedRun(run_id="r", status="rejected", spans=(span,)),
    )


def written(path: Path, count: int) -> list[Decision]:
    all_of_them = [decision(number) for number in range(count)]
    for each in all_of_them:
        decisions.append(path, each)
    return all_of_them


def test_decisions_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    assert decisions.last_decision(path) is None
    assert list(decisions.read_decisions(path)) == []
    expected = written(path, 3)
    assert list(decisions.read_decisions(path)) == expected
    assert decisions.last_decision(path) == expected[-1]
    assert len(path.read_text(encoding="utf-8").splitlines()) == 3


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_file_that_is_cut_anywhere_keeps_each_whole_line(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("cut") / "decisions.jsonl"
    expected = written(path, 3)
    content = path.read_bytes()
    cut = data.draw(st.integers(0, len(content)))
    path.write_bytes(content[:cut])
    # A line that lacks nothing but its line break is whole.
    whole = (content[:cut] + b"\n").count(b"\n") - 1
    if cut < len(content) and content[cut : cut + 1] == b"\n":
        whole += 1
    assert list(decisions.read_decisions(path)) == expected[:whole]
    assert decisions.last_decision(path) == (expected[whole - 1] if whole else None)

    is_torn = bool(content[:cut].rpartition(b"\n")[2]) and content[cut : cut + 1] != b"\n"
    assert ("was cut off" in decisions.repair(path)) == is_torn
    decisions.append(path, decision(7))
    assert list(decisions.read_decisions(path)) == [*expected[:whole], decision(7)]
    assert path.read_bytes().endswith(b"\n")


def test_a_full_file_is_rotated_in_place_of_the_one_before_it(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    one_line = len(decision(0).as_text()) * 2
    for number in range(7):
        decisions.append(path, decision(number), max_bytes=one_line)
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "decisions.1.jsonl", "decisions.jsonl"
    ]  # fmt: skip
    assert all(file.stat().st_size <= one_line for file in tmp_path.iterdir())
    kept = [each.new_spans[0] for each in decisions.read_decisions(path)]
    assert kept == list(range(kept[0], 7))
    assert len(kept) > 2


def test_the_last_decision_is_found_when_a_kill_comes_between_setting_aside_and_writing(
    tmp_path: Path,
) -> None:
    path = tmp_path / "decisions.jsonl"
    expected = written(path, 2)
    path.rename(decisions.rotated(path))
    assert decisions.last_decision(path) == expected[-1]
    path.write_bytes(b'{"time": "2026')
    assert decisions.last_decision(path) == expected[-1]
    assert list(decisions.read_decisions(path)) == expected


def test_a_long_line_is_found_from_the_end(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    written(path, 2)
    long = decision(2).model_copy(update={"sentence": "x" * 300_000})
    decisions.append(path, long)
    assert decisions.last_decision(path) == long


def test_a_full_disk_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "decisions.jsonl"
    expected = written(path, 2)
    before = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        decisions.append(path, decision(2))
    assert path.read_bytes() == before
    assert list(decisions.read_decisions(path)) == expected


@pytest.mark.parametrize(
    "line", ["not JSON", '{"time": "2026-11-25T12:00:00Z"}', '{"later": "release"}']
)
def test_a_line_of_something_else_is_refused_with_the_remedy(tmp_path: Path, line: str) -> None:
    path = tmp_path / "decisions.jsonl"
    path.write_text(f"{line}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"no decision of this release .*move the file away"):
        decisions.last_decision(path)
    with pytest.raises(InputError, match="no decision of this release"):
        list(decisions.read_decisions(path))
