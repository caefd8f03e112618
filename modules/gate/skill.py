"""Rules against models that have learned nothing, or nothing about a class."""

import math

import numpy as np

from modules import features
from modules.gate import statistics
from modules.gate.metrics import ACCURACY
from modules.gate.predictions import Predictions
from modules.gate.result import RuleResult
from modules.gate.slices import slices_of
from modules.rounding import rounded, share
from modules.settings import Evaluation
from modules.text import clipped

RECOGNISED = 0.5  # the least accuracy on a class that a model knows
_NAMED = 5  # classes


def least_others(confidence: float) -> int:
    """The least number of test images, of classes other than the commonest, that can show skill."""
    return math.ceil(math.log(1 - confidence, 0.5) - 1e-9)


def no_skill(options: Evaluation, predictions: Predictions) -> RuleResult:
    """Whether the candidate is shown to be better than always answering the commonest class.

    By McNemar's exact test of the answers to the same images, at ``confidence``. The commonest
    class is taken from the test images themselves, so the constant answer is as good as it can be.

    Args:
        options: what is asked.
        predictions: for at least one image.
    """
    n, hit = len(predictions.label), predictions.candidate.hit
    names, counts = np.unique(predictions.label, return_counts=True)
    commonest, most = str(names[counts.argmax()]), int(counts.max())
    constant = predictions.label == commonest
    gained, lost = int((hit & ~constant).sum()), int((constant & ~hit).sum())
    alpha = 1 - options.confidence
    p = statistics.mcnemar(gained, lost)
    shown = p <= alpha
    level, own = f"{100 * options.confidence:g} %", float(hit.mean())
    reason = f"accuracy {share(own, n)}, and always answering '{clipped(commonest)}' has " + (
        f"{share(most / n, n)} on the same {n} test images: "
    )
    reason += f"shown to be better at {level}" if shown else f"not shown to be better at {level}"
    if not shown and options.no_skill == "allow":
        reason += "; evaluation.no_skill is allow"
    others, least = n - most, least_others(options.confidence)
    if others < least:
        remedy = (
            f"showing it takes at least {least} test images of other classes, and there are "
            f"{others}; add some"
        )
    else:
        remedy = "train for longer, on more images, or from another backbone"
    return RuleResult(
        name="no_skill",
        metric=ACCURACY.name,
        value=own,
        bound=rounded(most / n, n),
        n=n,
        interval=ACCURACY.interval(predictions.candidate),
        passed=shown or options.no_skill == "allow",
        reason=reason,
        remedy=f"{remedy}; if meant: --set evaluation.no_skill=allow",
    )


def zero_recall(options: Evaluation, predictions: Predictions) -> RuleResult:
    """Whether the candidate recognises some image of every class, unless chance explains it.

    If a class is recognised half of the time, none of its n images is with a probability of 2**-n.
    With many classes, some may have bad luck, so each class gets an equal share of
    ``1 - slice_confidence`` (Bonferroni): it takes 6 images with two classes, 8 with ten, 11 with a
    hundred. A class with fewer images is never called unknown.

    Args:
        options: what is asked.
        predictions: for at least one image.
    """
    parts = list(slices_of(predictions, features.LABEL))
    alpha = (1 - options.slice_confidence) / len(parts)
    least = math.ceil(math.log(alpha, RECOGNISED) - 1e-9)
    unknown = [
        f"'{clipped(predictions.label[mask][0])}' ({mask.sum()} test images)"
        for _, mask in parts
        if mask.sum() >= least and not predictions.candidate.hit[mask].any()
    ]
    names = ", ".join(unknown[:_NAMED]) + (", …" if len(unknown) > _NAMED else "")
    reason = f"no test image of {names} is recognised" if unknown else (
        f"some test images of every class that has {least} or more are recognised"
    )  # fmt: skip
    if unknown and options.zero_recall == "allow":
        reason += "; evaluation.zero_recall is allow"
    return RuleResult(
        name="zero_recall",
        metric="classes",
        value=len(unknown),
        bound=0,
        n=len(parts),
        passed=not unknown or options.zero_recall == "allow",
        reason=reason,
        remedy="check the images and labels of these classes, and add some; if meant: "
        "--set evaluation.zero_recall=allow",
    )
