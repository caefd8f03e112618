"""What ``/metrics`` shows of a root's files."""

import json
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from components.records import spans
from components.records.spans import SpanRecord, State
from pipeline.continuous.decision.decisions import Decision, append
from pipeline.continuous.service.monitor import RootCollector
from pipeline.continuous.service.tally import Tally
from pipeline.state.root import Root

NOW = 1_800_000_000.0
METRICS = {"golden": {"candidate": {"accuracy": 0.975}}}


def collected(root: Root, tally: Tally | None = None) -> dict[str, float]:
    """All samples as Prometheus reads them: the value by name and labels."""
    registry = CollectorRegistry()
    registry.register(
        RootCollector(root, root.path / "serving", tally or Tally(900.0), now=lambda: NOW)
    )
    lines = generate_latest(registry).decode().splitlines()
    pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in pairs}


def span(number: int, state: State, **images: dict[str, int]) -> SpanRecord:
    return SpanRecord(
        span=number, content_digest="c", options_digest="o", fingerprint="aa", state=state,
        reason="",
        decided_by="thaw", decided_at="2026-11-25T00:00:00Z", ingested_at="2026-11-25T00:00:00Z",
        run_id="r", images=images, artifacts={},
    )  # fmt: skip


def version(folder: Path, number: int, pushed_at: str, summary: object = None) -> None:
    """A version as far as the serving folder's readers look at it."""
    extra = folder / str(number) / "assets.extra"
    extra.mkdir(parents=True)
    (folder / str(number) / "saved_model.pb").touch()
    note = {"version": number, "pushed_at": pushed_at}
    (extra / "thaw.json").write_text(json.dumps(note))
    (extra / "summary.json").write_text(json.dumps(summary))


def test_an_empty_root_has_counts_of_zero_and_no_times(tmp_path: Path) -> None:
    samples = collected(Root(tmp_path / "none"))
    assert samples['thaw_retrain_runs_total{status="pushed"}'] == 0
    assert samples['thaw_retrain_decisions_total{answer="yes"}'] == 0
    assert samples['thaw_spans{state="quarantined"}'] == 0
    assert samples['thaw_images{split="train"}'] == 0
    assert samples["thaw_retrain_consecutive_failures"] == 0
    assert not [name for name in samples if "timestamp" in name or "served" in name]


def test_what_the_service_has_counted_is_shown(tmp_path: Path) -> None:
    tally = Tally(900.0, failures=2, data_is_invalid=True)
    tally.runs["failed"] = 3
    tally.decisions["no"] = 40
    samples = collected(Root(tmp_path), tally)
    assert samples['thaw_retrain_runs_total{status="failed"}'] == 3
    assert samples['thaw_retrain_decisions_total{answer="no"}'] == 40
    assert samples["thaw_retrain_consecutive_failures"] == 2
    assert samples["thaw_retrain_data_invalid"] == 1


def test_images_are_those_of_accepted_spans_and_spans_are_counted_by_state(tmp_path: Path) -> None:
    root = Root(tmp_path)
    spans.write(
        root.spans,
        [
            span(1, "accepted", train={"a": 10, "b": 5}, test={"a": 2}),
            span(2, "quarantined", train={"a": 100}),
            span(3, "accepted", train={"a": 1}),
        ],
    )
    samples = collected(root)
    assert samples['thaw_images{split="train"}'] == 16
    assert samples['thaw_images{split="test"}'] == 2
    assert samples['thaw_images{split="validation"}'] == 0
    assert [samples[f'thaw_spans{{state="{state}"}}'] for state in ("accepted", "quarantined")] == [
        2, 1,
    ]  # fmt: skip


def test_the_last_decision_and_the_last_run_are_shown_as_unix_time(tmp_path: Path) -> None:
    root = Root(tmp_path)
    for moment in ("2026-11-25T00:00:00Z", "2027-01-15T08:00:00Z"):
        append(root.decisions, Decision(time=moment, answer="no", sentence=""))
    root.summary.write_text('{"run": {"ended_at": "2027-01-15T07:59:00Z"}}')
    samples = collected(root)
    assert samples["thaw_retrain_last_decision_timestamp_seconds"] == NOW
    assert samples["thaw_retrain_last_run_timestamp_seconds"] == NOW - 60


def test_the_served_version_has_an_age_and_a_withdrawn_one_may_be_the_last_push(
    tmp_path: Path,
) -> None:
    serving = tmp_path / "serving"
    version(serving, 7, "2027-01-15T07:00:00Z", {"metrics": METRICS})
    version(serving / ".withdrawn", 8, "2027-01-15T07:30:00Z")
    samples = collected(Root(tmp_path))
    assert samples["thaw_served_version"] == 7
    assert samples["thaw_served_model_age_seconds"] == 3600
    assert samples["thaw_golden_accuracy"] == 0.975
    assert samples["thaw_retrain_last_push_timestamp_seconds"] == NOW - 1800


def test_a_clock_that_went_back_makes_no_age_negative(tmp_path: Path) -> None:
    version(tmp_path / "serving", 7, "2027-01-15T09:00:00Z")
    assert collected(Root(tmp_path))["thaw_served_model_age_seconds"] == 0


@pytest.mark.parametrize(
    "content", ["", "[", "[1]", '{"time": 7, "run": [], "metrics": {"golden": "x"}}']
)
def test_damaged_files_leave_metrics_out_and_break_nothing(content: str, tmp_path: Path) -> None:
    root = Root(tmp_path)
    version(tmp_path / "serving", 7, "soon")
    for path in (root.spans, root.summary, root.decisions):
        path.write_text(content + "\n")
    for name in ("thaw.json", "summary.json"):
        (tmp_path / "serving" / "7" / "assets.extra" / name).write_text(content)
    samples = collected(root)
    assert samples["thaw_retrain_consecutive_failures"] == 0
    assert not [name for name in samples if "timestamp" in name or "age" in name or "span" in name]
