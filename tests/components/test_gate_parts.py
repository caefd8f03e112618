"""The plain functions behind the nodes between Trainer and the summary."""

from pathlib import Path

import pytest

from components.baseline.choice import Judgement, baseline_of
from components.data_check import problems
from components.pusher import versions
from components.run_summary.summary import Summary, read_summary, status_of
from modules.errors import InputError


def judged(order: int, model: int, baseline: int | None, blessed: bool = True) -> Judgement:
    return Judgement(order, model, baseline, blessed)


@pytest.mark.parametrize(
    ("candidate", "judgements", "expected"),
    [
        (1, [], None),
        (1, [judged(1, 1, None)], None),  # nothing changed after the first push
        (2, [judged(1, 1, None)], 1),
        (2, [judged(1, 1, None), judged(2, 2, 1, blessed=False)], 1),  # refused, run again
        (2, [judged(1, 1, None), judged(2, 2, 1)], 1),  # pushed, run again
        (3, [judged(1, 1, None), judged(2, 2, 1)], 2),
        (1, [judged(1, 1, None), judged(2, 2, 1)], 2),  # back to an earlier configuration
        (1, [judged(1, 1, None), judged(2, 2, 1), judged(3, 1, 2)], 2),  # and that run again
        (4, [judged(5, 2, 1), judged(1, 3, None)], 2),  # whatever their order
    ],
)
def test_the_baseline_is_the_latest_blessed_model_but_never_the_candidate(
    candidate: int, judgements: list[Judgement], expected: int | None
) -> None:
    assert baseline_of(candidate, judgements) == expected


class Anomaly:
    short_description = "Unexpected string values"
    description = "Examples contain values\nmissing from the schema: z"


def test_anomalies_are_told_by_split_and_feature() -> None:
    lines = problems.anomalies("test", {"label": Anomaly()})
    assert lines == [
        "test: label: Unexpected string values: Examples contain values missing from the schema: z"
    ]
    with pytest.raises(InputError, match=r"may not be trained on: test: label.*data\.schema"):
        problems.refuse(lines)


def test_a_class_that_training_never_sees_is_a_problem() -> None:
    splits = {"train": {"a": 3, "b": 0}, "validation": {"a": 1, "b": 1}, "test": {"a": 0, "b": 0}}
    assert problems.missing_images(splits) == [
        "test: no image at all",
        "train: no image of class 'b'",
    ]


def test_data_without_problems_is_let_through() -> None:
    splits = {"train": {"a": 3}, "validation": {"a": 1}, "test": {"a": 1}}
    found = problems.missing_images(splits)
    problems.refuse(found)
    assert found == []


def model(folder: Path) -> Path:
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"graph")
    return folder


def test_versions_rise_and_carry_their_note(tmp_path: Path) -> None:
    serving = tmp_path / "serving"
    numbers = [versions.push(model(tmp_path / f"{i}"), serving, {"run_id": f"{i}"}) for i in "ab"]
    assert numbers == sorted(set(numbers)) == versions.list_versions(serving)
    note = versions.read_note(serving, numbers[1])
    assert (note["run_id"], note["version"]) == ("b", numbers[1])


def test_the_newest_version_alone_counts_as_served(tmp_path: Path) -> None:
    serving = tmp_path / "serving"
    assert versions.served_version(serving, "/a") is None
    first = versions.push(model(tmp_path / "a"), serving, {versions.MODEL: "/a"})
    assert versions.served_version(serving, "/a") == first
    second = versions.push(model(tmp_path / "b"), serving, {versions.MODEL: "/b"})
    assert versions.served_version(serving, "/a") is None
    assert versions.served_version(serving, "/b") == second


def test_a_push_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    serving = tmp_path / "serving"
    versions.push(model(tmp_path / "good"), serving, {})
    before = sorted(serving.iterdir())
    with pytest.raises(TypeError):
        versions.push(model(tmp_path / "next"), serving, {"not json": object()})
    assert sorted(serving.iterdir()) == before


def test_what_is_no_version_is_not_listed(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    model(tmp_path / ".8.partial")
    model(tmp_path / "9")
    assert versions.list_versions(tmp_path) == [9]
    assert versions.list_versions(tmp_path / "none") == []


@pytest.mark.parametrize(
    ("blessed", "infra", "pushed_by", "status"),
    [
        (True, True, "now", "pushed"),
        (True, True, "before", "unchanged"),
        (False, False, "now", "rejected"),
        (True, False, "now", "rejected"),
    ],
)
def test_a_runs_status(blessed: bool, infra: bool, pushed_by: str, status: str) -> None:
    found = status_of(blessed=blessed, infra_passed=infra, pushed_by=pushed_by, run_id="now")
    assert found == status


def test_a_summary_is_read_as_it_was_written(tmp_path: Path) -> None:
    summary = Summary(run_id="1", status="pushed", serving_dir="/s", labels=["æ"])
    summary.write(tmp_path / "deep" / "summary.json", tmp_path / "other.json")
    assert read_summary(tmp_path / "deep" / "summary.json") == summary
    assert read_summary(tmp_path / "none.json") is None
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["summary.json"]
