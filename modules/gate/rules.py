"""The gate's rules: each measures predictions, and gives its result in numbers and in words."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from modules import features
from modules.gate import margins, skill, statistics
from modules.gate.bounds import bounded_change, bounded_value
from modules.gate.metrics import ACCURACY, metric_of
from modules.gate.predictions import Answers, Predictions
from modules.gate.result import ALL, RuleResult
from modules.gate.slices import slices_of
from modules.settings import BOUNDS, Bound, Evaluation, Rule

# A rule takes the options, and predictions for at least one image.
Question = Callable[[Evaluation, Predictions], Iterable[RuleResult]]

_BOUNDS: dict[str, Bound] = {bound.key: bound for bound in BOUNDS}


def absolute(options: Evaluation, predictions: Predictions) -> Iterator[RuleResult]:
    """Asks the rules of ``ABSOLUTE``, which need no baseline."""
    n = len(predictions.label)
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
    if n:
        for ask in ABSOLUTE.values():
            yield from ask(options, predictions)


def comparing(options: Evaluation, predictions: Predictions) -> Iterator[RuleResult]:
    """Asks the rules of ``COMPARING``, which need a baseline, on images that both models know."""
    for ask in COMPARING.values():
        yield from ask(options, predictions)


def _both(predictions: Predictions) -> tuple[Answers, Answers]:
    assert predictions.baseline is not None
    return predictions.candidate, predictions.baseline


def _min_accuracy(options: Evaluation, predictions: Predictions) -> Iterator[RuleResult]:
    yield bounded_value(
        ACCURACY,
        predictions.candidate,
        _BOUNDS["min"],
        options.min_accuracy,
        key="evaluation.min_accuracy",
    )


def _min_class_accuracy(options: Evaluation, predictions: Predictions) -> Iterator[RuleResult]:
    for part, mask in slices_of(predictions, features.LABEL):
        yield bounded_value(
            ACCURACY,
            predictions.candidate.of(mask),
            _BOUNDS["min"],
            options.min_class_accuracy,
            name="min_class_accuracy",
            part=part,
            key="evaluation.min_class_accuracy",
        )


def _further_values(options: Evaluation, predictions: Predictions) -> Iterator[RuleResult]:
    """The bounds on values in ``evaluation.rules``."""
    for rule in options.rules:
        metric = metric_of(rule.metric)
        for part, images in _parts(rule, predictions):
            for bound, number in rule.bounds(compares=False):
                yield bounded_value(metric, images.candidate, bound, number, part=part)


def _parts(rule: Rule, predictions: Predictions) -> Iterator[tuple[str | None, Predictions]]:
    if rule.slice is None:
        yield ALL, predictions
        return
    for name, mask in slices_of(predictions, rule.slice):
        yield name, predictions.of(mask)


def _required(options: Evaluation, predictions: Predictions) -> Iterator[RuleResult]:
    """The paired test over all images that ``evaluation.require`` names."""
    candidate, baseline = _both(predictions)
    n = len(candidate.rank)
    gained, lost = ACCURACY.pairs(candidate, baseline)
    sure = options.confidence
    interval = statistics.difference_interval(gained, lost, n, sure)
    if options.require == "better":
        bound = 0.0
        passed = statistics.mcnemar(gained, lost) <= 1 - sure
        claim = "better than the baseline"
        remedy = "keep the served version, add test images, or set evaluation.require to not_worse"
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
    yield RuleResult(
        name=options.require,
        kind="test",
        metric=ACCURACY.name,
        value=(gained - lost) / n if n else 0.0,
        baseline=ACCURACY.value(baseline) if n else None,
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
        return "keep the served version, add test images, or raise evaluation.margin"
    return (
        f"{n} test images cannot show that of any model, which takes at least {least}; add some, "
        "or raise evaluation.margin, or set it to auto"
    )


def _max_drop(options: Evaluation, predictions: Predictions) -> Iterator[RuleResult]:
    yield bounded_change(
        ACCURACY,
        *_both(predictions),
        _BOUNDS["max_drop"],
        options.max_drop,
        name="max_drop",
        key="evaluation.max_drop",
    )


def _max_class_drop(options: Evaluation, predictions: Predictions) -> Iterator[RuleResult]:
    for part, mask in slices_of(predictions, features.LABEL):
        yield bounded_change(
            ACCURACY,
            *_both(predictions.of(mask)),
            _BOUNDS["max_drop"],
            options.max_class_drop,
            name="max_class_drop",
            part=part,
            key="evaluation.max_class_drop",
            confidence=options.slice_confidence,
        )


def _further_changes(options: Evaluation, predictions: Predictions) -> Iterator[RuleResult]:
    """The bounds on changes in ``evaluation.rules``."""
    for rule in options.rules:
        metric = metric_of(rule.metric)
        confidence = options.slice_confidence if rule.slice else None
        for part, images in _parts(rule, predictions):
            for bound, most in rule.bounds(compares=True):
                yield bounded_change(
                    metric, *_both(images), bound, most, part=part, confidence=confidence
                )


# By the keys of ``Evaluation`` that say what is asked, in the order in which the rules are asked.
ABSOLUTE: dict[str, Question] = {
    "min_accuracy": _min_accuracy,
    "no_skill": lambda *asked: [skill.no_skill(*asked)],
    "zero_recall": lambda *asked: [skill.zero_recall(*asked)],
    "min_class_accuracy": _min_class_accuracy,
    "rules": _further_values,
}
COMPARING: dict[str, Question] = {
    "require": _required,
    "max_drop": _max_drop,
    "max_class_drop": _max_class_drop,
    "rules": _further_changes,
}


def in_common(predictions: Predictions) -> Predictions:
    """The images whose class both models know."""
    candidate, baseline = _both(predictions)
    known = (candidate.rank < len(candidate.labels)) & (baseline.rank < len(baseline.labels))
    return predictions.of(np.asarray(known))
