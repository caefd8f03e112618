"""The gate's rules: each a question, asked of predictions, with its answer in numbers and words."""

from collections.abc import Iterator

import numpy as np

from modules import features
from modules.gate import margins, metrics, skill, statistics
from modules.gate.predictions import Answers, Predictions
from modules.gate.result import ACCURACY_ROUNDING, ALL, RuleResult
from modules.gate.slices import slices_of
from modules.rounding import change, share
from modules.settings import Evaluation, Rule


def absolute(options: Evaluation, found: Predictions) -> Iterator[RuleResult]:
    """The rules that ask nothing of a baseline."""
    n = len(found.label)
    enough = n >= options.min_examples
    yield RuleResult(
        name="min_examples",
        metric="examples",
        value=n,
        bound=options.min_examples,
        n=n,
        passed=enough,
        reason=f"{n} test images, {'at' if enough else 'and must be at'} least "
        f"{options.min_examples}",
        remedy="add test images, or lower evaluation.min_examples",
    )
    if n == 0:
        return
    yield _bounded("min_accuracy", metrics.ACCURACY, ALL, found.candidate, options.min_accuracy)
    yield skill.no_skill(options, found)
    yield skill.zero_recall(options, found)
    for label, mask in slices_of(found, features.LABEL):
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
    for name, mask in slices_of(found, rule.slice):
        yield name, found.of(mask)


def _bounded(
    name: str, metric: str, part: str | None, answers: Answers, bound: float, *, above: bool = False
) -> RuleResult:
    """A value that must not lie beyond a bound: below it, or ``above``."""
    value, n = metrics.value_of(metric, answers), len(answers.rank)
    kept = value <= bound + ACCURACY_ROUNDING if above else value >= bound - ACCURACY_ROUNDING
    return RuleResult(
        name=name,
        metric=metric,
        slice=part,
        value=value,
        bound=bound,
        n=n,
        interval=metrics.interval_of(metric, answers),
        passed=bool(kept),
        reason=f"{metric} {share(value, n)}, must be at {'most' if above else 'least'} {bound:g}",
        remedy=f"{_better_model(part)}, or {'raise' if above else 'lower'} {_key(name, part)}",
    )


def _better_model(part: str | None) -> str:
    if part is None:
        return "train for longer, on more images, or from another backbone"
    return "add training images of that kind"


def _key(rule: str, part: str | None) -> str:
    """Where the configuration has a rule's bound."""
    own = rule in (
        ("min_accuracy", "max_drop") if part is ALL else ("min_class_accuracy", "max_class_drop")
    )
    return f"evaluation.{rule}" if own else "the bound in evaluation.rules"


def comparing(options: Evaluation, found: Predictions) -> Iterator[RuleResult]:
    """The rules that compare; ``found`` has a baseline, and images that both models know."""
    assert found.baseline is not None
    yield _required(options, found.candidate, found.baseline)
    yield _change(
        "max_drop", metrics.ACCURACY, ALL, found.candidate, found.baseline, options.max_drop
    )
    for name, mask in slices_of(found, features.LABEL):
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
    interval = statistics.difference_interval(gained, lost, n, sure)
    if options.require == "better":
        bound = 0.0
        passed = statistics.mcnemar(gained, lost) <= 1 - sure
        claim = "better than the baseline"
        remedy = "keep what is served, add test images, or set evaluation.require to not_worse"
    else:
        margin = margins.of(options, n)
        bound = -margin
        passed = statistics.non_inferiority(gained, lost, n, margin) <= 1 - sure
        claim = f"not worse than the baseline by {margin:g} or more"
        if options.margin == "auto" and margin > margins.NARROWEST:
            claim += f", the smallest margin that {n} test images can show"
        remedy = _more_images(margin, sure, n)
    level = f"{100 * sure:g} %"
    reason = f"{claim}, at {level}" if passed else f"not shown at {level} that it is {claim}"
    return RuleResult(
        name=options.require,
        metric=metrics.ACCURACY,
        value=(gained - lost) / n if n else 0.0,
        baseline=metrics.value_of(metrics.ACCURACY, baseline) if n else None,
        bound=bound,
        n=n,
        interval=interval,
        passed=passed,
        reason=f"{gained} images gained, {lost} lost: {reason}",
        remedy=remedy,
    )


def _more_images(margin: float, confidence: float, n: int) -> str:
    least = statistics.least_images(margin, confidence)
    if n >= least:
        return "keep what is served, add test images, or raise evaluation.margin"
    return (
        f"{n} test images cannot show that of any model, which takes at least {least}; add some, "
        "or raise evaluation.margin, or set it to auto"
    )


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
    n, moved = len(candidate.rank), metrics.value_of(metric, candidate) - before
    bound = most if up else -most
    passed = moved <= bound + ACCURACY_ROUNDING if up else moved >= bound - ACCURACY_ROUNDING
    reason = f"{metric} changed by {change(moved, n)} on {n} test images, may "
    reason += f"{'rise' if up else 'fall'} by {most:g}"
    if not passed and sure is not None and metric != metrics.ECE:
        gained, lost = metrics.pairs(metric, candidate, baseline)
        p = statistics.mcnemar(gained, lost) if up else statistics.mcnemar(lost, gained)
        passed = p > 1 - sure
        reason += f"; {gained} images gained, {lost} lost: " + (
            f"within noise (p = {p:.3f})" if passed else f"no noise (p = {p:.2g})"
        )
    return RuleResult(
        name=name,
        metric=metric,
        slice=part,
        value=moved,
        baseline=before,
        bound=bound,
        n=n,
        interval=metrics.change_interval(metric, candidate, baseline),
        passed=bool(passed),
        reason=reason,
        remedy=f"keep what is served, or, if meant, raise {_key(name, part)}",
    )


def in_common(found: Predictions) -> Predictions:
    """The images whose class both models know."""
    assert found.baseline is not None
    known = (found.candidate.rank < len(found.candidate.labels)) & (
        found.baseline.rank < len(found.baseline.labels)
    )
    return found.of(np.asarray(known))
