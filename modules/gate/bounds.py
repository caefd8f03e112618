"""Bounds on a metric's value, and on its change from the baseline's."""

from modules.gate import statistics
from modules.gate.metrics import Metric, ShareMetric
from modules.gate.predictions import Answers
from modules.gate.result import ACCURACY_ROUNDING, RuleResult
from modules.rounding import change, share
from modules.settings import Bound

IN_RULES = "the bound in evaluation.rules"  # where a further rule's bound is configured


def bounded_value(
    metric: Metric,
    answers: Answers,
    bound: Bound,
    number: float,
    *,
    name: str = "",
    part: str | None = None,
    key: str = IN_RULES,
) -> RuleResult:
    """Whether a value keeps a bound.

    Args:
        metric: what is measured.
        answers: a model's, to at least one image.
        bound: its kind; it does not compare.
        number: the bound itself, in [0, 1].
        name: of the rule; that of the bound and the metric where it is left out.
        part: of the images that the answers are to, None for all.
        key: of the config that has the number, for the remedy.
    """
    value, n = metric.value(answers), len(answers.rank)
    return RuleResult(
        name=name or f"{bound.key}_{metric.name}",
        kind="value",
        metric=metric.name,
        slice=part,
        value=value,
        bound=number,
        n=n,
        interval=metric.interval(answers),
        passed=_keeps(value, bound, number),
        reason=f"{metric.name} {share(value, n)}, must be at "
        f"{'most' if bound.is_upper else 'least'} {number:g}",
        remedy=f"{_better(metric, bound, part)}, or {'raise' if bound.is_upper else 'lower'} {key}",
    )


def _better(metric: Metric, bound: Bound, part: str | None) -> str:
    """What can be done about a value beyond a bound."""
    if bound.is_upper == metric.higher_is_better:
        return "see why the model is better than the rule allows"
    if part is None:
        return "train for longer, on more images, or from another backbone"
    return "add training images of that kind"


def bounded_change(
    metric: Metric,
    candidate: Answers,
    baseline: Answers,
    bound: Bound,
    most: float,
    *,
    name: str = "",
    part: str | None = None,
    key: str = IN_RULES,
    confidence: float | None = None,
    images: str = "test images",
) -> RuleResult:
    """Whether a change from the baseline's value goes too far, and is more than noise.

    Args:
        metric: what is measured.
        candidate: its answers to at least one image.
        baseline: its answers to the same images.
        bound: its kind; it compares.
        most: how far the value may move, in [0, 1].
        name: of the rule; that of the bound and the metric where it is left out.
        part: of the images that the answers are to, None for all.
        key: of the config that has ``most``, for the remedy.
        confidence: of McNemar's one-sided test that the change is no noise; None to take the change
            as it was measured. A metric that is no share of the images is always taken so.
        images: what the images are, in words.
    """
    before = metric.value(baseline)
    n, moved = len(candidate.rank), metric.value(candidate) - before
    number = most if bound.is_upper else -most
    passed = _keeps(moved, bound, number)
    reason = f"{metric.name} changed by {change(moved, n)} on {n} {images}, may "
    reason += f"{'rise' if bound.is_upper else 'fall'} by {most:g}"
    if not passed and confidence is not None and isinstance(metric, ShareMetric):
        gained, lost = metric.pairs(candidate, baseline)
        apart = (gained, lost) if bound.is_upper else (lost, gained)
        p = statistics.mcnemar(*apart)
        passed = p > 1 - confidence
        reason += f"; {gained} images gained, {lost} lost: " + (
            f"within noise (p = {p:.3f})" if passed else f"no noise (p = {p:.2g})"
        )
    return RuleResult(
        name=name or f"{bound.key}_{metric.name}",
        kind="change",
        metric=metric.name,
        slice=part,
        value=moved,
        baseline=before,
        bound=number,
        n=n,
        interval=metric.change_interval(candidate, baseline),
        passed=passed,
        reason=reason,
        remedy=f"keep the served version, or, if meant, raise {key}",
    )


def _keeps(value: float, bound: Bound, number: float) -> bool:
    if bound.is_upper:
        return bool(value <= number + ACCURACY_ROUNDING)
    return bool(value >= number - ACCURACY_ROUNDING)
