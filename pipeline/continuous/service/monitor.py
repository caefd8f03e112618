"""The service's metrics, read from the root's files whenever they are asked for."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from components.records import spans
from components.records.summary import SUMMARY_FILE
from components.serving import versions
from modules import features, model_layout
from modules.errors import InputError
from pipeline.continuous.service import root_files
from pipeline.continuous.service.tally import Tally
from pipeline.state.root import Root


class RootCollector(Collector):
    """Collects what is known of a root and its serving folder, and what the service has counted."""

    def __init__(
        self, root: Root, serving_dir: Path, tally: Tally, now: Callable[[], float] = time.time
    ) -> None:
        self._root = root
        self._serving_dir = serving_dir
        self._tally = tally
        self._now = now

    def collect(self) -> Iterator[Metric]:
        """Yields all metrics; a value that no file holds is left out."""
        yield from _counted(self._tally)
        yield from _times(self._root)
        yield from _served(self._serving_dir, self._now())
        yield from _spans(self._root)


def _counted(tally: Tally) -> Iterator[Metric]:
    runs = CounterMetricFamily(
        "thaw_retrain_runs", "Runs since the service began, by how they ended.", labels=["status"]
    )
    for status, count in tally.runs.items():
        runs.add_metric([status], count)
    decisions = CounterMetricFamily(
        "thaw_retrain_decisions",
        "Decisions since the service began, by whether to train.",
        labels=["answer"],
    )
    for answer, count in tally.decisions.items():
        decisions.add_metric([answer], count)
    yield runs
    yield decisions
    yield GaugeMetricFamily(
        "thaw_retrain_consecutive_failures", "Failed runs in a row.", tally.failures
    )
    yield GaugeMetricFamily(
        "thaw_retrain_data_invalid",
        "1 while the data is invalid and has not changed since, else 0.",
        float(tally.data_is_invalid),
    )


def _times(root: Root) -> Iterator[Metric]:
    decision = root_files.decision_of(root)
    run = root_files.object_in(root.summary)
    yield from _gauge(
        "thaw_retrain_last_decision_timestamp_seconds",
        "When it was last decided whether to train, as Unix time.",
        root_files.timestamp(decision and decision.time),
    )
    yield from _gauge(
        "thaw_retrain_last_run_timestamp_seconds",
        "When the last run ended, as Unix time.",
        root_files.timestamp(root_files.value_at(run, "run", "ended_at")),
    )


def _served(serving_dir: Path, now: float) -> Iterator[Metric]:
    try:
        present = versions.list_versions(serving_dir)
        notes = [versions.read_note(serving_dir, number) for number in present[-1:]]
        notes += versions.withdrawn(serving_dir)
    except OSError:
        return
    pushes = [root_files.timestamp(note.get("pushed_at")) for note in notes]
    yield from _gauge(
        "thaw_retrain_last_push_timestamp_seconds",
        "When a version was last pushed, as Unix time; later withdrawals do not count.",
        max((push for push in pushes if push is not None), default=None),
    )
    if not present:
        return
    yield from _gauge("thaw_served_version", "The number of the served version.", present[-1])
    yield from _gauge(
        "thaw_served_model_age_seconds",
        "How long ago the served version was pushed.",
        None if pushes[0] is None else max(0.0, now - pushes[0]),
    )
    summary = serving_dir / str(present[-1]) / model_layout.EXTRA / SUMMARY_FILE
    metrics = root_files.value_at(root_files.object_in(summary), "metrics")
    golden = root_files.value_at(metrics, "golden", "candidate", "accuracy")
    yield from _gauge(
        "thaw_golden_accuracy",
        "The served version's accuracy on the golden set, from 0 to 1.",
        golden if isinstance(golden, float | int) else None,
    )


def _spans(root: Root) -> Iterator[Metric]:
    try:
        records = spans.read(root.spans).values()
    except InputError:  # The next run says what is wrong with it.
        return
    states = GaugeMetricFamily(
        "thaw_spans", "Spans by what was decided about them.", labels=["state"]
    )
    for state in get_args(spans.State):
        states.add_metric([state], sum(record.state == state for record in records))
    yield states
    accepted = [record for record in records if record.state == "accepted"]
    images = GaugeMetricFamily(
        "thaw_images", "Images of the accepted spans, by split.", labels=["split"]
    )
    for split in features.SPLITS:
        count = sum(sum(record.images.get(split, {}).values()) for record in accepted)
        images.add_metric([split], count)
    yield images


def _gauge(name: str, text: str, value: float | None) -> Iterator[Metric]:
    if value is not None:
        yield GaugeMetricFamily(name, text, value)
