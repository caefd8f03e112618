"""The golden set: its two rules, and what it shows of a model.

A golden set is the same for all candidates, so it tells what a model has forgotten: a test split of
the newest images may lack a class that is only in older ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from modules.gate.bounds import bounded_change, bounded_value
from modules.gate.metrics import ACCURACY
from modules.gate.predictions import Answers, Predictions
from modules.gate.result import RuleResult
from modules.gate.rules import in_common
from modules.rounding import rounded, share
from modules.settings import BOUNDS, Evaluation
from modules.text import counted, quoted

_BOUNDS = {bound.key: bound for bound in BOUNDS}


@dataclass(frozen=True)
class GoldenScore:
    """A model's accuracy on all golden images, in [0, 1], and its interval of 95 %."""

    accuracy: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class GoldenFigures:
    """What the golden set shows; ``components.records.model.GoldenRecord`` has the same fields.

    Attributes:
        images: how many there are.
        candidate: of the model that is judged.
        baseline: of the one that it is compared with, None for none.
        by_class: the candidate's accuracy and the number of images, by label.
        missing_labels: the classes that the candidate knows and the set lacks.
        unknown_labels: the classes of the set that the candidate does not know.
    """

    images: int
    candidate: GoldenScore
    baseline: GoldenScore | None
    by_class: dict[str, dict[str, float]]
    missing_labels: list[str]
    unknown_labels: list[str]


def rules(options: Evaluation, golden: Predictions, *, compares: bool) -> Iterator[RuleResult]:
    """Asks the rules.

    Args:
        options: what is asked.
        golden: the answers to the golden images, at least one.
        compares: whether there is a baseline to compare with.
    """
    yield _accuracy(options, golden)
    if compares:
        yield _drop(options, golden)


def _accuracy(options: Evaluation, golden: Predictions) -> RuleResult:
    """The least accuracy over all images; those of a class that is not known count as wrong."""
    result = bounded_value(
        ACCURACY,
        golden.candidate,
        _BOUNDS["min"],
        options.golden_accuracy,
        name="golden_accuracy",
        key="evaluation.golden_accuracy",
    )
    parts = [f"{result.reason}, on {_images(golden)}", *gaps(golden)]
    return replace(result, reason="; ".join(parts))


def _drop(options: Evaluation, golden: Predictions) -> RuleResult:
    """The largest fall of the measured accuracy, on images of the classes that both know."""
    common = in_common(golden)
    assert common.baseline is not None
    if not len(common.label):
        return RuleResult(
            name="golden_drop",
            kind="change",
            metric=ACCURACY.name,
            bound=-options.golden_drop,
            passed=True,
            reason="no golden image is of a class that both models know",
            remedy="",
        )
    result = bounded_change(
        ACCURACY,
        common.candidate,
        common.baseline,
        _BOUNDS["max_drop"],
        options.golden_drop,
        name="golden_drop",
        key="evaluation.golden_drop",
        images="golden images",
    )
    gained, lost = ACCURACY.pairs(common.candidate, common.baseline)
    reason = f"{result.reason}; {counted(gained, 'image')} gained, {lost} lost"
    return replace(result, reason=reason + ("" if result.passed else _most_lost(common)))


def _most_lost(golden: Predictions) -> str:
    """The class that lost most images, in words: a model may have forgotten it."""
    assert golden.baseline is not None
    lost = golden.label[golden.baseline.hit & ~golden.candidate.hit]
    names, counts = np.unique(lost, return_counts=True)
    most = int(counts.argmax())
    return f", {counts[most]} of them of {quoted([str(names[most])])}"


def gaps(golden: Predictions) -> list[str]:
    """What the golden set cannot say, and what the candidate cannot: each in words."""
    missing, unknown = _missing(golden), _unknown(golden)
    parts = []
    if missing:
        parts.append(f"the golden set has no image of {quoted(missing)}")
    if unknown:
        count = int(np.isin(golden.label, unknown).sum())
        parts.append(
            f"the candidate does not know {quoted(unknown)}, so {counted(count, 'golden image')} "
            f"{'counts' if count == 1 else 'count'} as wrong"
        )
    return parts


def measured(golden: Predictions, compared_with: str) -> list[str]:
    """Parts of the verdict's sentence.

    Args:
        golden: the answers to the golden images, at least one.
        compared_with: the baseline's name; empty for none.
    """
    value = ACCURACY.value(golden.candidate)
    part = f"golden accuracy {share(value, len(golden.label))} on {_images(golden)}"
    if compared_with:
        common = in_common(golden)
        n = len(common.label)
        assert common.baseline is not None
        if 0 < n < len(golden.label):
            ours = share(ACCURACY.value(common.candidate), n)
            part += f", {ours} on the {n} of classes that both know"
        if n:
            part += f", where {compared_with} has {share(ACCURACY.value(common.baseline), n)}"
    return [part, *gaps(golden)]


def figures(golden: Predictions) -> GoldenFigures:
    """All that records keep of the answers to at least one golden image."""
    hit = golden.candidate.hit
    by_class = {}
    for name in np.unique(golden.label):
        mask = golden.label == name
        n = int(mask.sum())
        by_class[str(name)] = {"accuracy": rounded(float(hit[mask].mean()), n), "images": n}
    return GoldenFigures(
        images=len(golden.label),
        candidate=_score(golden.candidate),
        baseline=_score(golden.baseline) if golden.baseline else None,
        by_class=by_class,
        missing_labels=_missing(golden),
        unknown_labels=_unknown(golden),
    )


def _score(answers: Answers) -> GoldenScore:
    low, high = ACCURACY.interval(answers)
    value = rounded(ACCURACY.value(answers), len(answers.rank))
    return GoldenScore(value, (round(low, 6), round(high, 6)))


def _images(golden: Predictions) -> str:
    classes = len(np.unique(golden.label))
    return f"{counted(len(golden.label), 'golden image')} of {counted(classes, 'class', 'classes')}"


def _missing(golden: Predictions) -> list[str]:
    return sorted(set(golden.candidate.labels) - set(golden.label.tolist()))


def _unknown(golden: Predictions) -> list[str]:
    return sorted(set(golden.label.tolist()) - set(golden.candidate.labels))
