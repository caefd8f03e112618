"""The triggers of ``retrain.when``: each says what it measured, and whether training is due by it.

A trigger compares what is new with what is served. Where nothing is new, a training would give the
model that there is, or that the gate has refused, so no trigger is met.
"""

from collections.abc import Sequence

from components.records.spans import SpanRecord
from modules.intervals import Estimate, share
from modules.rounding import share as as_share
from modules.settings import ServedAccuracy
from modules.text import counted
from pipeline.continuous.decision.decisions import TriggerResult
from pipeline.continuous.decision.situation import Situation, Version, key_of

NOTHING_SERVED = "nothing_served"
_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


def numbers(spans: Sequence[SpanRecord] | Sequence[int]) -> str:
    """Spans for people: ``span 5``, or ``spans 5 and 6``; more than five are only counted."""
    listed = [str(span.span if isinstance(span, SpanRecord) else span) for span in spans]
    if len(listed) > 5:
        return f"{len(listed)} spans"
    if len(listed) == 1:
        return f"span {listed[0]}"
    return f"spans {', '.join(listed[:-1])} and {listed[-1]}"


def nothing_new(situation: Situation) -> str:
    """Why a trigger that looks at new spans has none to look at."""
    if situation.to_ingest:
        have = "has" if len(situation.to_ingest) == 1 else "have"
        return f"{numbers(situation.to_ingest)} {have} to be ingested first"
    return "no span is new"


def nothing_served(situation: Situation) -> TriggerResult | None:
    """Training is due when no version is served; None where one is."""
    if situation.served:
        return None
    finished = situation.finished
    is_refused = finished is not None and finished.status == "rejected"
    met, sentence = True, "no version is served"
    if not situation.spans and not situation.to_ingest:
        met, sentence = False, "no version is served, and no span has been accepted"
    elif finished and is_refused and set(finished.spans) == set(situation.spans):
        met = bool(situation.to_ingest)
        sentence = f"no version is served, and the gate refused the model of run {finished.run_id}"
        sentence += ", which had the spans that there are"
    return TriggerResult(name=NOTHING_SERVED, value=None, bound=None, met=met, sentence=sentence)


def new_span(situation: Situation) -> TriggerResult:
    """Training is due when a span is new, or has changed."""
    versions = (*situation.others, *([situation.served] if situation.served else []))
    trained = {span.span for version in versions for span in version.spans or ()}
    trained |= {span.span for span in situation.finished.spans} if situation.finished else set()
    changed = [record for record in situation.new if record.span in trained]
    new = [record for record in situation.new if record.span not in trained]
    parts = [f"{numbers(new)} {'is' if len(new) == 1 else 'are'} new"] if new else []
    if changed:
        parts.append(f"{numbers(changed)} {'has' if len(changed) == 1 else 'have'} changed")
    if situation.to_ingest:
        came = "has" if len(situation.to_ingest) == 1 else "have"
        parts.append(f"{numbers(situation.to_ingest)} {came} come")
    count = len(situation.new) + len(situation.to_ingest)
    return TriggerResult(
        name="new_span",
        value=count,
        bound=1,
        met=count > 0,
        sentence=", ".join(parts) or "no span is new",
    )


def new_images(situation: Situation, bound: int) -> TriggerResult:
    """Training is due when the served model was not trained on so many images, some of them new.

    All images of a span that has changed count.
    """
    trained = situation.served.span_keys if situation.served else set()
    count = sum(
        round(record.count * factor)
        for records, factor in (
            (situation.window.whole, 1.0),
            (situation.window.older, situation.older_share),
        )
        for record in records
        if key_of(record) not in trained
    )
    met = count >= bound and bool(situation.new)
    is_or_are = "is" if count == 1 else "are"
    sentence = f"{counted(count, 'image')} {is_or_are} new to the served model (bound {bound})"
    if count >= bound and not met:
        sentence += ", but a finished run was trained on all of them"
    if situation.to_ingest:
        sentence += f", without those of {numbers(situation.to_ingest)}"
    return TriggerResult(name="new_images", value=count, bound=bound, met=met, sentence=sentence)


def served_accuracy(situation: Situation, rule: ServedAccuracy) -> TriggerResult:
    """Training is due when the served model's accuracy on the new spans is surely below a bound.

    It is that of the validation and test images of all new spans together; the whole interval of
    95 % must lie below the bound.
    """
    estimate, images, reason = _of_new_spans(situation)
    if estimate is None or images < rule.images:
        if estimate:
            reason = f"it takes {rule.images} validation and test images of new spans, not {images}"
        sentence = f"the served model's accuracy is not known: {reason}"
        return TriggerResult(
            name="served_accuracy", value=None, bound=rule.below, met=False, sentence=sentence
        )
    low, high = estimate.interval
    return TriggerResult(
        name="served_accuracy",
        value=estimate.value,
        bound=rule.below,
        met=high < rule.below,
        interval=(low, high),
        sentence=(
            f"the served model's accuracy is {as_share(estimate.value, images)} on "
            f"{counted(images, 'image')} of {numbers(situation.new)} (95 % interval "
            f"{as_share(low, images)} to {as_share(high, images)}; bound {rule.below:g})"
        ),
    )


def _of_new_spans(situation: Situation) -> tuple[Estimate | None, int, str]:
    """The accuracy, on how many images it is, and why it is not known."""
    if situation.served is None:
        return None, 0, "no version is served"
    if not situation.new:
        return None, 0, nothing_new(situation)
    images = correct = 0
    for record in situation.new:
        agreement = record.agreement
        if agreement is None:
            return None, 0, f"it has not answered {numbers([record])}"
        if agreement.version != situation.served.number:
            reason = f"version {agreement.version} has answered {numbers([record])}, and not it"
            return None, 0, reason
        if agreement.held_out:
            images += agreement.held_out.images
            correct += round(agreement.held_out.agreement * agreement.held_out.images)
    if not images:
        return None, 0, "the new spans have no validation and test images"
    return share(correct, images), images, ""


def every(situation: Situation, period: int) -> TriggerResult:
    """Training is due when the served model is so old, and no other was trained on the same spans.

    Args:
        situation: the present one.
        period: the age, in seconds.
    """
    age, sentence = _age(situation.served, situation)
    met = age is not None and age >= period
    if met and situation.is_trained_already and not situation.to_ingest:
        met = False
        sentence += ", and a model has been trained on the same spans already"
    return TriggerResult(name="every", value=age, bound=period, met=met, sentence=sentence)


def _age(served: Version | None, situation: Situation) -> tuple[float | None, str]:
    """The seconds since the served version was pushed, as far as that is known, and a sentence."""
    if served is None:
        return None, "no version is served"
    if served.pushed_at is None:
        return None, f"version {served.number} does not say when it was pushed"
    age = round((situation.now - served.pushed_at).total_seconds())
    if age < 0:
        return age, (
            f"the clock is {duration(-age)} before the time at which version {served.number} was "
            "pushed; set it right"
        )
    return age, f"version {served.number} is {duration(age)} old"


def duration(seconds: float) -> str:
    """A time for people, in its largest whole unit: ``3 days``."""
    for unit, length in _UNITS:
        if seconds >= length:
            return counted(int(seconds // length), unit)
    return "0 seconds"
