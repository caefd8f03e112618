"""The gate's rules: each a question, asked of predictions, with its answer in numbers and words."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from modules import features
from modules.gate import metrics, statistics
from modules.gate.predictions import Answers, Predictions
from modules.settings import Evaluation, Rule

# Accuracies are quotients of counts: less than one image, and more than rounding.
_ROUNDING = 1e-9
ALL = None  # the slice of all images


@dataclass(frozen=True)
class RuleResult:
    """One rule's outcome.

    Attributes:
        name: of the rule.
        metric: what was measured.
        slice: of which images, None for all.
        value: the metric; of a rule that compares, its change from the baseline's.
        baseline: the baseline's metric, None for a rule that does not compare.
        bound: on ``value``, or on its interval's end for a test.
        n: how many images.
        interval: of ``value``, [low, high].
        passed: the outcome.
        reason: in words.
    """

    name: str
    metric: str
    slice: str | None
    value: float | None
    baseline: float | None
    bound: float | None
    n: int
    interval: tuple[float, float] | None
    passed: bool
    reason: str

    def as_json(self) -> dict[str, Any]:
        """With numbers to six places."""
        found = asdict(self)
        for key in ("value", "baseline", "bound"):
            found[key] = None if found[key] is None else round(found[key], 6)
        found["interval"] = self.interval and [round(end, 6) for end in self.interval]
        return found


def absolute(options: Evaluation, found: Predictions) -> Iterator[RuleResult]:
    """The rules that ask nothing of a baseline."""
    n = len(found.label)
    enough = n >= options.min_examples
    yield RuleResult(
        "min_examples", "examples", ALL, n, None, options.min_examples, n, None, enough,
        f"{n} test images, {'at' if enough else 'and must be at'} least {options.min_examples}",
    )  # fmt: skip
    if n == 0:
        return
    yield _bounded("min_accuracy", metrics.ACCURACY, ALL, found.candidate, options.min_accuracy)
    for label, mask in metrics.slices_of(found, features.LABEL):
        yield _bounded(
            "min_class_accuracy", metrics.ACCURACY, label, found.candidate.of(mask),
            options.min_class_accuracy,
        )  # fmt: skip
    for rule in options.rules:
        for name, part in _parts(rule, found):
            for kind, bound in (("min", rule.min), ("max", rule.max)):
                if bound is not None:
                    yield _bounded(
                        f"{kind}_{rule.metric}", rule.metric, name, part.candidate, bound,
                        above=kind == "max",
                    )  # fmt: skip


def _parts(rule: Rule, found: Predictions) -> Iterator[tuple[str | None, Predictions]]:
    if rule.slice is None:
        yield ALL, found
        return
    for name, mask in metrics.slices_of(found, rule.slice):
        yield name, found.of(mask)


def _bounded(
    name: str, metric: str, part: str | None, answers: Answers, bound: float, *, above: bool = False
) -> RuleResult:
    """A value that must not lie beyond a bound: below it, or ``above``."""
    value = metrics.value_of(metric, answers)
    kept = value <= bound + _ROUNDING if above else value >= bound - _ROUNDING
    return RuleResult(
        name, metric, part, value, None, bound, len(answers.rank),
        metrics.interval_of(metric, answers), bool(kept),
        f"{metric} {value:.4f}, must be at {'most' if above else 'least'} {bound:g}",
    )  # fmt: skip


def comparing(options: Evaluation, found: Predictions) -> Iterator[RuleResult]:
    """The rules that compare; ``found`` has a baseline, and images that both models know."""
    assert found.baseline is not None
    yield _required(options, found.candidate, found.baseline)
    yield _change(
        "max_drop", metrics.ACCURACY, ALL, found.candidate, found.baseline, options.max_drop
    )
    for name, mask in metrics.slices_of(found, features.LABEL):
        yield _change(
            "max_class_drop", metrics.ACCURACY, name, found.candidate.of(mask),
            found.baseline.of(mask), options.max_class_drop, sure=options.slice_confidence,
        )  # fmt: skip
    for rule in options.rules:
        for part_name, part in _parts(rule, found):
            assert part.baseline is not None
            for kind, bound in (("max_drop", rule.max_drop), ("max_rise", rule.max_rise)):
                if bound is not None:
                    yield _change(
                        f"{kind}_{rule.metric}", rule.metric, part_name, part.candidate,
                        part.baseline, bound, up=kind == "max_rise",
                        sure=options.slice_confidence if rule.slice else None,
                    )  # fmt: skip


def _required(options: Evaluation, candidate: Answers, baseline: Answers) -> RuleResult:
    """The paired test over all images that ``evaluation.require`` names."""
    n = len(candidate.rank)
    gained, lost = metrics.pairs(metrics.ACCURACY, candidate, baseline)
    sure = options.confidence
    level = f"{100 * sure:g} %"
    interval = statistics.difference_interval(gained, lost, n, sure)
    if options.require == "better":
        bound = 0.0
        passed = statistics.mcnemar(gained, lost) <= 1 - sure
        claim = "better than the baseline"
    else:
        bound = -options.margin
        passed = statistics.non_inferiority(gained, lost, n, options.margin) <= 1 - sure
        claim = f"not worse than the baseline by {options.margin:g} or more"
    reason = f"{gained} images gained, {lost} lost: "
    if passed:
        reason += f"{claim}, at {level}"
    else:
        reason += f"not shown at {level} that it is {claim}{_remedy(options, n)}"
    return RuleResult(
        options.require, metrics.ACCURACY, ALL, (gained - lost) / n if n else 0.0,
        metrics.value_of(metrics.ACCURACY, baseline) if n else None, bound, n, interval,
        passed, reason,
    )  # fmt: skip


def _remedy(options: Evaluation, n: int) -> str:
    if options.require == "better":
        return ""
    least = statistics.least_images(options.margin, options.confidence)
    if n < least:
        return f", which takes at least {least} test images; add some, or raise evaluation.margin"
    return ""


def _change(
    name: str,
    metric: str,
    part: str | None,
    candidate: Answers,
    baseline: Answers,
    most: float,
    *,
    up: bool = False,
    sure: float | None = None,
) -> RuleResult:
    """A change that must not go too far, down or ``up``, unless it may be noise.

    Args:
        name: of the rule.
        metric: what is measured.
        part: of which images.
        candidate: its answers to them.
        baseline: likewise.
        most: how far it may go, in [0, 1].
        up: whether a rise is what is bounded.
        sure: of McNemar's one-sided test that the change is no noise; None to take the change as it
            was measured. Calibration is no count of hits, and is always taken so.
    """
    before = metrics.value_of(metric, baseline)
    change = metrics.value_of(metric, candidate) - before
    bound = most if up else -most
    passed = change <= bound + _ROUNDING if up else change >= bound - _ROUNDING
    reason = f"{metric} changed by {change:+.4f}, may {'rise' if up else 'fall'} by {most:g}"
    if not passed and sure is not None and metric != metrics.ECE:
        gained, lost = metrics.pairs(metric, candidate, baseline)
        chance = statistics.mcnemar(gained, lost) if up else statistics.mcnemar(lost, gained)
        passed = chance > 1 - sure
        reason += f"; {gained} images gained, {lost} lost: " + (
            f"within noise (p = {chance:.3f})" if passed else f"no noise (p = {chance:.2g})"
        )
    interval = metrics.change_interval(metric, candidate, baseline)
    return RuleResult(
        name, metric, part, change, before, bound, len(candidate.rank), interval, bool(passed),
        reason,
    )  # fmt: skip


def in_common(found: Predictions) -> Predictions:
    """The images whose class both models know."""
    assert found.baseline is not None
    known = (found.candidate.rank < len(found.candidate.labels)) & (
        found.baseline.rank < len(found.baseline.labels)
    )
    return found.of(np.asarray(known))
