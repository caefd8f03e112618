"""Drift as a trigger: which spans are compared, and with what."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.records.spans import SpanRecord
from pipeline.continuous.decision.decisions import TriggerResult
from pipeline.continuous.decision.drift_trigger import drifts
from pipeline.continuous.decision.situation import Situation, Version
from tests.pipeline.continuous.decision.situations import NOW, situation, span, trained_on, version
from tests.pipeline.continuous.decision.test_span_statistics import write

Columns = Mapping[str, Sequence[Any]]


@pytest.fixture
def spans(tmp_path: Path) -> Any:
    """Makes spans with statistics of these columns, and images of a class for each label."""

    def make(columns: Mapping[int, Columns], **changes: Any) -> dict[int, SpanRecord]:
        records = {}
        for number, values in columns.items():
            place = f"statistics/{number}"
            write(tmp_path / place, "train", **{name: list(each) for name, each in values.items()})
            records[number] = span(number, artifacts={"statistics": place}, **changes)
        return records

    return make


def measured(present: Situation, **bounds: Any) -> dict[str, TriggerResult]:
    of_features: Any = bounds
    return {result.name: result for result in drifts(present, of_features)}


def test_numbers_are_compared_by_their_divergence_and_words_by_their_shares(
    spans: Any, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    bright, dark = rng.uniform(0.4, 0.6, 400), rng.uniform(0.1, 0.3, 200)
    records = spans(
        {
            1: {"brightness": bright[:200], "width": [64] * 200, "format": ["PNG"] * 200},
            2: {"brightness": bright[200:], "width": [64] * 200, "format": ["PNG"] * 200},
            3: {"brightness": dark, "width": [64] * 200, "format": ["PNG"] * 50 + ["GIF"] * 150},
        }
    )
    present = situation(records, version(7, [1, 2]), root=tmp_path)
    results = measured(present, brightness=0.1, width=0.1, format=0.1)
    assert results["drift.brightness"].value == pytest.approx(1.0, abs=0.02)
    assert results["drift.width"].value == 0.0
    assert results["drift.format"].value == pytest.approx(0.75)
    assert [result.met for result in results.values()] == [True, False, True]
    assert results["drift.format"].sentence == "format of span 3 has drifted by 0.750 (bound 0.1)"


def test_labels_are_compared_by_the_spans_counts() -> None:
    images = {"train": {"cat": 60, "dog": 20}, "test": {"cat": 15, "dog": 5}}
    records = {1: span(1), 2: span(2, images=images), 3: span(3)}
    result = measured(situation(records, version(7, [1])), label=0.2)["drift.label"]
    assert result.value == 0.25
    assert result.met
    assert "label of span 2" in result.sentence


def test_a_span_counts_by_how_many_of_its_images_the_model_was_trained_on() -> None:
    cats, dogs = {"train": {"cat": 100}}, {"train": {"dog": 100}}
    records = {1: span(1, images=cats), 2: span(2, images=dogs), 3: span(3, images=dogs)}
    trained = (trained_on(1, "older", 25), trained_on(2))
    result = measured(situation(records, Version(7, NOW, trained)), label=0.5)["drift.label"]
    assert result.value == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("records", "served", "reason"),
    [
        ([1, 2], None, "no version is served"),
        ([1], version(7, [1]), "no span is new"),
        ([1, 2], version(7, None), "version 7 does not say on which spans it was trained"),
        ({1: span(1, fingerprint="f"), 2: span(2)}, version(7, [1]), "have all changed since"),
    ],
)
def test_drift_says_why_it_is_not_known(records: Any, served: Any, reason: str) -> None:
    result = measured(situation(records, served), label=0.1)["drift.label"]
    assert (result.met, result.value, result.bound) == (False, None, 0.1)
    assert reason in result.sentence


def test_drift_is_not_known_where_the_statistics_are_gone(spans: Any, tmp_path: Path) -> None:
    records = {**spans({1: {"width": [1, 2]}}), 2: span(2)}
    result = measured(situation(records, version(7, [1]), root=tmp_path), width=0.1)["drift.width"]
    assert (result.met, result.value) == (False, None)
    assert "the statistics of the spans have been removed" in result.sentence
