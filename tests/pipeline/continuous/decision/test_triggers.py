"""Each trigger of ``retrain.when``: what it measures, when it is met, and what it cannot know."""

from datetime import timedelta
from typing import Any

import pytest

from components.records.spans import AgreementRecord, ShareRecord, SpanRecord
from modules.intervals import share
from modules.settings import ServedAccuracy
from pipeline.continuous.decision import triggers
from pipeline.continuous.decision.decisions import TriggerResult
from tests.pipeline.continuous.decision.situations import (
    NOW,
    finished,
    situation,
    span,
    version,
)

DAY = 86400
RULE = ServedAccuracy(below=0.9, images=100)


def answered(number: int, right: int, images: int, by: int = 7) -> SpanRecord:
    """A span of whose held-out images the served version has named so many rightly."""
    estimate = share(right, images)
    figures: Any = {"images": images, "agreement": right / images, "interval": estimate.interval}
    agreement = AgreementRecord(**figures, version=by, by_class={}, held_out=ShareRecord(**figures))
    return span(number, agreement=agreement)


def nothing_served(*args: Any, **values: Any) -> TriggerResult:
    result = triggers.nothing_served(situation(*args, **values))
    assert result is not None
    return result


def test_the_first_training_is_due_as_soon_as_a_span_is_accepted() -> None:
    assert nothing_served([1]).met
    assert not nothing_served([]).met
    assert "no span has been accepted" in nothing_served([]).sentence
    assert triggers.nothing_served(situation([1], version(7, [1]))) is None


@pytest.mark.parametrize("state", ["quarantined", "rejected", "invalid"])
def test_a_span_that_is_in_no_window_makes_nothing_due(state: Any) -> None:
    aside = {1: span(1), 2: span(2, state=state)}
    assert not nothing_served({2: aside[2]}).met
    served = version(7, [1], days=1)
    for result in (
        triggers.new_span(situation(aside, served)),
        triggers.new_images(situation(aside, served), 1),
        triggers.every(situation(aside, served), DAY // 2),
    ):
        assert not result.met, result


def test_a_first_model_that_was_refused_is_not_trained_again_from_the_same_spans() -> None:
    again = nothing_served([1, 2], finished=finished([1, 2]))
    assert not again.met
    assert "the gate refused the model of run 20261124" in again.sentence
    assert nothing_served([1, 2, 3], finished=finished([1, 2])).met
    # Somebody has emptied the serving folder.
    assert nothing_served([1, 2], finished=finished([1, 2], "pushed")).met


def test_a_span_is_new_until_a_version_or_a_finished_run_was_trained_on_it() -> None:
    served = version(7, [1, 2])
    result = triggers.new_span(situation([1, 2, 3, 4], served))
    assert (result.met, result.value) == (True, 2)
    assert result.sentence == "spans 3 and 4 are new"
    result = triggers.new_span(situation([1, 2, 3], served, finished=finished([1, 2, 3])))
    assert (result.met, result.value, result.sentence) == (False, 0, "no span is new")
    assert not triggers.new_span(situation([1, 2, 3], served, others=(version(8, [3]),))).met


def test_a_span_that_has_changed_is_new_again() -> None:
    changed = {1: span(1), 2: span(2, fingerprint="f" * 64)}
    result = triggers.new_span(situation(changed, version(7, [1, 2])))
    assert (result.met, result.sentence) == (True, "span 2 has changed")
    higher = {1: span(1), 2: span(2, version=3)}
    assert triggers.new_span(situation(higher, version(7, [1, 2]))).met


def test_a_span_before_the_window_is_not_new() -> None:
    assert not triggers.new_span(situation([1, 2, 3], version(7, [2, 3]), window=2)).met


def test_a_part_of_a_late_span_is_new_where_older_spans_stay_in() -> None:
    late = situation([1, 2, 3], version(7, [2, 3]), window=2, older=0.5)
    assert triggers.new_span(late).met
    assert triggers.new_images(late, 50).value == 50


def test_images_count_that_the_served_model_was_not_trained_on() -> None:
    served = version(7, [1, 2])
    assert triggers.new_images(situation([1, 2, 3, 4], served), 201).value == 200
    assert not triggers.new_images(situation([1, 2, 3, 4], served), 201).met
    assert triggers.new_images(situation([1, 2, 3, 4], served), 200).met


def test_images_of_a_refused_run_count_again_when_others_come() -> None:
    served, refused = version(7, [1, 2]), finished([1, 2, 3])
    result = triggers.new_images(situation([1, 2, 3], served, finished=refused), 100)
    assert (result.met, result.value) == (False, 100)
    assert "but a finished run was trained on all of them" in result.sentence
    result = triggers.new_images(situation([1, 2, 3, 4], served, finished=refused), 150)
    assert (result.met, result.value) == (True, 200)


@pytest.mark.parametrize(("right", "met"), [(80, True), (86, False), (95, False)])
def test_served_accuracy_is_met_when_the_whole_interval_is_below_the_bound(
    right: int, met: bool
) -> None:
    spans = {1: span(1), 2: answered(2, right, 100)}
    result = triggers.served_accuracy(situation(spans, version(7, [1])), RULE)
    assert result.value == right / 100
    assert result.interval is not None
    assert result.met == met == (result.interval[1] < 0.9)


def test_served_accuracy_takes_all_new_spans_together() -> None:
    spans = {1: span(1), 2: answered(2, 30, 60), 3: answered(3, 40, 60)}
    result = triggers.served_accuracy(situation(spans, version(7, [1])), RULE)
    assert result.value == pytest.approx(70 / 120)
    assert "on 120 images of spans 2 and 3" in result.sentence
    assert result.met


@pytest.mark.parametrize(
    ("spans", "served", "reason"),
    [
        (
            {2: answered(2, 1, 99)},
            version(7, [1]),
            "it takes 100 validation and test images of new spans, not 99",
        ),
        ({2: span(2)}, version(7, [1]), "it has not answered span 2"),
        ({2: answered(2, 1, 200, by=8)}, version(7, [1]), "version 8 has answered span 2"),
        ({1: span(1)}, version(7, [1]), "no span is new"),
        ({1: span(1)}, None, "no version is served"),
    ],
)
def test_served_accuracy_says_why_it_is_not_known(
    spans: dict[int, SpanRecord], served: Any, reason: str
) -> None:
    result = triggers.served_accuracy(situation(spans, served), RULE)
    assert (result.met, result.value) == (False, None)
    assert reason in result.sentence


def test_an_old_model_is_due_only_where_the_window_is_another() -> None:
    old = version(7, [1, 2], days=8)
    assert triggers.every(situation([1, 2, 3], old), 7 * DAY).met
    assert not triggers.every(situation([1, 2, 3], old), 9 * DAY).met
    same = triggers.every(situation([1, 2], old), 7 * DAY)
    assert (same.met, same.value) == (False, 8 * DAY)
    assert "has been trained on the same spans already" in same.sentence
    refused = situation([1, 2, 3], old, finished=finished([1, 2, 3]))
    assert not triggers.every(refused, 7 * DAY).met
    # A person has rejected a span that the model was trained on.
    rejected = {1: span(1), 2: span(2, state="rejected")}
    assert triggers.every(situation(rejected, old), 7 * DAY).met


def test_a_clock_that_goes_back_makes_nothing_due_and_is_said() -> None:
    early = situation([1, 2], version(7, [1]), now=NOW - timedelta(days=3))
    result = triggers.every(early, 1)
    assert (result.met, result.value) == (False, -2 * DAY)
    assert result.sentence == (
        "the clock is 2 days before the time at which version 7 was pushed; set it right"
    )


def test_a_version_without_a_time_has_no_age() -> None:
    result = triggers.every(situation([1, 2], version(7, [1], days=None)), 1)
    assert (result.met, result.value) == (False, None)
    assert "version 7 does not say when it was pushed" in result.sentence


def test_a_dry_run_says_what_shows_only_when_a_span_has_been_ingested() -> None:
    dry = situation([1], version(7, [1]), to_ingest=(2,))
    assert triggers.new_span(dry).met
    assert triggers.new_span(dry).sentence == "span 2 has come"
    assert "without those of span 2" in triggers.new_images(dry, 10).sentence
    assert "span 2 has to be ingested first" in triggers.served_accuracy(dry, RULE).sentence


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.5, "0 seconds"),
        (1, "1 second"),
        (3599, "59 minutes"),
        (7200, "2 hours"),
        (2e6, "23 days"),
    ],
)
def test_a_duration_is_told_in_its_largest_unit(seconds: float, words: str) -> None:
    assert triggers.duration(seconds) == words


def test_many_spans_are_only_counted() -> None:
    assert triggers.numbers([3]) == "span 3"
    assert triggers.numbers([1, 2, 3]) == "spans 1, 2 and 3"
    assert triggers.numbers(list(range(9))) == "9 spans"
