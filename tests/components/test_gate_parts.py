"""The plain functions behind the nodes between Trainer and the summary."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from components.baseline.choice import Judgement, baseline_of
from components.data_check import problems
from components.infra_check.check import check
from components.infra_check.probe import check_answer
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


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("import os; os.abort()", "ended with -6"),
        ("raise SystemExit('no memory')", "ended with 1: no memory"),
        ("import time; time.sleep(60)", "no answer within"),
        ('print(\'{"problems": ["odd"], "milliseconds": 1}\')', "odd"),
    ],
)
def test_a_crash_a_hang_and_a_wrong_answer_are_refusals(code: str, problem: str) -> None:
    outcome = check("model", "examples", 5.0, python(code))
    assert not outcome.passed
    assert problem in outcome.problems[0]


def test_a_package_of_the_same_name_in_the_current_folder_is_not_the_probe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "components" / "infra_check"
    fake.mkdir(parents=True)
    for folder in (fake, fake.parent):
        (folder / "__init__.py").touch()
    answer = 'print(\'{"problems": [], "milliseconds": 1}\')'
    (fake / "probe.py").write_text(answer, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    outcome = check(str(tmp_path / "none"), "none", 120.0)
    assert not outcome.passed


def test_a_good_answer_passes() -> None:
    code = 'print("noise"); print(\'{"problems": [], "milliseconds": 2.5}\')'
    outcome = check("model", "examples", 30.0, python(code))
    assert outcome.passed
    assert outcome.milliseconds == 2.5


def good_scores() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.array([[0.25, 0.75], [0.9, 0.1]], np.float32)


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda s: s, None),
        (lambda s: s[:1], "shape"),
        (lambda s: s * np.nan, "not finite"),
        (lambda s: s * 2, "add up to 1"),
        (lambda s: s[:, ::-1], "not the one of the highest score"),
    ],
)
def test_an_answer_is_checked_in_every_respect(
    spoil: Callable[[object], np.ndarray[tuple[int, ...], np.dtype[np.float32]]],
    problem: str | None,
) -> None:
    labels = np.array([b"b", b"a"], object)
    found = check_answer(spoil(good_scores()), labels, ["a", "b"], 2)
    assert found == [] if problem is None else problem in found[0]


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
