"""The summary's form, and what became of a run."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from components.records.summary import Summary, read_summary, status_of
from components.records.training import StageRecord
from modules.finetune.results import StageResult

SUMMARIES = sorted(Path(__file__).with_name("summaries").glob("*.json"))


@pytest.mark.parametrize(
    ("version", "pushed_by", "status"),
    [("7", "now", "pushed"), ("7", "before", "unchanged"), ("", "", "rejected")],
)
def test_a_runs_status(version: str, pushed_by: str, status: str) -> None:
    assert status_of(version=version, pushed_by=pushed_by, run_id="now") == status


def test_a_summary_is_read_as_it_was_written(tmp_path: Path) -> None:
    summary = Summary(run_id="1", status="pushed", serving_dir="/s", labels=("æ",))
    summary.write(tmp_path / "deep" / "summary.json", tmp_path / "other.json")
    assert read_summary(tmp_path / "deep" / "summary.json") == summary
    assert read_summary(tmp_path / "none.json") is None
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["summary.json"]


def _as_far_as(older: Any, newer: Any) -> Any:
    """A newer document without the keys that an older one did not have yet."""
    if isinstance(older, dict) and isinstance(newer, dict):
        return {key: _as_far_as(older[key], value) for key, value in newer.items() if key in older}
    if isinstance(older, list) and isinstance(newer, list):
        return [_as_far_as(*pair) for pair in zip(older, newer, strict=True)]
    return newer


@pytest.mark.parametrize("path", SUMMARIES, ids=lambda path: path.stem)
def test_summaries_of_0_1_0_are_read_and_written_without_loss(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    before = json.loads(text.replace('"moved": {', '"weight_drift": {'))
    summary = read_summary(path)
    assert summary is not None
    after = _as_far_as(before, json.loads(summary.as_text()))
    assert after == {**before, "backbone": before["backbone"] or None}


def test_a_record_refuses_a_key_that_it_does_not_know() -> None:
    with pytest.raises(ValidationError, match=r"infra\.latency\n.*Extra inputs"):
        Summary.model_validate(
            {
                "run_id": "1", "status": "pushed", "serving_dir": "/s",
                "infra": {"passed": True, "problems": [], "latency": {}},
            }
        )  # fmt: skip


def test_the_stages_record_has_all_of_a_stages_result_but_the_single_images() -> None:
    assert set(StageRecord.model_fields) == {field.name for field in fields(StageResult)} - {
        "correct"
    }
