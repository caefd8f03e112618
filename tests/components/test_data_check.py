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
