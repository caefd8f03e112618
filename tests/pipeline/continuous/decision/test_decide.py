"""The decision from all triggers, and its sentence."""

from datetime import timedelta

from modules.settings import Retrain, Trigger
from pipeline.continuous.decision.decide import decide, of_invalid_span
from tests.pipeline.continuous.decision.situations import (
    NOW,
    finished,
    part,
    situation,
    span,
    version,
)

NEW_SPAN = (Trigger(new_span=True),)


def test_one_trigger_that_is_met_is_enough() -> None:
    when = (Trigger(new_images=1000), Trigger(new_span=True))
    decision = decide(situation([1, 2], version(7, [1])), when)
    assert decision.answer == "yes"
    assert decision.sentence == "training is due: span 2 is new; version 7 is served"
    assert [(each.name, each.met) for each in decision.triggers] == [
        ("new_images", False), ("new_span", True)
    ]  # fmt: skip
    assert decision.time == "2026-11-25T12:00:00Z"
    assert decision.spans == (part(1), part(2))
    assert decision.new_spans == (2,)
    assert decision.served_version == 7
    assert decision.run_id is None


def test_where_none_is_met_the_sentence_says_what_each_has_measured() -> None:
    when = Retrain.model_validate({"when": [{"new_images": 500}, {"every": "7d"}]}).when
    decision = decide(situation([1, 2], version(7, [1], days=2)), when)
    assert decision.answer == "no"
    assert decision.sentence == (
        "no training is due: 100 images are new to the served model (bound 500); "
        "version 7 is 2 days old; version 7 is served"
    )


def test_of_features_that_have_not_drifted_the_nearest_to_its_bound_is_told() -> None:
    images = {"train": {"cat": 60, "dog": 40}}
    records = {1: span(1, images=images), 2: span(2, images={"train": {"cat": 62, "dog": 38}})}
    when = Retrain.model_validate({"when": [{"drift": {"width": 0.1, "label": 0.1}}]}).when
    assert decide(situation(records, version(7, [1])), when).sentence == (
        "no training is due: label of span 2 has drifted by 0.020 (bound 0.1), and other features "
        "by less of their bounds; version 7 is served"
    )


def test_a_dry_run_says_that_a_no_is_not_final() -> None:
    when = Retrain.model_validate({"when": [{"drift": {"label": 0.1, "width": 0.1}}]}).when
    present = situation([1], version(7, [1]), to_ingest=(2,))
    assert decide(present, when).sentence == (
        "no training is due as far as is known: the drift of label is not known: span 2 has to be "
        "ingested first; version 7 is served; span 2 would be ingested first"
    )


def test_nothing_new_is_told_with_the_spans_that_there_are() -> None:
    served = version(1795565344, range(5, 9))
    decision = decide(situation(range(1, 9), served), NEW_SPAN)
    assert decision.answer == "no"
    assert (
        decision.sentence == "nothing new: 8 spans, the latest is 8; version 1795565344 is served"
    )


def test_spans_that_are_quarantined_or_too_early_are_named_where_nothing_is_new() -> None:
    records = {2: span(2), 3: span(3), 4: span(4, state="quarantined")}
    present = situation(records, version(7, [2, 3]), window=2, before_window=(1,))
    assert decide(present, NEW_SPAN).sentence == (
        "nothing new: 3 spans, the latest is 4, and span 4 is quarantined, and span 1 lies before "
        "the window; version 7 is served"
    )


def test_a_clock_that_went_back_is_said_where_nothing_is_new() -> None:
    present = situation([1], version(7, [1]), now=NOW - timedelta(days=2))
    when = Retrain.model_validate({"when": ["new_span", {"every": "1d"}]}).when
    assert "the clock is 1 day before the time" in decide(present, when).sentence


def test_the_first_training_needs_no_trigger() -> None:
    decision = decide(situation([1]), (Trigger(new_images=1000),))
    assert decision.answer == "yes"
    assert decision.sentence == "training is due: no version is served"
    refused_before = situation([1], finished=finished([1]))
    assert decide(refused_before, NEW_SPAN).answer == "no"


def test_there_is_no_training_without_spans() -> None:
    assert decide(situation([]), NEW_SPAN).answer == "no"
    aside = situation({1: span(1, state="rejected")}, version(7, [1], days=30))
    when = Retrain.model_validate({"when": [{"every": "1d"}]}).when
    assert decide(aside, when).answer == "no"


def test_an_invalid_span_ends_it_whatever_the_triggers_say() -> None:
    decision = of_invalid_span(situation([1, 2], version(7, [1])), "span 3: it has a new class")
    assert (decision.answer, decision.sentence) == ("no", "span 3: it has a new class")
    assert decision.triggers == ()


def test_a_decision_keeps_the_run_that_has_ended() -> None:
    run = finished([1])
    assert decide(situation([1, 2], finished=run), NEW_SPAN).finished == run
