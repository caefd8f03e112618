"""The gate's verdict: policies, rules, and one sentence."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from modules.gate import margins, rules, statistics
from modules.gate.metrics import ACCURACY
from modules.gate.predictions import Answers, Predictions
from modules.gate.result import RuleResult
from modules.rounding import share
from modules.settings import Evaluation, Override
from modules.text import quoted

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
    forced: Override | None = None

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
    forced: Override | None = None,
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
    later = _later(options, made.n) if compared is None and made.passed else ""
    return replace(made, sentence=_sentence(made, fit, found, compared, later))


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
        name=key,
        kind="condition",
        metric="policy",
        passed=policy != "refuse",
        reason=f"{baseline.unusable or baseline.reason}; evaluation.{key} is {policy}",
        remedy=f"if meant: --set evaluation.{key}=absolute_rules",
    )


def _lost_classes(found: Predictions, options: Evaluation) -> RuleResult:
    assert found.baseline is not None
    lost = sorted(set(found.baseline.labels) - set(found.candidate.labels))
    new = sorted(set(found.candidate.labels) - set(found.baseline.labels))
    reason = "the candidate knows every class of the baseline"
    if lost:
        reason = f"the baseline knows {quoted(lost)}, and the candidate does not"
        if new:
            reason += f", but knows {quoted(new)}: renamed?"
        if options.lost_classes == "allow":
            reason += "; evaluation.lost_classes is allow"
    return RuleResult(
        name="lost_classes",
        kind="condition",
        metric="classes",
        value=len(lost),
        bound=0,
        n=len(found.baseline.labels),
        passed=not lost or options.lost_classes == "allow",
        reason=reason,
        remedy="if meant: --set evaluation.lost_classes=allow",
    )


def _later(options: Evaluation, n: int) -> str:
    """What a first push means for those that follow: how small a margin the test images can show.

    Returns:
        A part of the sentence; empty where the images are enough.
    """
    if options.require != "not_worse":
        return ""
    needed = margins.images_for(margins.NARROWEST, options.confidence)
    if options.margin == "auto":
        margin = margins.of(options, n)
        return "" if margin <= margins.NARROWEST else (
            f"later models will be compared with this one by a margin of {margin:g}, the smallest "
            f"that {n} test images can show; a margin of {margins.NARROWEST:g} takes {needed}"
        )  # fmt: skip
    least = statistics.least_images(options.margin, options.confidence)
    return "" if n >= least else (
        f"no later model can be shown to be not worse by {options.margin:g}: that takes at least "
        f"{least} test images, and there are {n}; add some, or set evaluation.margin to auto"
    )  # fmt: skip


def _sentence(
    made: Verdict,
    fit: Sequence[RuleResult],
    found: Predictions,
    compared: Predictions | None,
    later: str,
) -> str:
    """The verdict in one sentence: the broken rules and their remedies, then what was measured."""
    # What no force overrides comes last of the rules, and first here.
    ordered = dict.fromkeys([*fit, *made.rules])
    refused = made.verdict == REFUSED
    broken = [rule.in_words(remedy=refused) for rule in ordered if not rule.passed]
    parts = broken[:_NAMED]
    if len(broken) > _NAMED:
        parts.append(f"and {len(broken) - _NAMED} more rules are broken")
    parts += _measured(made, found, compared)
    if later:
        parts.append(later)
    if made.verdict == FORCED and made.forced:
        parts.append(f"forced by {made.forced.by}: {made.forced.reason}")
    return f"{made.verdict}: {'; '.join(parts)}"


def _measured(made: Verdict, found: Predictions, compared: Predictions | None) -> list[str]:
    """Accuracies, of both models on the same images, and the paired test where it is passed."""
    parts = [_accuracy(found.candidate, f"{made.n} test images")]
    if compared is None or compared.baseline is None:
        reason = made.baseline.unusable or made.baseline.reason
        return [*parts, f"{reason}, so only the absolute rules were asked"]
    n = len(compared.label)
    if n < made.n:
        parts.append(_accuracy(compared.candidate, f"the {n} of classes that both know"))
    which = f"version {made.baseline.version}" if made.baseline.version else "the baseline"
    before = ACCURACY.value(compared.baseline)
    parts.append(f"{which} has {share(before, n)}{' there' if n < made.n else ''}")
    return parts + [rule.reason for rule in made.rules if rule.kind == "test" and rule.passed]


def _accuracy(answers: Answers, where: str) -> str:
    if not len(answers.rank):
        return "no test images"
    value = ACCURACY.value(answers)
    return f"accuracy {share(value, len(answers.rank))} on {where}"
