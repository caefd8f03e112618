"""What is decided about spans: by their review, and by people."""

from pathlib import Path

from components.records.base import Record
from components.records.spans import (
    THAW,
    AgreementRecord,
    DecisionRecord,
    SpanRecord,
    State,
)
from modules.rounding import share
from modules.text import counted

REVIEW_FILE = "review.json"  # in the folder of the SpanReview artifact
SHEET_FILE = "sheet.html"
_SHOWN = 3  # problems in a reason


class ReviewRecord(Record):
    """What the served model said of a span."""

    agreement: AgreementRecord | None
    """How far its answers agree with the labels; null where it could not be asked."""
    reason: str = ""
    """Why it could not be asked; empty where it was."""
    problems: tuple[str, ...] = ()
    """Why the span is suspicious, a sentence each."""

    @property
    def state(self) -> State:
        """The state of the span, as long as no person has decided."""
        return "quarantined" if self.problems else "accepted"

    @property
    def sentence(self) -> str:
        """Why it is in this state."""
        if self.problems:
            more = len(self.problems) - _SHOWN
            rest = f"; and {counted(more, 'more problem')}" if more > 0 else ""
            return "; ".join(self.problems[:_SHOWN]) + rest
        if self.agreement is None:
            return f"not reviewed: {self.reason}"
        agreement = share(self.agreement.agreement, self.agreement.images)
        return (
            f"version {self.agreement.version} agrees with the labels of {agreement} of "
            f"{counted(self.agreement.images, 'image')}"
        )


def write_review(folder: Path, review: ReviewRecord, sheet: str) -> None:
    """Writes a review and its contact sheet, a page of HTML, to the folder of an artifact."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / REVIEW_FILE).write_text(review.as_text(), encoding="utf-8")
    (folder / SHEET_FILE).write_text(sheet, encoding="utf-8")


def read_review(folder: Path) -> ReviewRecord:
    """The review that ``write_review`` wrote."""
    return ReviewRecord.model_validate_json((folder / REVIEW_FILE).read_bytes())


def reviewed(
    record: SpanRecord, previous: SpanRecord | None, review: ReviewRecord, sheet: str = ""
) -> SpanRecord:
    """A span's record with the state that its review leads to, for the registry.

    What a person has decided holds for the content that it was about, also when the span has held
    something else in between; other content is judged anew.

    Args:
        record: of the span as it was ingested; its state does not matter.
        previous: what the registry has of the span; None for a new one.
        review: of the span as it was ingested.
        sheet: the contact sheet, relative to the root.
    """
    agreement = review.agreement
    if agreement is not None:
        agreement = agreement.model_copy(update={"sheet": sheet})
    undecided = record.model_copy(update={"agreement": agreement})
    decision = _by_a_person(previous, record.content_digest)
    if previous is not None and decision is not None:
        return _as_decided(undecided, previous, decision)
    return _by_thaw(undecided, previous, review.state, review.sentence)


def invalid(record: SpanRecord, previous: SpanRecord | None) -> SpanRecord:
    """The record of a span whose images cannot be used as they are, for the registry.

    Content that a person has rejected stays rejected.

    Args:
        record: of the span, with the reason.
        previous: what the registry has of the span; None for a new one.
    """
    decision = _by_a_person(previous, record.content_digest)
    if previous is not None and decision is not None and decision.state == "rejected":
        return _as_decided(record, previous, decision)
    return _by_thaw(record, previous, "invalid", record.reason)


def _by_a_person(previous: SpanRecord | None, content_digest: str) -> DecisionRecord | None:
    """The latest decision of a person about some content of a span; None where there is none."""
    decisions = reversed(previous.history if previous is not None else ())
    return next(
        (d for d in decisions if d.by != THAW and d.content_digest == content_digest != ""), None
    )


def _as_decided(record: SpanRecord, previous: SpanRecord, decision: DecisionRecord) -> SpanRecord:
    """The record with a person's decision, which is entered once more if Thaw has decided since."""
    undecided = record.model_copy(update={"history": previous.history})
    if previous.history[-1] == decision:
        kept = ("state", "reason", "decided_by", "decided_at")
        return undecided.model_copy(update={key: getattr(previous, key) for key in kept})
    return _in_state(
        undecided,
        decision.state,
        before=previous.state,
        by=decision.by,
        reason=decision.reason,
        at=decision.at,
    )


def _by_thaw(
    record: SpanRecord, previous: SpanRecord | None, state: State, reason: str
) -> SpanRecord:
    before, history = (previous.state, previous.history) if previous else (None, ())
    undecided = record.model_copy(update={"history": history})
    return _in_state(undecided, state, before=before, by=THAW, reason=reason, at=record.ingested_at)


def decided(record: SpanRecord, state: State, *, by: str, reason: str, at: str) -> SpanRecord:
    """A span's record with what a person has decided about it.

    Args:
        record: what the registry has.
        state: the new one.
        by: the person's name.
        reason: what the person gives as the reason.
        at: when, in UTC.
    """
    return _in_state(record, state, before=record.state, by=by, reason=reason, at=at)


def _in_state(
    record: SpanRecord, state: State, *, before: State | None, by: str, reason: str, at: str
) -> SpanRecord:
    decision = DecisionRecord(
        at=at,
        by=by,
        before=before,
        state=state,
        reason=reason,
        content_digest=record.content_digest,
    )
    return record.model_copy(
        update={
            "state": state,
            "reason": reason,
            "decided_by": by,
            "decided_at": at,
            "history": (*record.history, decision),
        }
    )
