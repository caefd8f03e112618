"""Which spans are in a window."""

from pathlib import Path
from typing import Any

import pytest

from components.records.spans import SpanRecord
from components.window.selection import Selection, numbers_in, select
from modules.settings import Window


def record(span: int, **changes: Any) -> SpanRecord:
    values: dict[str, Any] = {
        "span": span,
        "content_digest": "c",
        "options_digest": "r",
        "state": "accepted",
        "reason": "its images fit the schema",
        "decided_by": "thaw",
        "decided_at": "2026-01-01T00:00:00Z",
        "ingested_at": "2026-01-01T00:00:00Z",
        "run_id": "1",
        "images": {},
        "artifacts": {kind: f"{kind}/{span}" for kind in ("examples", "older", "ingestion")},
    }
    return SpanRecord(**{**values, **changes})


def window(**values: Any) -> Window:
    return Window.model_validate(values)


def spans_of(selection: Selection) -> tuple[list[int], list[int]]:
    return [r.span for r in selection.whole], [r.span for r in selection.older]


@pytest.mark.parametrize(
    ("length", "inside"),
    [
        ({"spans": 2}, {7, 12}),
        ({"spans": 9}, {1, 5, 7, 12}),
        ({"days": 6}, {7, 12}),
        ({"days": 5}, {12}),
    ],
)
def test_a_window_is_counted_in_spans_or_in_days_up_to_the_latest(
    length: dict[str, int], inside: set[int]
) -> None:
    assert numbers_in([7, 1, 12, 5], window(**length)) == inside


def test_only_accepted_spans_count() -> None:
    records = {n: record(n) for n in (1, 2, 3, 5)}
    records[4] = record(4, state="quarantined")
    records[6] = record(6, state="rejected")
    records[7] = record(7, state="invalid")
    assert spans_of(select(records, window(spans=2))) == ([3, 5], [])


def test_a_part_of_the_older_spans_stays_in_if_that_is_asked_for() -> None:
    records = {n: record(n) for n in (1, 2, 3)}
    selection = select(records, window(spans=2, older={"fraction": 0.1}))
    assert spans_of(selection) == ([2, 3], [1])
    root = Path("/root")
    examples = ["/root/older/1", "/root/examples/2", "/root/examples/3"]
    assert selection.artifacts("examples", root) == examples
    assert selection.artifacts("ingestion", root) == [f"/root/ingestion/{n}" for n in (1, 2, 3)]


def test_a_root_without_spans_has_an_empty_window() -> None:
    assert select({}, window(days=3, older={"fraction": 0.1})) == Selection()


def test_an_older_span_of_which_no_part_was_written_is_left_out() -> None:
    records = {n: record(n) for n in (1, 2, 3)}
    records[1].artifacts.pop("older")
    selected = select(records, window(spans=1, older={"fraction": 0.5}))
    assert spans_of(selected) == ([3], [2])
