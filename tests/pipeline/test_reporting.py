"""What a person is told at the end of a run."""

from typing import Any

import pytest

from components.records.data import DataRecord
from components.records.summary import Summary
from pipeline import reporting


@pytest.mark.parametrize(
    ("counts", "lines"),
    [
        ({"repeated": 0, "contradicted": 0, "unseen_class": 0}, []),
        (
            {"repeated": 1200, "contradicted": 0, "unseen_class": 2},
            [
                "data: images of the window that were not used: 1,200 since a later span has the "
                "same bytes; 2 since no training image of their class is in the window"
            ],
        ),
    ],
)
def test_it_says_how_many_images_of_a_window_were_not_used(
    counts: dict[str, Any], lines: list[str]
) -> None:
    summary = Summary(
        run_id="r", status="rejected", serving_dir="serving", data=DataRecord(**counts)
    )
    assert reporting._about_data(summary) == lines


def test_it_names_the_lists_of_all_spans_with_files_that_could_not_be_used() -> None:
    quarantined = {"by_reason": {"empty": 3}, "list": ["/a.jsonl", "/b.jsonl"]}
    data = DataRecord.model_validate({"quarantined": quarantined})
    summary = Summary(run_id="r", status="rejected", serving_dir="serving", data=data)
    assert reporting._about_data(summary) == [
        "data: 3 could not be used (3 empty); they are listed in /a.jsonl, /b.jsonl"
    ]
