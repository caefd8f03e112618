"""The rule on classes that the served model knows, and the candidate does not."""

from collections.abc import Collection

from modules import features
from modules.gate.predictions import Predictions
from modules.gate.result import RuleResult
from modules.settings import Evaluation
from modules.text import quoted, shell_word


def lost_classes(
    predictions: Predictions, options: Evaluation, removed: Collection[str] | None
) -> RuleResult:
    """Whether the candidate knows every class of the baseline, but for those that may go.

    Args:
        predictions: of both models.
        options: may allow any loss.
        removed: the classes that a person took out of the root's schema, and no others may go; None
            where the root has no schema.
    """
    assert predictions.baseline is not None
    lost = sorted(set(predictions.baseline.labels) - set(predictions.candidate.labels))
    new = sorted(set(predictions.candidate.labels) - set(predictions.baseline.labels))
    unexplained = [label for label in lost if label not in (removed or ())]
    reason = "the candidate knows every class of the baseline"
    if lost:
        reason = f"the baseline knows {quoted(lost)}, and the candidate does not"
        if new:
            reason += f", but knows {quoted(new)}: renamed?"
        if gone := [label for label in lost if label not in unexplained]:
            which = "it was" if len(lost) == 1 else "they were"
            which = f"of these, only {quoted(gone)} was" if unexplained else which
            reason += f"; {which} removed from the schema"
        if options.lost_classes == "allow":
            reason += "; evaluation.lost_classes is allow"
    remedy = "--set evaluation.lost_classes=allow"
    if removed is not None:
        values = " ".join(shell_word(f"{features.LABEL}={label}") for label in unexplained)
        remedy = f"thaw schema remove CONFIG {values} --by NAME"
    return RuleResult(
        name="lost_classes",
        kind="condition",
        metric="classes",
        value=len(unexplained),
        bound=0,
        n=len(predictions.baseline.labels),
        passed=not unexplained or options.lost_classes == "allow",
        reason=reason,
        remedy=f"if meant: {remedy}",
    )
