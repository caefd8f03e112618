"""What is decided about a span, by its review and by people, and what is kept of it."""

from pathlib import Path

from components.records.span_decisions import (
    ReviewRecord,
    decided,
    invalid,
    read_review,
    reviewed,
    write_review,
)
from components.records.spans import AgreementRecord, SpanRecord

AGREEMENT = AgreementRecord(
    version=3, images=200, agreement=0.9, interval=(0.85, 0.93), by_class={}
)
GOOD = ReviewRecord(agreement=AGREEMENT)
BAD = ReviewRecord(agreement=AGREEMENT, problems=("the whole span: 0.1", "class 'a': 0"))


def ingested(content: str = "aa", at: str = "2026-01-01T00:00:00Z") -> SpanRecord:
    return SpanRecord(
        span=6,
        content_digest=content,
        options_digest="",
        state="accepted",
        reason="",
        decided_by="thaw",
        decided_at="",
        ingested_at=at,
        run_id="1",
        images={"train": {"a": 3}},
        artifacts={},
    )


def test_a_review_decides_about_a_new_span() -> None:
    accepted = reviewed(ingested(), None, GOOD, "artifacts/sheet.html")
    assert (accepted.state, accepted.decided_by) == ("accepted", "thaw")
    assert accepted.reason == "version 3 agrees with the labels of 0.9000 of 200 images"
    assert accepted.agreement is not None
    assert accepted.agreement.sheet == "artifacts/sheet.html"
    suspicious = reviewed(ingested(), None, BAD)
    assert suspicious.state == "quarantined"
    assert suspicious.reason == "the whole span: 0.1; class 'a': 0"
    (decision,) = suspicious.history
    assert (decision.before, decision.state, decision.by) == (None, "quarantined", "thaw")


def test_what_a_person_decided_holds_as_long_as_the_content_is_the_same() -> None:
    suspicious = reviewed(ingested(), None, BAD)
    accepted = decided(suspicious, "accepted", by="ann", reason="new pens", at="later")
    assert (accepted.state, accepted.decided_by, accepted.reason) == ("accepted", "ann", "new pens")
    again = reviewed(ingested(at="2026-01-02T00:00:00Z"), accepted, BAD)
    assert (again.state, again.decided_by, again.reason) == ("accepted", "ann", "new pens")
    assert again.history == accepted.history
    assert again.ingested_at == "2026-01-02T00:00:00Z"


def test_changed_content_is_judged_anew_and_the_history_goes_on() -> None:
    suspicious = reviewed(ingested(), None, BAD)
    accepted = decided(suspicious, "accepted", by="ann", reason="new pens", at="later")
    changed = reviewed(ingested("bb"), accepted, BAD)
    assert (changed.state, changed.decided_by) == ("quarantined", "thaw")
    assert [(d.before, d.state, d.by, d.content_digest) for d in changed.history] == [
        (None, "quarantined", "thaw", "aa"),
        ("quarantined", "accepted", "ann", "aa"),
        ("accepted", "quarantined", "thaw", "bb"),
    ]
    corrected = reviewed(ingested("cc"), changed, GOOD)
    assert corrected.state == "accepted"


def test_a_reason_has_the_first_problems_and_how_many_more() -> None:
    many = BAD.model_copy(update={"problems": tuple("abcdef")})
    assert many.sentence == "a; b; c; and 3 more problems"


def test_a_review_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_review(tmp_path / "review", BAD, "<html>")
    assert read_review(tmp_path / "review") == BAD
    assert (tmp_path / "review" / "sheet.html").read_text() == "<html>"


def test_a_span_that_cannot_be_used_is_invalid_unless_a_person_has_rejected_it() -> None:
    unusable = ingested().model_copy(update={"reason": "a new class"})
    first = invalid(unusable, None)
    assert (first.state, first.reason) == ("invalid", "a new class")
    assert [decision.state for decision in first.history] == ["invalid"]
    accepted = decided(ingested(), "accepted", by="ann", reason="", at="later")
    assert invalid(unusable, accepted).state == "invalid"
    rejected = decided(first, "rejected", by="ann", reason="never mind", at="later")
    assert invalid(unusable, rejected).state == "rejected"
    assert (
        invalid(unusable.model_copy(update={"content_digest": "bb"}), rejected).state == "invalid"
    )


def test_a_decision_holds_when_the_content_comes_back_after_the_span_could_not_be_read() -> None:
    rejected = decided(ingested(), "rejected", by="ann", reason="3 and 8 swapped", at="later")
    gone = invalid(ingested("not listed").model_copy(update={"reason": "empty"}), rejected)
    assert (gone.state, gone.decided_by) == ("invalid", "thaw")
    back = reviewed(ingested(), gone, GOOD)
    assert (back.state, back.decided_by, back.reason) == ("rejected", "ann", "3 and 8 swapped")
    assert [(d.before, d.state) for d in back.history[-2:]] == [
        ("rejected", "invalid"),
        ("invalid", "rejected"),
    ]
    assert reviewed(ingested(), back, GOOD).history == back.history
