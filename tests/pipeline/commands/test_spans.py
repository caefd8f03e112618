"""What people decide about spans."""

import shutil
from pathlib import Path

import pytest

from components.records import spans, split_book
from modules.errors import BusyError
from tests.components.window.test_selection import record
from tests.pipeline.commands.span_roots import DECISION, Spans, quarantined


@pytest.fixture
def thaw_spans(tmp_path: Path) -> Spans:
    return Spans(tmp_path)


def test_a_person_accepts_a_span_and_the_record_keeps_who_when_and_why(thaw_spans: Spans) -> None:
    thaw_spans.know(record(5), quarantined(6))
    line = thaw_spans.line("accept", thaw_spans.config, 6, *DECISION)
    assert line.startswith("span 6 is accepted, by ann; it was quarantined; thaw retrain ")
    thaw_spans("reject", thaw_spans.config, 6, "--by", "bob", "--reason", "the old ones after all")
    known = spans.read(thaw_spans.root.spans)
    assert known[5] == record(5)
    assert (known[6].state, known[6].decided_by) == ("rejected", "bob")
    assert known[6].reason == "the old ones after all"
    assert [(d.before, d.state, d.by, d.reason) for d in known[6].history] == [
        ("quarantined", "accepted", "ann", "new pens"),
        ("accepted", "rejected", "bob", "the old ones after all"),
    ]
    assert all(decision.at.endswith("Z") for decision in known[6].history)


def test_a_span_that_is_rejected_after_it_was_trained_on_is_said_with_the_remedy(
    thaw_spans: Spans,
) -> None:
    thaw_spans.know(record(5), record(6))
    reject = ("reject", thaw_spans.config, 6, *DECISION)
    assert thaw_spans.line(*reject).endswith("; no model will be trained on it")
    without = thaw_spans.pushed(5)
    assert thaw_spans.line(*reject).endswith("; no model will be trained on it")
    _, served = thaw_spans.pushed(6), thaw_spans.pushed(5, 6)
    assert thaw_spans.line(*reject).endswith(
        f"; version {served}, which is served, was trained on it: thaw rollback "
        f"{thaw_spans.config} {without} goes back to one that was not"
    )
    line = thaw_spans.line("reject", thaw_spans.config, 5, *DECISION)
    assert "goes back" in line


def test_where_every_version_was_trained_on_a_span_the_remedy_is_to_train(
    thaw_spans: Spans,
) -> None:
    thaw_spans.know(record(6))
    served = thaw_spans.pushed(6)
    line = thaw_spans.line("reject", thaw_spans.config, 6, *DECISION)
    assert f"version {served}, which is served, was trained on it, and so were all others" in line
    assert line.endswith(f"thaw run {thaw_spans.config} trains one without it")


def test_the_labels_of_a_span_count_against_those_of_others_only_while_it_is_accepted(
    thaw_spans: Spans,
) -> None:
    thaw_spans.know(quarantined(6))
    book = thaw_spans.root.split_book
    thaw_spans.line("accept", thaw_spans.config, 6, *DECISION)
    assert [sighting.span for sighting in split_book.read(book).sightings["d1"]] == [6]
    thaw_spans.line("reject", thaw_spans.config, 6, *DECISION)
    assert split_book.read(book).sightings == {}
    assert split_book.read(book).splits == {"d1": "train"}


def test_a_span_whose_records_are_gone_is_not_accepted(thaw_spans: Spans) -> None:
    thaw_spans.know(quarantined(6))
    shutil.rmtree(thaw_spans.root.path / "ingestion")
    said = thaw_spans.mistake("accept", thaw_spans.config, 6, *DECISION)
    assert said.endswith("belongs to what was ingested of it, is gone; restore it from a copy")
    assert thaw_spans.line("reject", thaw_spans.config, 6, *DECISION)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["9", *DECISION], "SPAN: got 9, and the spans ingested are '5' and '6'; name one"),
        (["six", *DECISION], "SPAN: got 'six', must be a span's number; thaw spans "),
        (["2026-01-01", *DECISION], "SPAN: got '2026-01-01', must be a span's number; "),
        (["6", "--by", "ann"], "--by and --reason: one is missing or empty; "),
        (["6", "--reason", "new pens"], "--by and --reason: one is missing or empty; "),
        (["6", "--by", " ", "--reason", "new pens"], "--by and --reason: one is missing or empt"),
        (["5", *DECISION], "SPAN: 5 cannot be accepted, as its images cannot be used as they a"),
    ],
)
def test_a_mistake_is_one_line_and_changes_nothing(
    thaw_spans: Spans, arguments: list[str], message: str
) -> None:
    invalid = record(5, state="invalid", artifacts={})
    thaw_spans.know(invalid, quarantined(6))
    before = thaw_spans.root.spans.read_bytes()
    said = thaw_spans.mistake("accept", thaw_spans.config, *arguments)
    assert said.startswith(message)
    assert "\n" not in said
    assert thaw_spans.root.spans.read_bytes() == before


def test_a_span_that_cannot_be_used_can_be_rejected(thaw_spans: Spans) -> None:
    thaw_spans.know(record(5, state="invalid", artifacts={}))
    line = thaw_spans.line("reject", thaw_spans.config, 5, *DECISION)
    assert line.startswith("span 5 is rejected, by ann; it was invalid")


def test_nothing_is_decided_before_a_span_was_ingested_and_no_root_is_made(
    thaw_spans: Spans,
) -> None:
    said = thaw_spans.mistake("accept", thaw_spans.config, 1, *DECISION)
    assert "no span has been ingested yet; run thaw retrain" in said
    assert not thaw_spans.root.path.exists()


def test_a_span_of_a_day_is_named_by_it(tmp_path: Path) -> None:
    thaw_spans = Spans(tmp_path, "{YYYY}-{MM}-{DD}")
    thaw_spans.know(quarantined(20454))
    line = thaw_spans.line("accept", thaw_spans.config, "2026-01-01", *DECISION)
    assert line.startswith("span 20454 (2026-01-01) is accepted, by ann")
    assert thaw_spans.line("reject", thaw_spans.config, "20454", *DECISION)
    said = thaw_spans.mistake("accept", thaw_spans.config, "January", *DECISION)
    assert said.startswith("SPAN: got 'January', must be a span's number or a day such as 2026-01")


def test_while_a_run_holds_the_root_nothing_is_decided(thaw_spans: Spans) -> None:
    thaw_spans.know(quarantined(6))
    with thaw_spans.root.held():
        done = thaw_spans("accept", thaw_spans.config, 6, *DECISION)
        assert isinstance(done.exception, BusyError)
        assert thaw_spans(thaw_spans.config).exit_code == 0
    assert spans.read(thaw_spans.root.spans)[6].state == "quarantined"
