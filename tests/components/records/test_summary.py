"""The summary's form, and what became of a run."""

from pathlib import Path

import pytest

from components.records.summary import Summary, read_summary, status_of


@pytest.mark.parametrize(
    ("version", "pushed_by", "status"),
    [("7", "now", "pushed"), ("7", "before", "unchanged"), ("", "", "rejected")],
)
def test_a_runs_status(version: str, pushed_by: str, status: str) -> None:
    assert status_of(version=version, pushed_by=pushed_by, run_id="now") == status


def test_a_summary_is_read_as_it_was_written(tmp_path: Path) -> None:
    summary = Summary(run_id="1", status="pushed", serving_dir="/s", labels=["æ"])
    summary.write(tmp_path / "deep" / "summary.json", tmp_path / "other.json")
    assert read_summary(tmp_path / "deep" / "summary.json") == summary
    assert read_summary(tmp_path / "none.json") is None
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["summary.json"]
