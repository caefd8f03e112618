"""The gate's verdict: policies, rules, and one sentence."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from modules.gate import metrics, rules
from modules.gate.predictions import Predictions
from modules.gate.rules import RuleResult
from modules.settings import Evaluation, Forced

BLESSED, REFUSED, FORCED = "blessed", "refused", "forced"
_NAMED = 3  # broken rules that the sentence names


@dataclass(frozen=True)
class Baseline:
    """What a candidate is compared with.

    Attributes:
        version: its number; None for none.
        reason: why it is this one, or why there is none.
        unusable: why it could not be evaluated, though it is served; empty if it could.
    """

    version: int | None
    reason: str
    unusable: str = ""


@dataclass(frozen=True)
class Verdict:
    """What the gate says of a candidate.

    Attributes:
        verdict: ``blessed``, ``refused`` or ``forced``.
        sentence: why, in one.
        n: test images.
        baseline: what it was compared with.
        rules: all that were asked, in the order in which they were.
        forced: who forced it and why.
    """

    verdict: str
    sentence: str
    n: int
    baseline: Baseline
    rules: tuple[RuleResult, ...] = ()
    forced: Forced | None = None

    @property
    def passed(self) -> bool:
        """Whether the candidate may be served."""
        return self.verdict != REFUSED

    def as_json(self) -> dict[str, Any]:
        """For the summary's ``gate``."""
        compared = self.baseline.version if not self.baseline.unusable else None
        return {
            "verdict": self.verdict,
            "sentence": self.sentence,
            "n": self.n,
            "baseline": {
                "version": compared,
                "reason": self.baseline.unusable or self.baseline.reason,
            },
            "rules": [rule.as_json() for rule in self.rules],
            "forced": self.forced.model_dump() if self.forced else None,
        }


def judge(
    found: Predictions,
    options: Evaluation,
    baseline: Baseline,
    also: Sequence[RuleResult] = (),
    fit: Sequence[RuleResult] = (),
    forced: Forced | None = None,
) -> Verdict:
    """Asks every rule.

    Args:
        found: the answers of the candidate, and of the baseline where it could be evaluated.
        options: what is asked.
        baseline: which one it is.
        also: further rules, such as TFMA's thresholds.
        fit: whether it can be served at all: parity, the infra check. What of these is broken
            cannot be forced.
        forced: who blesses it whatever the other rules say.
    """
    asked = list(rules.absolute(options, found))
    baseline, compared = _comparable(found, options, baseline)
    if compared is None:
        asked.append(_policy(options, baseline))
    if found.baseline is not None:
        asked.append(_lost_classes(found, options))
    if compared is not None:
        asked += rules.comparing(options, compared)
    asked += also
    broken = [rule for rule in asked if not rule.passed]
    unfit = [rule for rule in fit if not rule.passed]
    verdict = FORCED if broken and forced else REFUSED if broken or unfit else BLESSED
    if unfit:
        verdict = REFUSED
    made = Verdict(verdict, "", len(found.label), baseline, (*asked, *fit), forced)
    return replace(made, sentence=_sentence(made, compared))


def _comparable(
    found: Predictions, options: Evaluation, baseline: Baseline
) -> tuple[Baseline, Predictions | None]:
    """The baseline, perhaps set aside, and the images on which it is compared."""
    if found.baseline is None or baseline.unusable:
        return baseline, None
    ours, theirs = set(found.candidate.labels), set(found.baseline.labels)
    if ours == theirs:
        return baseline, found
    if options.other_labels == "set_aside":
        reason = f"version {baseline.version} was set aside, for it knows other classes"
        return replace(baseline, unusable=reason), None
    common = rules.in_common(found)
    if len(common.label) < options.min_examples:
        reason = (
            f"version {baseline.version} was set aside, for it knows other classes, and only "
            f"{len(common.label)} test images are of a class that both know"
        )
        return replace(baseline, unusable=reason), None
    reason = (
        f"{baseline.reason}; compared on the {len(common.label)} images of the "
        f"{len(ours & theirs)} classes that both know"
    )
    return replace(baseline, reason=reason), common


def _policy(options: Evaluation, baseline: Baseline) -> RuleResult:
    """The rule that a missing baseline breaks where the policy is to refuse."""
    key = "unusable_baseline" if baseline.unusable else "no_baseline"
    policy = getattr(options, key)
    return RuleResult(
        key, "policy", None, None, None, None, 0, None, policy != "refuse",
        f"{baseline.unusable or baseline.reason}; evaluation.{key} is {policy}",
    )  # fmt: skip


def _lost_classes(found: Predictions, options: Evaluation) -> RuleResult:
    assert found.baseline is not None
    lost = sorted(set(found.baseline.labels) - set(found.candidate.labels))
    names = ", ".join(map(repr, lost[:5])) + (", …" if len(lost) > 5 else "")
    return RuleResult(
        "lost_classes", "classes", None, len(lost), None, 0, len(found.baseline.labels), None,
        not lost or options.lost_classes == "allow",
        f"the baseline knows {names}, and the candidate does not; evaluation.lost_classes is "
        f"{options.lost_classes}" if lost else "the candidate knows every class of the baseline",
    )  # fmt: skip


def _sentence(made: Verdict, compared: Predictions | None) -> str:
    """The verdict in one sentence: what was found, against what, and which rules were broken."""
    whole = {rule.name: rule for rule in made.rules if rule.slice is None}
    accuracy = whole["min_accuracy"].value if "min_accuracy" in whole else None
    parts = [f"accuracy {accuracy or 0.0:.4f} on {made.n} test images"]
    if compared is None or compared.baseline is None:
        reason = made.baseline.unusable or made.baseline.reason
        parts.append(f"{reason}, so only the absolute rules were asked")
    else:
        before = metrics.value_of(metrics.ACCURACY, compared.baseline)
        which = f"version {made.baseline.version}" if made.baseline.version else "the baseline"
        parts.append(f"{which} has {before:.4f}")
        test = whole.get("not_worse") or whole["better"]
        if test.passed:
            parts.append(test.reason)
    broken = [rule for rule in made.rules if not rule.passed]
    parts += [_told(rule) for rule in broken[:_NAMED]]
    if len(broken) > _NAMED:
        parts.append(f"and {len(broken) - _NAMED} more rules are broken")
    if made.verdict == FORCED and made.forced:
        parts.append(f"forced by {made.forced.by}: {made.forced.reason}")
    return f"{made.verdict}: {'; '.join(parts)}"


def _told(rule: RuleResult) -> str:
    where = f" ({rule.slice})" if rule.slice else ""
    return f"{rule.name}{where}: {rule.reason}"
