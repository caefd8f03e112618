"""What stops a run before anything is trained."""

import pytest

from components.data_check import problems
from modules.errors import InputError


class Anomaly:
    short_description = "Unexpected string values"
    description = "Examples contain values\nmissing from the schema: z"


def test_anomalies_are_told_by_split_and_feature() -> None:
    lines = problems.anomalies("test", {"label": Anomaly()})
    assert lines == [
        "test: label: Unexpected string values: Examples contain values missing from the schema: z"
    ]
    with pytest.raises(InputError, match=r"training cannot start: test: label.*data\.schema"):
        problems.refuse(lines)


def test_a_class_that_training_never_sees_is_a_problem() -> None:
    splits = {"train": {"a": 3, "b": 0}, "validation": {"a": 1, "b": 1}, "test": {"a": 0, "b": 0}}
    assert problems.missing_images(splits) == [
        "test: no image at all",
        "train: no image of class 'b'",
    ]


def test_data_without_problems_is_let_through() -> None:
    splits = {"train": {"a": 3}, "validation": {"a": 1}, "test": {"a": 1}}
    problems_found = problems.missing_images(splits)
    problems.refuse(problems_found)
    assert problems_found == []


def test_too_few_test_images_for_the_gate_stop_a_run_before_it_trains() -> None:
    assert problems.few_test_images(30, 30) == []
    assert problems.few_test_images(0, 30) == []  # missing_images tells it.
    lines = problems.few_test_images(1, 30)
    assert lines == ["test: 1 image, and evaluation.min_examples asks for 30"]
    message = (
        "training cannot start: test: 1 image, .*; add or correct images, change the shares in "
        r"data\.splits, or lower evaluation\.min_examples$"
    )
    with pytest.raises(InputError, match=message):
        problems.refuse(lines)


def test_a_test_split_of_nearly_one_class_stops_a_run_before_it_trains() -> None:
    assert problems.few_other_images({"a": 90, "b": 4, "c": 3}, 7) == []
    assert problems.few_other_images({"a": 90, "b": 4, "c": 2}, 0) == []
    assert problems.few_other_images({"a": 0, "b": 0}, 7) == []  # missing_images tells it.
    lines = problems.few_other_images({"a": 1090, "b": 4, "c": 2}, 7)
    assert lines == [
        "test: 6 images beside the 1,090 of class 'a', and evaluation.no_skill asks for 7"
    ]
    with pytest.raises(InputError, match=r"data\.splits, or set evaluation\.no_skill to allow$"):
        problems.refuse(lines)
