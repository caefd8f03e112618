"""The trigger ``drift``: how far new spans are from what the served model was trained on."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from components.records.spans import SpanRecord
from components.window.selection import STATISTICS
from modules import features
from modules.settings import DriftFeature
from pipeline.continuous.decision import drift, span_statistics
from pipeline.continuous.decision.decisions import TriggerResult
from pipeline.continuous.decision.situation import Situation, key_of
from pipeline.continuous.decision.span_statistics import SpanStatistics
from pipeline.continuous.decision.triggers import nothing_new, numbers


@dataclass(frozen=True)
class WeightedSpan:
    """A span, and the share of its images that counts.

    Attributes:
        record: of the span.
        root: the folder that its artifacts lie in.
        factor: from 0 to 1.
    """

    record: SpanRecord
    root: Path
    factor: float = 1.0

    @cached_property
    def statistics(self) -> SpanStatistics | None:
        """Those that StatisticsGen wrote of it; None where they are gone."""
        place = self.record.artifacts.get(STATISTICS)
        return span_statistics.read(self.root / place) if place else None

    def counts(self, feature: str) -> dict[str, float]:
        """How many images have which value of a feature of few values; empty if not known."""
        if feature == features.LABEL:
            by_split = ((by_class, 1.0) for by_class in self.record.images.values())
            return drift.pooled_counts(tuple(by_split))
        words = self.statistics.words if self.statistics else {}
        return dict(words.get(feature, {}))

    def histograms(self, feature: str) -> tuple[drift.Histogram, ...]:
        """A number's histograms, one for each split; empty if not known."""
        return self.statistics.numbers.get(feature, ()) if self.statistics else ()


def drifts(situation: Situation, bounds: Mapping[DriftFeature, float]) -> list[TriggerResult]:
    """Training is due when a feature of a new span is farther than its bound from what it was.

    Args:
        situation: the present one.
        bounds: by feature.

    Returns:
        A result for each feature, of the new span that is farthest.
    """
    new = [WeightedSpan(record, situation.root) for record in situation.new]
    reference, reason = _reference(situation)
    return [_drift(feature, bound, new, reference, reason) for feature, bound in bounds.items()]


def _reference(situation: Situation) -> tuple[list[WeightedSpan], str]:
    """What the served model was trained on, as far as it is kept; and why it is not known."""
    served = situation.served
    if served is None:
        return [], "no version is served"
    if not situation.new:
        return [], nothing_new(situation)
    if served.spans is None:
        return [], f"version {served.number} does not say on which spans it was trained"
    reference = []
    for trained in served.spans:
        record = situation.records.get(trained.span)
        if record and record.count and key_of(record) == key_of(trained):
            factor = min(1.0, trained.images / record.count)
            reference.append(WeightedSpan(record, situation.root, factor))
    reason = f"the spans that version {served.number} was trained on have all changed since"
    return reference, "" if reference else reason


def _drift(
    feature: str,
    bound: float,
    new: list[WeightedSpan],
    reference: list[WeightedSpan],
    reason: str,
) -> TriggerResult:
    """The result for a feature."""
    measured = {} if reason else _distances(feature, new, reference)
    if not measured:
        reason = reason or "the statistics of the spans have been removed"
        return TriggerResult(
            name=f"drift.{feature}",
            value=None,
            bound=bound,
            met=False,
            sentence=f"the drift of {feature} is not known: {reason}",
        )
    farthest = max(measured, key=lambda number: measured[number])
    value = measured[farthest]
    return TriggerResult(
        name=f"drift.{feature}",
        value=round(value, 6),
        bound=bound,
        met=value > bound,
        sentence=(
            f"{feature} of {numbers([farthest])} has drifted by {value:.3f} (bound {bound:g})"
        ),
    )


def _distances(
    feature: str, new: list[WeightedSpan], reference: list[WeightedSpan]
) -> dict[int, float]:
    """The distance of each new span by number, where both sides are known."""
    if feature in (features.LABEL, features.FORMAT):
        earlier = drift.pooled_counts([(span.counts(feature), span.factor) for span in reference])
        by_span = {span.record.span: span.counts(feature) for span in new}
        return {
            number: drift.largest_difference(counts, earlier)
            for number, counts in by_span.items()
            if any(counts.values()) and earlier
        }
    pool = drift.Pool.of((h, span.factor) for span in reference for h in span.histograms(feature))
    of_new = {
        span.record.span: drift.Pool.of((h, 1.0) for h in span.histograms(feature)) for span in new
    }
    return {
        number: drift.jensen_shannon(one, pool) for number, one in of_new.items() if one and pool
    }
