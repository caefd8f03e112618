"""Decides whether to train, from the triggers and what is known."""

from collections.abc import Iterator, Sequence

from components.serving.versions import TIME_FORM
from modules.settings import Trigger
from modules.text import counted
from pipeline.continuous.decision import triggers
from pipeline.continuous.decision.decisions import Decision, TriggerResult
from pipeline.continuous.decision.situation import Situation


def decide(situation: Situation, when: Sequence[Trigger]) -> Decision:
    """The decision in a situation; one trigger that is met is enough.

    Args:
        situation: the present one.
        when: the config's triggers.

    Returns:
        The decision, without a run's name.
    """
    results = tuple(_results(situation, when))
    is_due = any(result.met for result in results) and bool(situation.spans or situation.to_ingest)
    return Decision(
        time=situation.now.strftime(TIME_FORM),
        answer="yes" if is_due else "no",
        sentence=_sentence(situation, results, is_due=is_due),
        triggers=results,
        spans=situation.spans,
        new_spans=tuple(record.span for record in situation.new),
        served_version=situation.served.number if situation.served else None,
        finished=situation.finished,
    )


def of_invalid_span(situation: Situation, reason: str) -> Decision:
    """The decision where a span is invalid: no, whatever the triggers say.

    Args:
        situation: the present one.
        reason: the span, and why it cannot be used as it is.
    """
    return Decision(
        time=situation.now.strftime(TIME_FORM),
        answer="no",
        sentence=reason,
        spans=situation.spans,
        new_spans=tuple(record.span for record in situation.new),
        served_version=situation.served.number if situation.served else None,
        finished=situation.finished,
    )


def _results(situation: Situation, when: Sequence[Trigger]) -> Iterator[TriggerResult]:
    """The results of all triggers, in the config's order."""
    first = triggers.nothing_served(situation)
    if first:
        yield first
    for trigger in when:
        if trigger.new_span:
            yield triggers.new_span(situation)
        elif trigger.new_images is not None:
            yield triggers.new_images(situation, trigger.new_images)
        elif trigger.served_accuracy is not None:
            yield triggers.served_accuracy(situation, trigger.served_accuracy)
        elif trigger.every is not None:
            yield triggers.every(situation, trigger.every)
        elif trigger.drift is not None:
            # NumPy and protobuf are imported here: not where there is no such trigger.
            from pipeline.continuous.decision.drift_trigger import drifts

            yield from drifts(situation, trigger.drift)


def _sentence(situation: Situation, results: Sequence[TriggerResult], *, is_due: bool) -> str:
    """Why training is due, or is not, in a line."""
    served = f"; version {situation.served.number} is served" if situation.served else ""
    if situation.to_ingest:  # Of a dry run.
        counts = "counts if it is" if len(situation.to_ingest) == 1 else "count if they are"
        served += f"; {triggers.numbers(situation.to_ingest)} would be ingested first"
        served += f", and {counts} accepted" if is_due else ""
    if is_due:
        reasons = "; ".join(result.sentence for result in results if result.met)
        return f"training is due: {reasons}{served}"
    if situation.new or situation.to_ingest or not situation.served:
        so_far = " as far as is known" if situation.to_ingest else ""
        return f"no training is due{so_far}: {'; '.join(_unmet(results))}{served}"
    clock = "".join(f"; {r.sentence}" for r in results if r.value is not None and r.value < 0)
    return f"nothing new: {_spans(situation)}{served}{clock}"


def _unmet(results: Sequence[TriggerResult]) -> Iterator[str]:
    """Why no trigger is met; of the features that may drift, the one nearest to its bound."""
    drifts = [result for result in results if result.name.startswith("drift.")]
    nearest = max(
        drifts, key=lambda result: (result.value or 0) / (result.bound or 1), default=None
    )
    for result in results:
        if result not in drifts:
            yield result.sentence
        elif result is nearest:
            others = ", and other features by less of their bounds" if len(drifts) > 1 else ""
            yield result.sentence + (others if result.value is not None else "")


def _spans(situation: Situation) -> str:
    """How many spans there are, and those that are in no window until a person decides."""
    records = situation.records
    quarantined = [number for number, record in records.items() if record.state == "quarantined"]
    text = f"{counted(len(records), 'span')}, the latest is {max(records, default=0)}"
    if quarantined:
        verb = "is" if len(quarantined) == 1 else "are"
        text += f", and {triggers.numbers(quarantined)} {verb} quarantined"
    early = [number for number in situation.before_window if number not in records]
    if early:
        verb = "lies" if len(early) == 1 else "lie"
        text += f", and {triggers.numbers(early)} {verb} before the window"
    return text
